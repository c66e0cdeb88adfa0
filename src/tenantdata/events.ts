/** The next part of an export is to be made; the data is `{ part }`. */
export const EXPORT_PART = "tenant.export_part";

declare module "../platform/outbox.ts" {
  interface EventKinds {
    [EXPORT_PART]: true;
  }
}
