export { foldersOf, isIn } from "./objects.ts";
export { removeSomeRowsStatements, removeTenantStatement } from "./removal-store.ts";
export { GLOBAL_TABLES, TENANT_TABLES, type TenantTable } from "./tenant-tables.ts";
