import { sql } from "drizzle-orm";
import { headOf } from "../checkin/index.ts";
import { change, rows } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { migrate } from "../platform/migrations.ts";
import { signToken } from "../platform/tokens.ts";
import { DEFAULT_TENANT, type TenantId } from "../platform/ids.ts";
import { ensureDefaultTenant, revokeDeviceTokensStatement, tenantsStatement } from "../tenants/index.ts";

export async function migrateAll(deps: Deps): Promise<string[]> {
  const applied = await migrate(deps.directory);
  await ensureDefaultTenant(deps);
  return applied;
}

/** Signs whatever it is told, for tests and demonstrations against a local server. */
export function mintToken(deps: Deps, claims: Record<string, unknown>): Promise<string> {
  if (!deps.settings.LOCAL) throw new Fault("not_found", "not found");
  return signToken(deps.keys, claims);
}

const tablesStatement = rows<{ name: string; isVirtual: number }>(sql`
  SELECT name, sql LIKE 'CREATE VIRTUAL TABLE%' AS isVirtual FROM sqlite_master
  WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'
  ORDER BY isVirtual DESC, name`);

/** Tables that belong to a full-text one and go with it. */
const SHADOW = /_(data|idx|content|docsize|config)$/;

/** Drops every table in one transaction. */
async function dropTables(deps: Deps): Promise<number> {
  const found = await deps.directory.one(tablesStatement);
  const virtual = new Set(found.filter(({ isVirtual }) => isVirtual === 1).map(({ name }) => name));
  const own = found.filter(({ name }) => !SHADOW.test(name) || !virtual.has(name.replace(SHADOW, "")));
  await deps.directory.batch(own.map(({ name }) => change(sql`DROP TABLE ${sql.identifier(name)}`)));
  return own.length;
}

async function removeObjects(deps: Deps): Promise<number> {
  let removed = 0;
  for (;;) {
    const { objects } = await deps.bucket.list({ limit: 1000 });
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
  const tables = await deps.directory.one(tablesStatement);
  if (!tables.some(({ name }) => name === "tenants")) return; // a fall came after the tables
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
  const objects = await removeObjects(deps);
  await migrateAll(deps);
  await deps.directory.one(revokeDeviceTokensStatement(DEFAULT_TENANT, deps.now()));
  return { tables, objects };
}
