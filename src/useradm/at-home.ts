import type { UserActor } from "../platform/actor.ts";
import type { TenantId } from "../platform/ids.ts";
import { NO_RIGHTS } from "../platform/rights.ts";

export const homeOf = (actor: UserActor): TenantId => actor.home ?? actor.tenant;

/**
 * The user as somebody of the tenant that keeps the account. For what belongs to the account wherever it is used from:
 * address, password, second factor. What the roles of the other tenant allow is not allowed there.
 */
export const atHome = (actor: UserActor): UserActor =>
  actor.home === undefined || actor.home === actor.tenant
    ? actor
    : { ...actor, tenant: actor.home, roles: [], rights: NO_RIGHTS };
