import { CONSENT_DEMANDED, GRANT_ENDED } from "../consent/index.ts";
import { deployToPage, MEMBERS_EVENT } from "../deviceconfig/index.ts";
import { actOnStop, purgeDeployment, resolveTargets, settleAbort } from "../deployments/index.ts";
import {
  dropRefusedDevice,
  dropSuspendedTenant,
  forgetGoneDevice,
  recheckAllDevices,
  recheckAllUsers,
  recheckRevokedDevice,
  recheckUser,
  wakeTargets,
} from "../deviceconnect/index.ts";
import { deliverDue, DELIVERIES_DUE } from "../iotmanager/index.ts";
import { ALERT_MAIL, ALERTS_CAME, planAlertMails, sendAlertMail } from "../devicemonitor/index.ts";
import { verifyUpload, removeArtifactObjects } from "../releases/index.ts";
import { UPLOAD_SEALED } from "../storage/index.ts";
import {
  LINK_ASKED,
  LINK_READY,
  NOTICE,
  sendAskedLink,
  sendNotice,
  sendReadyLink,
} from "../useradm/index.ts";
import { REMOVAL, removeAsked, sendSupportMail, SUPPORT_MAIL } from "../tenantadm/index.ts";
import { runStep, STEP_EVENT } from "../workflows/index.ts";
import type { EventHandlers } from "../platform/background.ts";

/** Who follows which event; each domain names its own. */
export const HANDLERS: EventHandlers = {
  "deployment.created": [wakeTargets],
  "deployment.opened": [wakeTargets],
  "device.decommissioned": [forgetGoneDevice, deliverDue],
  "device.status_changed": [dropRefusedDevice, deliverDue],
  "device.tokens_revoked": [recheckRevokedDevice],
  "tenant.device_tokens_revoked": [recheckAllDevices],
  "tenant.rights_changed": [recheckAllUsers],
  "tenant.user_tokens_ended": [recheckAllUsers],
  "user.tokens_ended": [recheckUser],
  "user.deleted": [recheckUser],
  "user.updated": [recheckUser],
  "tenant.status": [dropSuspendedTenant],
  [REMOVAL]: [removeAsked],
  [SUPPORT_MAIL]: [sendSupportMail],
  "deployment.targeting": [resolveTargets],
  "deployment.settling": [settleAbort],
  "deployment.stopped": [actOnStop],
  "deployment.deleted": [purgeDeployment],
  "artifact.deleted": [removeArtifactObjects],
  [CONSENT_DEMANDED]: [recheckAllUsers],
  [GRANT_ENDED]: [recheckUser],
  [LINK_ASKED]: [sendAskedLink],
  [LINK_READY]: [sendReadyLink],
  [NOTICE]: [sendNotice],
  [DELIVERIES_DUE]: [deliverDue],
  [ALERTS_CAME]: [planAlertMails],
  [ALERT_MAIL]: [sendAlertMail],
  [MEMBERS_EVENT]: [deployToPage],
  [UPLOAD_SEALED]: [verifyUpload],
  [STEP_EVENT]: [runStep],
};
