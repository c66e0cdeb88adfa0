/** Alerts of a device that users are to be told of. */
export const ALERTS_CAME = "devicemonitor.alerts_came";
/** One mail to one user. */
export const ALERT_MAIL = "devicemonitor.mail";
/** Alerts of the server itself that users are to be told of. */
export const SERVER_ALERTS = "devicemonitor.server_alerts";
/** One mail to one user about them. */
export const SERVER_MAIL = "devicemonitor.server_mail";

declare module "../platform/outbox.ts" {
  interface EventKinds {
    [ALERTS_CAME]: true;
    [ALERT_MAIL]: true;
    [SERVER_ALERTS]: true;
    [SERVER_MAIL]: true;
  }
}
