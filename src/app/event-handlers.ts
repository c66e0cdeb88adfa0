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
import { deliverBy } from "../events/index.ts";
import { INTEGRATION, integrationSender } from "../iotmanager/index.ts";
import { DELIVERIES_DUE, recheckFollowers, tellFromElsewhere } from "../platform/stream.ts";
import {
  ALERT_MAIL,
  ALERTS_CAME,
  planAlertMails,
  planServerMails,
  sendAlertMail,
  sendServerMail,
  SERVER_ALERTS,
  SERVER_MAIL,
} from "../devicemonitor/index.ts";
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
import { EXPORT_PART, goOnWithRestore, makeExportPart, RESTORE_RUN } from "../tenantdata/index.ts";
import { WEBHOOK, webhookSender } from "../webhooks/index.ts";
import { runStep, STEP_EVENT } from "../workflows/index.ts";
import { TOLD } from "./told-events.ts";
import type { EventHandlers } from "../platform/background.ts";

/** Who follows which event; each domain names its own. */
export const HANDLERS: EventHandlers = {
  "deployment.created": [wakeTargets, TOLD.deploymentCreated],
  "deployment.opened": [wakeTargets, TOLD.deploymentOpened],
  "device.decommissioned": [forgetGoneDevice],
  "device.status_changed": [dropRefusedDevice],
  "device.tokens_revoked": [recheckRevokedDevice],
  "tenant.device_tokens_revoked": [recheckAllDevices],
  "tenant.rights_changed": [recheckAllUsers, recheckFollowers, TOLD.roleChanged],
  "tenant.user_tokens_ended": [recheckAllUsers, recheckFollowers],
  "user.tokens_ended": [recheckUser, recheckFollowers],
  "user.deleted": [recheckUser, TOLD.userDeleted],
  "user.updated": [recheckUser, TOLD.userUpdated],
  "tenant.status": [dropSuspendedTenant, TOLD.tenantStatus],
  [REMOVAL]: [removeAsked],
  [SUPPORT_MAIL]: [sendSupportMail],
  [EXPORT_PART]: [makeExportPart],
  [RESTORE_RUN]: [goOnWithRestore],
  "deployment.targeting": [resolveTargets],
  "deployment.settling": [settleAbort],
  "deployment.stopped": [actOnStop, TOLD.deploymentHalted],
  "deployment.steered": [TOLD.deploymentSteered],
  "deployment.template_changed": [TOLD.templateChanged],
  "deployment.settings_changed": [TOLD.deploymentSettingsChanged],
  "deployment.deleted": [purgeDeployment],
  "artifact.deleted": [removeArtifactObjects],
  [CONSENT_DEMANDED]: [recheckAllUsers],
  [GRANT_ENDED]: [recheckUser],
  [LINK_ASKED]: [sendAskedLink],
  [LINK_READY]: [sendReadyLink],
  [NOTICE]: [sendNotice],
  [DELIVERIES_DUE]: [deliverBy({ [INTEGRATION]: integrationSender, [WEBHOOK]: webhookSender })],
  "events.told": [tellFromElsewhere],
  [ALERTS_CAME]: [planAlertMails],
  [ALERT_MAIL]: [sendAlertMail],
  [SERVER_ALERTS]: [planServerMails],
  [SERVER_MAIL]: [sendServerMail],
  [MEMBERS_EVENT]: [deployToPage],
  [UPLOAD_SEALED]: [verifyUpload],
  [STEP_EVENT]: [runStep],
};
