import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { fromHomes } from "../platform/find-homes.ts";
import type { TenantId } from "../platform/ids.ts";
import type { LimitName } from "../platform/limit-names.ts";
import { childrenStatement, tenantStatement, type Tenant } from "../tenants/index.ts";
import { acceptedOfStatement, givenStatement, limitsOfStatement, noFigures, type Figure } from "./store.ts";

type Figures = Partial<Record<LimitName, number>>;

/** A tenant with its limits and what it has used of them. */
export interface TenantView {
  tenant: Tenant;
  limits: Figures;
  /** Accepted devices; of a service provider also what it has given away. */
  used: Figures;
}

const figuresOf = (tenant: TenantId, all: readonly Figure[]): Figures => {
  const own = all.filter((figure) => figure.tenant === tenant);
  const sums: Figures = {};
  for (const { name, value } of own) sums[name] = (sums[name] ?? 0) + value;
  return sums;
};

export const unknownTenant = () => new Fault("not_found", "tenant not found");

/** Accepted devices are counted where the tenants live: beside the rest, where that is the same database. */
async function acceptedOf(deps: Deps, tenants: readonly TenantId[], beside: Figure[]): Promise<Figure[]> {
  return deps.homes.isSpread ? fromHomes(deps, tenants, acceptedOfStatement) : beside;
}

const acceptedBeside = (deps: Deps, tenants: readonly TenantId[]): Statement<Figure[]> =>
  deps.homes.isSpread ? noFigures : acceptedOfStatement(tenants);

/** One trip, where tenants are not spread. */
export async function viewTenant(deps: Deps, id: TenantId): Promise<TenantView> {
  const [tenant, limits, beside, given] = await deps.directory.batch([
    tenantStatement(id),
    limitsOfStatement([id]),
    acceptedBeside(deps, [id]),
    givenStatement(id),
  ]);
  const accepted = await acceptedOf(deps, [id], beside);
  if (!tenant) throw unknownTenant();
  return { tenant, limits: figuresOf(id, limits), used: figuresOf(id, [...accepted, ...given]) };
}

/** The same for any number. */
export async function viewTenants(deps: Deps, tenants: readonly Tenant[]): Promise<TenantView[]> {
  const ids = tenants.map(({ id }) => id);
  const [limits, beside] = await deps.directory.batch([limitsOfStatement(ids), acceptedBeside(deps, ids)]);
  const accepted = await acceptedOf(deps, ids, beside);
  return tenants.map((tenant) => ({
    tenant,
    limits: figuresOf(tenant.id, limits),
    used: figuresOf(tenant.id, accepted),
  }));
}

/** More children than any service provider has. */
const MAX_CHILDREN = 10_000;

export const childrenOf = (deps: Deps, parent: TenantId): Promise<Tenant[]> =>
  deps.directory.one(childrenStatement(parent, { offset: 0, limit: MAX_CHILDREN }));
