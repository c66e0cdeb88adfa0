export { EXPORT_PART, RESTORE_RUN } from "./events.ts";
export { importTenants } from "./importing/imports.ts";
export { moveTenants } from "./moving/moves.ts";
export { keepJournals, renewJournals } from "./journal/duties.ts";
export { oldestMarkStatement } from "./journal/due-store.ts";
export { journalFolderOf } from "./journal/object-keys.ts";
export { goOnWithRestore, restoreTenants } from "./restoring/restores.ts";
export { makeExportPart } from "./export-step.ts";
export { forgetOldExports } from "./exports.ts";
export { exportsFolderOf, foldersOf, isIn } from "./objects.ts";
export {
  removeCopyStatements,
  removeDoorStatement,
  removals,
  removeTenantStatements,
} from "./removal-store.ts";
export { mountTenantdata } from "./routes.ts";
export { GLOBAL_TABLES, TENANT_TABLES } from "./tenant-tables.ts";
export { removeRows } from "./remove-rows.ts";
