import { sql } from "drizzle-orm";
import { change, demand, refusalOf, type Statement } from "../../platform/database.ts";
import { DEFAULT_TENANT } from "../../platform/ids.ts";
import { TENANT_TABLES, TENANTS, type TenantTable } from "../tenant-tables.ts";

/**
 * What the default tenant has by itself, in an installation that nobody has worked in yet. It cannot be removed, so that an
 * import of it takes the place of this.
 */
const BY_ITSELF: ReadonlySet<string> = new Set([
  TENANTS,
  "tenant_limits",
  "tenant_homes",
  "tenant_doors",
  "usage_days",
  "settings",
  "storage_usage",
  "audit_log",
  "audit_seals",
  "audit_chains",
  "event_pages",
  "event_followers",
  "outbox",
]);

const isByItself = ({ name, kind }: TenantTable): boolean => kind === "derived" || BY_ITSELF.has(name);

const FILLED = "default-has-";

const demandEmpty = ({ name }: TenantTable): Statement<void> =>
  demand(
    sql`NOT EXISTS (SELECT 1 FROM ${sql.identifier(name)} WHERE tenant_id = ${DEFAULT_TENANT})`,
    `${FILLED}${name}`,
  );

const emptyStatement = ({ name }: TenantTable): Statement<number> =>
  change(sql`DELETE FROM ${sql.identifier(name)} WHERE tenant_id = ${DEFAULT_TENANT}`);

const tablesOf = (of: "directory" | "home"): readonly TenantTable[] =>
  of === "directory" ? TENANT_TABLES : TENANT_TABLES.filter(({ place }) => place !== "directory");

/** Fails the batch if somebody has worked in the default tenant. */
export const demandUnusedStatements = (of: "directory" | "home"): Statement<void>[] =>
  tablesOf(of)
    .filter((table) => !isByItself(table))
    .map(demandEmpty);

/** Takes what the default tenant has by itself; comes after the demands. */
export const emptyDefaultStatements = (of: "directory" | "home"): Statement<number>[] =>
  tablesOf(of).filter(isByItself).map(emptyStatement);

/** Why the default tenant cannot be brought in here; undefined if the batch failed for another reason. */
export function usedReason(cause: unknown): string | undefined {
  const refusal = refusalOf(cause);
  if (!refusal?.startsWith(FILLED)) return undefined;
  return `the default tenant of this installation has ${refusal.slice(FILLED.length)}: it can be brought in only where nobody has worked in it`;
}
