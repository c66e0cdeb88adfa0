/** A suspended tenant is to be removed with everything it has. */
export const REMOVAL = "tenant.removal";
/** Somebody asks those who run the installation for something. */
export const SUPPORT_MAIL = "tenant.support_mail";

declare module "../platform/outbox.ts" {
  interface EventKinds {
    [REMOVAL]: true;
    [SUPPORT_MAIL]: true;
  }
}
