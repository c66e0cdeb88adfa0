import { closedToSupport, demandSupport } from "../consent/index.ts";
import type { OperatorActor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { asTenantId, type TenantId } from "../platform/ids.ts";
import type { LimitName } from "../platform/limit-names.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import { planNamed } from "../platform/plans.ts";
import {
  clearLimitStatement,
  planLimitStatements,
  setLimitStatement,
  tenantStatement,
  updateTenantStatement,
} from "../tenants/index.ts";
import {
  accountsPageStatement,
  assignUser,
  countAccountsStatement,
  workplacesOfStatement,
  type UserFilter,
} from "../useradm/index.ts";
import { auditObject, operatorIn, tenantOf } from "./life.ts";
import { visibleAccounts } from "./store.ts";

/** Accounts of all tenants that the operator may look into, or of one of them, with the tenants that they work in. */
export async function findAccounts(
  deps: Deps,
  { tenant, ...filter }: UserFilter & { tenant: string | undefined },
  page: Page,
) {
  if (tenant !== undefined) await demandSupport(deps, operatorIn(asTenantId(tenant)), "list users");
  const closed = tenant === undefined ? await closedToSupport(deps) : [];
  const condition = visibleAccounts(tenant === undefined ? undefined : asTenantId(tenant), closed);
  const [accounts, total] = await deps.directory.batch([
    accountsPageStatement(filter, condition, { offset: offsetOf(page), limit: page.perPage }),
    countAccountsStatement(filter, condition),
  ]);
  const places = await deps.directory.one(workplacesOfStatement(accounts));
  const placesOf = ({ id, home }: (typeof accounts)[number]) =>
    places.filter((place) => place.user === id && place.home === home);
  return {
    total,
    accounts: accounts.map((account) => ({
      account,
      tenants: placesOf(account).map(({ id, name }) => ({ id, name })),
    })),
  };
}

/** The same as an administrator of each of the tenants does, each of which may demand a grant for it. */
export async function assignAccount(
  deps: Deps,
  actor: OperatorActor,
  id: string,
  assignment: { tenants: readonly TenantId[]; role: string | undefined },
): Promise<void> {
  for (const tenant of new Set(assignment.tenants))
    await demandSupport(deps, operatorIn(tenant), `assign the user ${id}`);
  await assignUser(deps, actor, id, assignment);
}

export async function clearUserLimit(deps: Deps, actor: OperatorActor): Promise<void> {
  const object = { type: "tenant", id: actor.tenant };
  await deps.directory.batch([
    clearLimitStatement(actor.tenant, "max_users"),
    addAuditIfChanged(actor, { action: "update", object, change: "max_users: none" }, deps.now()),
  ]);
}

/** Gives a tenant a plan with the limits that go with it, and then those that are named. */
export async function bindPlan(
  deps: Deps,
  actor: OperatorActor,
  { plan, limits }: { plan: string; limits: readonly (readonly [LimitName, number])[] },
): Promise<void> {
  const own = deps.settings.PLANS;
  if (!planNamed(own, plan)) throw new Fault("bad_request", "plan_name: must be a plan that exists.");
  const before = await tenantOf(deps, actor.tenant);
  const at = deps.now();
  const told = [`plan: ${plan}`, ...limits.map(([name, value]) => `${name}: ${value}`)].join("\n");
  const [updated] = await deps.directory.batch([
    updateTenantStatement(before, { plan }, at),
    addAuditIfChanged(actor, { action: "update", object: auditObject(before), change: told }, at),
    ...(plan === before.plan ? [] : planLimitStatements(own, { id: before.id, plan })),
    ...limits.map(([name, value]) => setLimitStatement(before.id, name, value)),
  ]);
  if (updated === 0) throw new Fault("conflict", "the tenant has just been changed by somebody else");
}

/** What is in a tenant goes with the tenant; of one that is gone nothing is left. */
export async function refuseWhileThere(deps: Deps, { tenant }: OperatorActor): Promise<void> {
  if (await deps.directory.one(tenantStatement(tenant)))
    throw new Fault("conflict", "the tenant is there: remove it as a whole");
}
