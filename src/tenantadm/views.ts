import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { TenantId } from "../platform/ids.ts";
import type { LimitName } from "../platform/limit-names.ts";
import { childrenStatement, tenantStatement, type Tenant } from "../tenants/index.ts";
import { acceptedOfStatement, givenStatement, limitsOfStatement, type Figure } from "./store.ts";

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

/** One trip. */
export async function viewTenant(deps: Deps, id: TenantId): Promise<TenantView> {
  const [tenant, limits, accepted, given] = await deps.directory.batch([
    tenantStatement(id),
    limitsOfStatement([id]),
    acceptedOfStatement([id]),
    givenStatement(id),
  ]);
  if (!tenant) throw unknownTenant();
  return { tenant, limits: figuresOf(id, limits), used: figuresOf(id, [...accepted, ...given]) };
}

/** One trip for any number. */
export async function viewTenants(deps: Deps, tenants: readonly Tenant[]): Promise<TenantView[]> {
  const ids = tenants.map(({ id }) => id);
  const [limits, accepted] = await deps.directory.batch([limitsOfStatement(ids), acceptedOfStatement(ids)]);
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
