import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TenantId } from "../platform/ids.ts";

export const workflowDefinitionsTable = sqliteTable(
  "workflow_definitions",
  {
    name: text().notNull(),
    version: integer().notNull(),
    definition: text().notNull(),
    created_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.name, row.version] })],
);

export const jobResultsTable = sqliteTable(
  "job_results",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    job_id: text().notNull(),
    step: integer().notNull(),
    result: text().notNull(),
    at_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.job_id, row.step] })],
);
