import type { TenantId, UserId } from "../platform/ids.ts";
import type { Event } from "../platform/outbox.ts";

/** Somebody named an address and wants a link sent to it. Whether it is anybody's is found out after the answer. */
export const LINK_ASKED = "account.link_asked";
/** A link that is recorded is to be sent. */
export const LINK_READY = "account.link";
/** A user is to be told of something. */
export const NOTICE = "account.notice";

declare module "../platform/outbox.ts" {
  interface EventKinds {
    "user.deleted": true;
    "user.updated": true;
    "user.tokens_ended": true;
    "tenant.user_tokens_ended": true;
    [LINK_ASKED]: true;
    [LINK_READY]: true;
    [NOTICE]: true;
    "tenant.rights_changed": true;
  }
}

/**
 * Tokens ended otherwise than by their time. Who holds something open in their name looks again whose they are; with no
 * user named, all users of the tenant are meant.
 */
export const tokensEnded = (tenant: TenantId, user: UserId | undefined): Event =>
  user === undefined
    ? { kind: "tenant.user_tokens_ended", tenant, subject: tenant }
    : { kind: "user.tokens_ended", tenant, subject: user };
