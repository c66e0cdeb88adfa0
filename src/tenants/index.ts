export { LIMIT_NAMES, type LimitName } from "../platform/limit-names.ts";
export { clearLimitStatement, limitStatement, setLimitStatement } from "./limit-store.ts";
export {
  demandSecondFactorStatement,
  revokeDeviceTokensStatement,
  secondFactorRuleStatement,
  childrenStatement,
  countChildrenStatement,
  countTenantsStatement,
  dueTenantsStatement,
  tenantByTokenStatement,
  tenantsByFilterStatement,
  updateTenantStatement,
  type TenantChange,
  type TenantFilter,
  tenantStatement,
  tenantsAmongStatement,
  tenantsStatement,
  tokenStandingStatement,
  type ApiLimits,
  type SecondFactorRule,
  type Tenant,
} from "./store.ts";
export {
  TenantToPrepare,
  callLimitsFrom,
  createTenantStatements,
  ensureDefaultTenant,
  getTenant,
  listTenants,
  prepareForTenant,
  planLimitStatements,
  prepareTenant,
  subscriptionOfTenant,
  setTenantLimit,
  setTenantStatus,
} from "./tenants.ts";
export { tenantLimitsTable, tenantsTable, usageDaysTable } from "./tables.ts";
export { addUsedStatement, isOverRowsStatement } from "./used-store.ts";
