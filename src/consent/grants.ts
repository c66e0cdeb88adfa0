import type { UserActor } from "../platform/actor.ts";
import { addAuditIfChanged, type AuditEntry } from "../platform/audit.ts";
import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { asUserId, newId } from "../platform/ids.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import {
  forbidden,
  devicesFor,
  hasPermission,
  reachesAll,
  requireGroup,
  type Permission,
} from "../platform/permissions.ts";
import { reachedAmongStatement } from "../devices/index.ts";
import { personStatement } from "../useradm/index.ts";
import { GRANT_ENDED } from "./events.ts";
import {
  addGrantStatement,
  approveStatement,
  forgetGrantsStatement,
  grantsStatement,
  grantFor,
  grantStatement,
  refuseStatement,
  revokeStatement,
  type GrantRow,
} from "./store.ts";

const DAY_MS = 86_400_000;

/** No access is given for longer. */
const LONGEST_DAYS = 30;

/** So long grants stay in the list after their end. */
const KEPT_DAYS = 90;

export interface Wanted {
  deviceIds: readonly string[];
  group: string | null;
  untilMs: number;
  reason: string;
}

/** Who decides on grants sees and ends all of them; others their own, and those for devices that are theirs. */
const decides = (actor: UserActor): boolean => hasAll(actor, "settings:manage");

const hasAll = (actor: UserActor, permission: Permission): boolean =>
  hasPermission(actor, permission) && reachesAll(actor, permission);

/** Who may connect to some devices asks for these. */
async function requireReached(deps: Deps, actor: UserActor, { deviceIds, group }: Wanted): Promise<void> {
  if (group !== null) return requireGroup(actor, "devices:connect", group);
  const reach = devicesFor(actor, "devices:connect");
  if (reach === "all") return;
  const reached = await deps.db(actor.tenant).one(reachedAmongStatement(actor.tenant, deviceIds, reach));
  if (new Set(reached).size < new Set(deviceIds).size) throw forbidden();
}

const entryOf = (action: string, grant: GrantRow): AuditEntry => {
  const devices = JSON.parse(grant.device_ids) as string[]; // written below
  const to = grant.group_name === null ? devices.join(", ") : `group ${grant.group_name}`;
  const what = grant.kind === "support" ? "support access" : `access of ${grant.user_email} to ${to}`;
  const change = `${what} until ${rfc3339(grant.until_ms)}${grant.reason === "" ? "" : `: ${grant.reason}`}`;
  return { action, object: { type: "access_grant", id: grant.grant_id }, change };
};

function demandEnd(untilMs: number, nowMs: number): void {
  if (untilMs <= nowMs) throw new Fault("bad_request", "until: must be in the future.");
  if (untilMs > nowMs + LONGEST_DAYS * DAY_MS)
    throw new Fault("bad_request", `until: must be no more than ${LONGEST_DAYS} days away.`);
}

async function addGrant(deps: Deps, actor: UserActor, action: string, grant: GrantRow): Promise<GrantRow> {
  const at = grant.asked_ms;
  demandEnd(grant.until_ms, at);
  const [, added] = await deps
    .db(actor.tenant)
    .batch([
      forgetGrantsStatement(actor.tenant, at - KEPT_DAYS * DAY_MS),
      addGrantStatement(actor.tenant, grant),
      addAuditIfChanged(actor, entryOf(action, grant), at),
    ]);
  if (added === 0) throw new Fault("unprocessable", "too many open grants");
  return grant;
}

/** Asks for access of the caller or of another user of the tenant. */
export async function askForGrant(
  deps: Deps,
  actor: UserActor,
  { user, ...wanted }: Wanted & { user: string | undefined },
): Promise<GrantRow> {
  await requireReached(deps, actor, wanted);
  const id = user === undefined ? actor.user : asUserId(user);
  const found = id === actor.user ? actor : await deps.directory.one(personStatement(actor.tenant, id));
  if (!found) throw new Fault("unprocessable", "user not found");
  return addGrant(deps, actor, "ask", {
    grant_id: newId(),
    kind: "remote",
    user_id: id,
    user_email: found.email,
    device_ids: JSON.stringify(wanted.deviceIds),
    group_name: wanted.group,
    reason: wanted.reason,
    status: "asked",
    until_ms: wanted.untilMs,
    asked_by: actor.user,
    asked_ms: deps.now(),
    decided_by: null,
    decided_ms: null,
  });
}

/** Lets the operator of the installation look into the tenant; nobody else has to agree. */
export function grantSupport(
  deps: Deps,
  actor: UserActor,
  { untilMs, reason }: Pick<Wanted, "untilMs" | "reason">,
): Promise<GrantRow> {
  const at = deps.now();
  return addGrant(deps, actor, "approve", {
    grant_id: newId(),
    kind: "support",
    user_id: "",
    user_email: "",
    device_ids: "[]",
    group_name: null,
    reason,
    status: "approved",
    until_ms: untilMs,
    asked_by: actor.user,
    asked_ms: at,
    decided_by: actor.user,
    decided_ms: at,
  });
}

export async function listGrants(deps: Deps, actor: UserActor, page: Page) {
  const of = decides(actor) || hasAll(actor, "audit:read") ? undefined : actor;
  const found = await deps
    .db(actor.tenant)
    .one(grantsStatement(actor.tenant, of, page.perPage, offsetOf(page)));
  return { grants: found.slice(0, page.perPage), hasNext: found.length > page.perPage };
}

const DECISIONS = { approve: approveStatement, refuse: refuseStatement, revoke: revokeStatement };

export const DECIDING = ["approve", "refuse", "revoke"] as const;

/** Decides on a grant; who may, and that it is still open, is looked at in the change itself. */
export async function decide(
  deps: Deps,
  actor: UserActor,
  id: string,
  decision: (typeof DECIDING)[number],
): Promise<GrantRow> {
  const { tenant, user } = actor;
  const db = deps.db(tenant);
  const at = deps.now();
  const grant = await db.one(grantFor(tenant, id, actor.email));
  const isOwn = grant?.asked_by === user || grant?.user_id === user;
  const mayDecide = decides(actor) || grant?.owned === 1;
  if (!grant || !(isOwn || mayDecide)) throw new Fault("not_found", "grant not found");
  // By a token that may do less than its user nobody comes by more.
  if (decision === "approve" && actor.isLimited) throw forbidden();
  if (decision === "approve" && isOwn) throw new Fault("forbidden", "somebody else has to approve");
  if (decision !== "revoke" && !mayDecide) throw forbidden();
  const ended = { kind: GRANT_ENDED, tenant, subject: grant.user_id } as const;
  const [changed, , , after] = await db.batch([
    DECISIONS[decision]({ tenant, grant: id, by: user, atMs: at }),
    addAuditIfChanged(actor, entryOf(decision, grant), at),
    // Only what was approved can be in use; looking at what was not finds nothing.
    addEventIfChanged(ended, at),
    grantStatement(tenant, id),
  ]);
  if (changed === 0) throw new Fault("conflict", "the grant is not open any more");
  return after ?? grant;
}
