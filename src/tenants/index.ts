export { LIMIT_NAMES, type LimitName } from "./limit-names.ts";
export {
  clearLimitStatement,
  limitStatement,
  revokeDeviceTokensStatement,
  setLimitStatement,
  tenantStatement,
  tenantsAmongStatement,
  tenantsStatement,
  tokenStandingStatement,
  type Tenant,
} from "./store.ts";
export {
  TenantToPrepare,
  createTenantStatements,
  ensureDefaultTenant,
  getTenant,
  listTenants,
  prepareForTenant,
  prepareTenant,
  setTenantLimit,
  setTenantStatus,
} from "./tenants.ts";
export { tenantLimitsTable, tenantsTable } from "./tables.ts";
