import type { Actor, OperatorActor, UserActor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import { demand, refusalOf } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { newId, type TenantId } from "../platform/ids.ts";
import { byOf } from "../platform/stream.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { Disturbed } from "../platform/undisturbed.ts";
import { subscriptionOfTenant, tenantsAmongStatement, tenantStatement } from "../tenants/index.ts";
import { homeOf } from "./at-home.ts";
import { issueUserToken } from "./issue.ts";
import {
  accountsStatement,
  addMembershipStatement,
  addSwitchedSessionStatement,
  hasPlace,
  setGuestRolesStatement,
  tokenStatement,
} from "./membership-store.ts";
import { personStatement, type Person } from "./people-store.ts";
import { requireGivable } from "./roles/giving.ts";
import { givingRights } from "./roles/roles.ts";
import { demandRolesStatements } from "./roles/store.ts";
import { hasSingleSignOn } from "./sso/destination.ts";
import { MAX_SESSIONS, trimSessionsStatement } from "./session-store.ts";
import { addSignInIfChanged } from "./sign-in-audit.ts";
import { removeTokensIfChanged } from "./token-store.ts";
import { anotherAdminStatement, type User } from "./user-store.ts";
import { lastAdmin, tooManyUsers, unknownUser, userObject } from "./users.ts";

/** Whoever is invited may look, until somebody says more. */
const ROLE_OF_GUESTS = "RBAC_ROLE_OBSERVER";

export interface Assignment {
  tenants: readonly TenantId[];
  role: string | undefined;
}

const NO_ROOM = "no-room-for-guest";

/** Fails its batch where the tenant has no room. */
export const assignStatements = (actor: Actor, user: User, role: string, at: number) => {
  const { tenant } = actor;
  const membership = { tenant, user: user.id, home: user.tenant, roles: [role] };
  const change = `Assigned user ${user.email}\n+roles: ${role}`;
  return [
    addMembershipStatement(membership, at),
    addAuditIfChanged(actor, { action: "create", object: userObject(user), change }, at),
    demand(hasPlace(tenant, user.id), NO_ROOM),
    ...demandRolesStatements(tenant, [role]),
  ];
};

/** Makes a user of the installation, by id or address, a guest of further tenants; of those it has a place in nothing changes. */
export async function assignUser(
  deps: Deps,
  actor: UserActor | OperatorActor,
  idOrEmail: string,
  { tenants, role = ROLE_OF_GUESTS }: Assignment,
): Promise<void> {
  const wanted = [...new Set(tenants)];
  if (actor.kind === "user" && wanted.some((tenant) => tenant !== actor.tenant))
    throw new Fault("forbidden", "users are assigned to the tenant of the caller only");
  if (actor.kind === "user") await requireGivable(deps, actor, [role]);
  const [accounts, known] = await deps.directory.batch([
    accountsStatement(idOrEmail),
    tenantsAmongStatement(wanted),
  ]);
  const [user, another] = accounts;
  if (!user || another) throw unknownUser();
  if (known.length < wanted.length) throw new Fault("not_found", "tenant not found");
  const at = deps.now();
  const statements = wanted.flatMap((tenant) => assignStatements({ ...actor, tenant }, user, role, at));
  try {
    await givingRights(deps.directory.batch(statements));
  } catch (cause) {
    throw refusalOf(cause) === NO_ROOM ? tooManyUsers(cause) : cause;
  }
}

/** Gives a guest other roles in the tenant of the actor; the account itself is not the tenant's to change. */
export async function updateGuest(
  deps: Deps,
  actor: UserActor,
  guest: Person,
  roles: readonly string[],
): Promise<void> {
  const { tenant } = actor;
  await requireGivable(deps, actor, roles, guest.roles);
  const at = deps.now();
  const lines = [
    `Updated user ${guest.email}:`,
    `-roles: ${guest.roles.join(", ")}`,
    `+roles: ${roles.join(", ")}`,
  ];
  const entry = { action: "update", object: userObject(guest), change: lines.join("\n") };
  const [updated, anotherAdmin] = await givingRights(
    deps.directory.batch([
      setGuestRolesStatement(tenant, guest, roles),
      anotherAdminStatement(tenant, guest.id),
      addAuditIfChanged(actor, entry, at),
      addEventIfChanged({ kind: "user.updated", tenant, subject: guest.id, data: byOf(actor) }, at),
      removeTokensIfChanged(tenant, guest.id, actor.token),
      ...demandRolesStatements(tenant, roles),
    ]),
  );
  if (updated === 0) throw anotherAdmin ? new Disturbed("the guest was changed meanwhile") : lastAdmin();
}

/** A token for another tenant of the caller, good as long as the session of the call. It has to be one that the tenant lets in. */
export async function switchTenant(
  deps: Deps,
  actor: UserActor,
  tenant: TenantId,
  network: string | undefined,
): Promise<string> {
  const { user, email, token } = actor;
  const now = deps.now();
  const id = newId();
  const from = { tenant: actor.tenant, user, token, home: homeOf(actor) };
  const [session, person, target] = await deps.directory.batch([
    tokenStatement(from, tenant),
    personStatement(tenant, user),
    tenantStatement(tenant),
  ]);
  if (!person || !target) throw new Fault("not_found", "tenant not found");
  // Not 401, which would end the session of the web UI.
  if (target.status !== "active") throw new Fault("forbidden", "tenant account suspended");
  if (!session?.isSession) throw new Fault("forbidden", "only a session can be switched to another tenant");
  const asksForProvider = hasSingleSignOn(deps, target);
  if (asksForProvider && session.lacksProvider)
    throw new Fault("forbidden", "single sign-on of this tenant is required to switch to it");
  const [added] = await deps.directory.batch([
    addSwitchedSessionStatement(from, { tenant, id, asksForProvider }, now),
    addSignInIfChanged({ id: user, tenant, email }, network, now),
    trimSessionsStatement({ tenant, user, id }, MAX_SESSIONS),
  ]);
  if (added === 0) throw new Fault("forbidden", "the session cannot be switched to this tenant any more");
  const lifeS = session.expiresMs === null ? undefined : Math.floor((session.expiresMs - now) / 1000);
  const subscription = subscriptionOfTenant(target, now);
  return issueUserToken(deps, { id, tenant, user, subscription, lifeS });
}
