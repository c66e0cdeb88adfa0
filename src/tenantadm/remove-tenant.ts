import { headOf } from "../checkin/index.ts";
import type { OperatorActor } from "../platform/actor.ts";
import type { Database } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { findHomes } from "../platform/find-homes.ts";
import { FIRST_HOME } from "../platform/homes.ts";
import { DEFAULT_TENANT, type TenantId } from "../platform/ids.ts";
import { STORAGE } from "../platform/limits.ts";
import { getTenant, setTenantStatus } from "../tenants/index.ts";
import { moveAccountsAway } from "../useradm/index.ts";
import {
  exportsFolderOf,
  foldersOf,
  isIn,
  journalFolderOf,
  removals,
  removeCopyStatements,
  removeRows,
  removeDoorStatement,
  removeTenantStatements,
} from "../tenantdata/index.ts";

/** Calls of a database of one call, and listings of objects; the caller asks again for what is left. */
const CALLS_A_CALL = 200;
const LISTINGS_A_CALL = 50;
const OBJECTS_A_LISTING = STORAGE.keysAtOnce;

const removeFrom = (database: Database, tenant: TenantId, of: Parameters<typeof removals>[1]) =>
  removeRows(removals(tenant, of), CALLS_A_CALL, (statements) => database.batch(statements));

/** From the home first, and then from the directory if that is another database. */
async function removeRecords(deps: Deps, tenant: TenantId): Promise<{ rows: number; gone: boolean }> {
  const { directory } = deps;
  const home = deps.homes.isSpread ? (await findHomes(deps, [tenant])).get(tenant)?.home : FIRST_HOME;
  if (home === FIRST_HOME) return removeFrom(directory, tenant, "everything");
  const atHome = await removeFrom(deps.db(tenant), tenant, "home");
  if (!atHome.gone) return atHome;
  const left = await removeFrom(directory, tenant, "directory");
  // Without the copy the home knows the tenant no more; what was told meanwhile is brought there no more either.
  await deps.db(tenant).batch([...removeCopyStatements(tenant), removeDoorStatement(tenant)]);
  return { rows: atHome.rows + left.rows, gone: left.gone };
}

async function removeObjects(deps: Deps, tenant: TenantId): Promise<{ objects: number; gone: boolean }> {
  let objects = 0;
  for (const prefix of [...foldersOf(tenant), exportsFolderOf(tenant), journalFolderOf(tenant)]) {
    let startAfter: string | undefined;
    for (let round = 0; ; round += 1) {
      if (round === LISTINGS_A_CALL) return { objects, gone: false };
      const listed = await deps.bucket.list({
        prefix,
        limit: OBJECTS_A_LISTING,
        ...(startAfter !== undefined && { startAfter }),
      });
      const own = listed.objects.filter(({ key }) => isIn(prefix, key));
      if (own.length > 0) await deps.bucket.delete(own.map(({ key }) => key));
      objects += own.length;
      if (!listed.truncated) break;
      startAfter = listed.objects.at(-1)?.key;
    }
  }
  return { objects, gone: true };
}

export interface Removed {
  /** Nothing of the tenant is left; otherwise to be called again. */
  gone: boolean;
  rows: number;
  objects: number;
}

/**
 * Removes a tenant. It is suspended first, so that nothing new is made meanwhile; its own row goes last, so that a
 * removal that was cut off can be taken up.
 */
export async function removeTenant(deps: Deps, actor: OperatorActor): Promise<Removed> {
  const { tenant } = actor;
  if (tenant === DEFAULT_TENANT) throw new Fault("unprocessable", "the default tenant cannot be removed");
  await getTenant(deps, tenant);
  await setTenantStatus(deps, actor, "suspended");
  await moveAccountsAway(deps, actor);
  const records = await removeRecords(deps, tenant);
  const stored = records.gone ? await removeObjects(deps, tenant) : { objects: 0, gone: false };
  const gone = records.gone && stored.gone;
  if (gone) {
    await deps.directory.batch(removeTenantStatements(tenant));
    deps.homes.forget(tenant);
    await headOf(deps.heads, tenant).forget();
  }
  return { gone, rows: records.rows, objects: stored.objects };
}
