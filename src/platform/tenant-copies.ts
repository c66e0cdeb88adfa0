import { sql } from "drizzle-orm";
import { into } from "./columns.ts";
import {
  change,
  Database,
  demandChanged,
  firstRow,
  mapped,
  noCost,
  refusalOf,
  rows,
  type Statement,
} from "./database.ts";
import type { Env } from "./env.ts";
import { demandHome } from "./home-store.ts";
import { FIRST_HOME, homesOf } from "./homes.ts";
import type { TenantId } from "./ids.ts";
import type { Log } from "./log.ts";
import { putRows, upsertRows, type Value } from "./stored-rows.ts";
import { tenantDoorsTable, tenantHomesTable, tenantMovesTable } from "./tables.ts";

/**
 * The tenant's own rows are the directory's. A home elsewhere has a copy of them, so that what depends on them is in one
 * batch with it: each change counts up a number in its own transaction, and is copied before it is answered; what could not
 * be copied then is by the sweep.
 */
const COPIED_AT_HOME = ["tenants", "tenant_limits"] as const;

const WRITES_COPIED =
  /^\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM)\s+"?(?:tenants|tenant_limits|tenant_homes)\b/i;

const COPIED_AT_ONCE = 50;

const OLD_COPY = "old-copy";

const TENANTS = "tenants";
/** Counted where the devices are. */
const COUNTED_AT_HOME = "revocations";

type Stored = Record<string, Value>;

interface Uncopied {
  tenant_id: TenantId;
  home: string;
}

const uncopiedStatement: Statement<Uncopied[]> = rows(sql`
  SELECT tenant_id, home FROM ${tenantHomesTable} INDEXED BY tenant_homes_uncopied
  WHERE copied <> changed AND home <> ${FIRST_HOME} AND NOT EXISTS (
    SELECT 1 FROM ${tenantMovesTable} m WHERE m.tenant_id = tenant_homes.tenant_id AND m.paused = 1) LIMIT ${COPIED_AT_ONCE}`);

const revisionStatement = (tenant: TenantId): Statement<number> =>
  mapped(
    firstRow<{ changed: number }>(sql`SELECT changed FROM ${tenantHomesTable} WHERE tenant_id = ${tenant}`),
    (row) => row?.changed ?? 0,
  );

const ownRowsStatement = (table: string, tenant: TenantId): Statement<Stored[]> =>
  rows<Stored>(sql`SELECT * FROM ${sql.identifier(table)} WHERE tenant_id = ${tenant}`);

const columnsStatement: Statement<Map<string, Set<string>>> = mapped(
  rows<{ table: string; name: string }>(sql`
    SELECT m.name AS "table", c.name AS name FROM sqlite_master m JOIN pragma_table_info(m.name) c
    WHERE m.type = 'table' AND m.name IN (SELECT value FROM json_each(${JSON.stringify(COPIED_AT_HOME)}))`),
  (found) => {
    const byTable = Map.groupBy(found, ({ table }) => table);
    return new Map([...byTable].map(([table, of]) => [table, new Set(of.map(({ name }) => name))]));
  },
);

const removeOwnStatement = (table: string, tenant: TenantId): Statement<number> =>
  change(sql`DELETE FROM ${sql.identifier(table)} WHERE tenant_id = ${tenant}`);

const noteCopyStatement = (tenant: TenantId, revision: number): Statement<number> =>
  change(sql`
    INSERT ${into(tenantDoorsTable, "tenant_id, copied")} VALUES (${tenant}, ${revision})
    ON CONFLICT (tenant_id) DO UPDATE SET copied = excluded.copied WHERE excluded.copied > tenant_doors.copied`);

const copiedStatement = (tenant: TenantId, revision: number): Statement<number> =>
  change(sql`
    UPDATE ${tenantHomesTable} SET copied = ${revision} WHERE tenant_id = ${tenant} AND copied < ${revision}`);

const putOwnRows = (
  table: string,
  columns: readonly string[],
  found: readonly Stored[],
): Statement<number> =>
  table === TENANTS ? upsertRows(table, columns, found, COUNTED_AT_HOME) : putRows(table, columns, found);

/** Copies a tenant's own rows to a database. An older database takes the columns that it knows. */
export async function copyOwnRows(
  directory: Database,
  home: Database,
  tenant: TenantId,
  isMoving = false,
): Promise<void> {
  const [revision, ...own] = await directory.batch([
    revisionStatement(tenant),
    ...COPIED_AT_HOME.map((table) => ownRowsStatement(table, tenant)),
  ]);
  const columns = await home.one(columnsStatement);
  const put = COPIED_AT_HOME.flatMap((table, i) => {
    const found = (own[i] ?? []) as Stored[]; // in the order of the tables
    const known = Object.keys(found[0] ?? {}).filter((name) => columns.get(table)?.has(name));
    return found.length === 0 ? [] : [putOwnRows(table, known, found)];
  });
  await home
    .batch([
      ...(isMoving ? [] : [demandHome(tenant, true)]),
      noteCopyStatement(tenant, revision as number),
      demandChanged(OLD_COPY),
      ...COPIED_AT_HOME.filter((table) => table !== TENANTS).map((table) =>
        removeOwnStatement(table, tenant),
      ),
      ...put,
    ])
    .catch((cause: unknown) => {
      if (refusalOf(cause) !== OLD_COPY) throw cause; // somebody has copied what is newer
    });
  await directory.one(copiedStatement(tenant, revision as number));
}

/** Copies what was changed and not copied yet. One home that is away holds up no other. */
export async function copyChangedTenants(env: Env, log: Log): Promise<void> {
  const { databases } = homesOf(env);
  const directory = new Database(env.DB, noCost());
  for (const { tenant_id: tenant, home } of await directory.one(uncopiedStatement)) {
    const database = databases.get(home);
    if (!database) {
      log.error("tenant not copied to its home", { tenant, home, cause: "the database is not bound" });
      continue;
    }
    await copyOwnRows(directory, new Database(database, noCost()), tenant).catch((cause: unknown) =>
      log.error("tenant not copied to its home", { tenant, home, cause }),
    );
  }
}

export const writesCopied = ({ sql: text }: Statement<unknown>): boolean => WRITES_COPIED.test(text);
