export { forgetOldAlerts } from "./alerts.ts";
export { ALERT_MAIL, ALERTS_CAME } from "./events.ts";
export { planAlertMails, sendAlertMail } from "./mails.ts";
export { mountDevicemonitor } from "./routes.ts";
export { alertedSinceStatement, removeDeviceAlertsStatements } from "./store.ts";
