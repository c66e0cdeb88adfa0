import type { OperatorActor } from "../platform/actor.ts";
import { addAudit } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { TenantId } from "../platform/ids.ts";
import { closedStatement, supportStatement } from "./store.ts";

/** Lets the operator of the installation look into a tenant, by a grant where the tenant demands one; each look is on record. */
export async function demandSupport(deps: Deps, actor: OperatorActor, what: string): Promise<void> {
  const { tenant } = actor;
  const at = deps.now();
  const { needsGrant, hasGrant } = await deps.db(tenant).one(supportStatement(tenant, at));
  if (!needsGrant) return;
  if (!hasGrant) throw new Fault("forbidden", "support access takes a grant of the tenant");
  const entry = { action: "support_access", object: { type: "tenant", id: tenant }, change: what };
  await deps.db(tenant).one(addAudit(actor, entry, at));
}

/** Tenants that the operator may not look into, of all databases. */
export async function closedToSupport(deps: Deps): Promise<TenantId[]> {
  const closed = deps.databases().map(({ db }) => db.one(closedStatement(deps.now())));
  return (await Promise.all(closed)).flat();
}
