import { headOf } from "../checkin/index.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { migrate } from "../platform/migrations.ts";
import { signToken } from "../platform/tokens.ts";
import { DEFAULT_TENANT, type TenantId } from "../platform/ids.ts";
import { STORAGE } from "../platform/limits.ts";
import { ensureDefaultTenant, revokeDeviceTokensStatement, tenantsStatement } from "../tenants/index.ts";
import { dropTable, tableNames } from "./store.ts";

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

/** Drops every table in one transaction. */
async function dropTables(deps: Deps): Promise<number> {
  const names = await deps.directory.one(tableNames);
  await deps.directory.batch(names.map(dropTable));
  return names.length;
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
  const objects = await removeObjects(deps);
  await migrateAll(deps);
  await deps.directory.one(revokeDeviceTokensStatement(DEFAULT_TENANT, deps.now()));
  return { tables, objects };
}
