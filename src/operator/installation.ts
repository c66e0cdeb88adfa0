import { headOf } from "../checkin/index.ts";
import type { Deps, Place } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { FIRST_HOME } from "../platform/homes.ts";
import { migrate } from "../platform/migrations.ts";
import { signToken } from "../platform/tokens.ts";
import { DEFAULT_TENANT, type TenantId } from "../platform/ids.ts";
import { STORAGE } from "../platform/limits.ts";
import { ensureDefaultTenant, revokeDeviceTokensStatement, tenantsStatement } from "../tenants/index.ts";
import { dropTable, dropView, tableNames, viewNames } from "./store.ts";

/** What was done in a database. */
export interface Migrated {
  name: string;
  applied: string[];
  /** Whether it has all migrations now; one that has not goes on with what it has. */
  isDone: boolean;
}

/** Names applied in any of them. */
export const appliedIn = (migrated: readonly Migrated[]): string[] => [
  ...new Set(migrated.flatMap(({ applied }) => applied)),
];

async function migrateOne(deps: Deps, { name, db }: Place): Promise<Migrated> {
  try {
    return { name, applied: await migrate(db.alone()), isDone: true };
  } catch (cause) {
    if (name === FIRST_HOME) throw cause;
    deps.log.error("database not migrated", { database: name, cause });
    return { name, applied: [], isDone: false };
  }
}

/** The directory first, which others may need; trouble with a further database keeps no other from its migrations. */
export async function migrateAll(deps: Deps): Promise<Migrated[]> {
  const migrated: Migrated[] = [];
  for (const place of deps.databases("all")) migrated.push(await migrateOne(deps, place));
  await ensureDefaultTenant(deps);
  return migrated;
}

/** Signs whatever it is told, for tests and demonstrations against a local server. */
export function mintToken(deps: Deps, claims: Record<string, unknown>): Promise<string> {
  if (!deps.settings.LOCAL) throw new Fault("not_found", "not found");
  return signToken(deps.keys, claims);
}

/** Drops every table of a database in one transaction; the directory last, which knows of the others. */
async function dropTables(deps: Deps): Promise<number> {
  let dropped = 0;
  for (const { db } of deps.databases("all").toReversed()) {
    const [views, names] = await db.batch([viewNames, tableNames]);
    await db.batch([...views.map(dropView), ...names.map(dropTable)]);
    dropped += names.length;
  }
  return dropped;
}

async function removeObjects(deps: Deps): Promise<number> {
  let removed = 0;
  for (;;) {
    const { objects } = await deps.bucket.list({ limit: STORAGE.keysAtOnce });
    if (objects.length === 0) return removed;
    await deps.bucket.delete(objects.map(({ key }) => key));
    removed += objects.length;
  }
}

/** One that cannot be reached finds out by itself when it compares its digest with the database. */
const forgetHead = (deps: Deps, tenant: TenantId): Promise<void> =>
  headOf(deps.heads, tenant)
    .forget()
    .catch((cause: unknown) => deps.log.error("head not reset", { tenant, cause }));

/** Heads forget what they hold of tenants, in memory and stored. */
async function forgetHeads(deps: Deps): Promise<void> {
  const tables = await deps.directory.one(tableNames);
  if (!tables.includes("tenants")) return; // a fall came after the tables
  for (let after = "", full = true; full;) {
    const tenants = await deps.directory.one(tenantsStatement(after, TENANTS));
    await Promise.all(tenants.map(({ id }) => forgetHead(deps, id)));
    full = tenants.length === TENANTS;
    after = tenants.at(-1)?.id ?? "";
  }
}

const TENANTS = 100;

/**
 * Back to the state after the first migration: no rows, no objects, and no device token that is still good. Tables go
 * first, so that nothing refers to an object that is gone; run again after a crash it removes the rest.
 */
export async function factoryReset(
  deps: Deps,
  check: { confirmed: string | undefined; host: string },
): Promise<{ tables: number; objects: number }> {
  if (!deps.settings.LOCAL && check.confirmed !== check.host)
    throw new Fault("unprocessable", "confirm with the host name of this server");
  await forgetHeads(deps);
  const tables = await dropTables(deps);
  deps.homes.forgetAll();
  const objects = await removeObjects(deps);
  await migrateAll(deps);
  await deps.directory.one(revokeDeviceTokensStatement(DEFAULT_TENANT, deps.now()));
  return { tables, objects };
}
