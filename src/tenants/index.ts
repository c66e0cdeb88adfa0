export { LIMIT_NAMES, type LimitName } from "../platform/limit-names.ts";
export {
  clearLimitStatement,
  demandSecondFactorStatement,
  limitStatement,
  revokeDeviceTokensStatement,
  secondFactorRuleStatement,
  setLimitStatement,
  tenantStatement,
  tenantsAmongStatement,
  tenantsStatement,
  tokenStandingStatement,
  type ApiLimits,
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
  quotaFrom,
  subscriptionOfTenant,
  setTenantLimit,
  setTenantStatus,
} from "./tenants.ts";
export { tenantLimitsTable, tenantsTable } from "./tables.ts";
