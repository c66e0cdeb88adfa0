/** Alerts of a device that users are to be told of. */
export const ALERTS_CAME = "devicemonitor.alerts_came";
/** One mail to one user. */
export const ALERT_MAIL = "devicemonitor.mail";

declare module "../platform/outbox.ts" {
  interface EventKinds {
    [ALERTS_CAME]: true;
    [ALERT_MAIL]: true;
  }
}
