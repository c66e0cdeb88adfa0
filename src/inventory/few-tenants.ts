import type { TenantId } from "../platform/ids.ts";

export const MOST_TENANTS = 1000;

/** Tenants that an isolate remembers something of, until there are too many. */
export class FewTenants {
  readonly #tenants = new Set<TenantId>();

  has(tenant: TenantId): boolean {
    return this.#tenants.has(tenant);
  }

  add(tenant: TenantId): void {
    if (this.#tenants.size >= MOST_TENANTS) this.#tenants.clear();
    this.#tenants.add(tenant);
  }

  delete(tenant: TenantId): void {
    this.#tenants.delete(tenant);
  }
}
