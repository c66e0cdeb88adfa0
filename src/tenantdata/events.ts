/** The next part of an export is to be made; the data is `{ part }`. */
export const EXPORT_PART = "tenant.export_part";
/** A restore goes on; the subject is its id. */
export const RESTORE_RUN = "tenant.restore_run";

declare module "../platform/outbox.ts" {
  interface EventKinds {
    [EXPORT_PART]: true;
    [RESTORE_RUN]: true;
  }
}
