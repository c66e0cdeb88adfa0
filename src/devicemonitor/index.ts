export { forgetOldAlerts } from "./alerts.ts";
export { ALERT_MAIL, ALERTS_CAME, SERVER_ALERTS, SERVER_MAIL } from "./events.ts";
export { planAlertMails, sendAlertMail } from "./mails.ts";
export { findTrouble, forgetGoneAlerts, type TroubleSources } from "./server/find.ts";
export { openKindsStatement, SILENT_COUNTED, type KindCount } from "./server/alert-store.ts";
export { limitsNear } from "./server/limit-store.ts";
export { planServerMails, sendServerMail } from "./server/mails.ts";
export { mountDevicemonitor } from "./routes.ts";
export { alertToWire } from "./alert-wire.ts";
export { KeptAlert } from "./schema.ts";
export {
  alertedSinceStatement,
  alertsStatement,
  latestStatement,
  removeDeviceAlertsStatements,
} from "./store.ts";
