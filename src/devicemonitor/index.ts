export { forgetOldAlerts } from "./alerts.ts";
export { ALERT_MAIL, ALERTS_CAME } from "./events.ts";
export { planAlertMails, sendAlertMail } from "./mails.ts";
export { mountDevicemonitor } from "./routes.ts";
export { alertToWire } from "./alert-wire.ts";
export { KeptAlert } from "./schema.ts";
export {
  alertedSinceStatement,
  alertsStatement,
  latestStatement,
  removeDeviceAlertsStatements,
} from "./store.ts";
