import type { TenantId, UserId } from "../platform/ids.ts";
import type { Event } from "../platform/outbox.ts";

declare module "../platform/outbox.ts" {
  interface EventKinds {
    "user.deleted": true;
    "user.updated": true;
    "user.tokens_ended": true;
    "tenant.user_tokens_ended": true;
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
