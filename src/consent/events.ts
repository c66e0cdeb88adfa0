/** A user may have lost access to devices; its subject is the user. */
export const GRANT_ENDED = "consent.grant_ended";
/** Remote access of a tenant takes a grant from now on. */
export const CONSENT_DEMANDED = "consent.demanded";

declare module "../platform/outbox.ts" {
  interface EventKinds {
    [GRANT_ENDED]: true;
    [CONSENT_DEMANDED]: true;
  }
}
