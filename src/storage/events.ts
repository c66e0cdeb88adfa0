/** An upload takes no more bytes; what came is to be verified. The subject is the upload. */
export const UPLOAD_SEALED = "upload.sealed";

declare module "../platform/outbox.ts" {
  interface EventKinds {
    [UPLOAD_SEALED]: true;
  }
}
