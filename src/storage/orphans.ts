import { eachApart, ROWS_A_RUN, type Duty } from "../platform/apart.ts";
import type { Deps } from "../platform/deps.ts";
import { asTenantId, type TenantId } from "../platform/ids.ts";
import { STORAGE } from "../platform/limits.ts";
import { sweptTo, setSweptTo } from "./orphan-store.ts";
import { knownObjects } from "./store.ts";

/** Keys of this domain; other domains keep theirs in folders of their own. */
const OBJECT_KEY = /^([^/]+)\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.tmp)?$/;

/** Another domain's folder with so many objects that looking at them would take nights, and where the keys after it begin. */
const PASSED_BY = { folder: "journals/", end: "journals/~" };

/** Nothing that is on its way is this old: its record would have been given up long before. */
const MIN_AGE_MS = 24 * 3_600_000;
const PAGE = STORAGE.keysAtOnce;
const PAGES_A_NIGHT = 50;
/** Each is looked up by itself. */
const TENANTS_A_NIGHT = ROWS_A_RUN;

interface Found {
  tenant: TenantId;
  keys: string[];
}

/** Objects that are old enough to be orphans, by the tenant whose they are. */
function candidatesAmong(deps: Deps, objects: readonly R2Object[]): Found[] {
  const oldest = deps.now() - MIN_AGE_MS;
  const candidates = objects.filter(
    ({ key, uploaded }) => OBJECT_KEY.test(key) && uploaded.getTime() < oldest,
  );
  const byTenant = Map.groupBy(candidates, ({ key }) => OBJECT_KEY.exec(key)?.[1] ?? "");
  return [...byTenant].map(([tenant, of]) => ({
    tenant: asTenantId(tenant),
    keys: of.map(({ key }) => key),
  }));
}

/** Removes those of a tenant's objects that no record knows. */
async function removeOrphans(deps: Deps, { tenant, keys }: Found): Promise<number> {
  const known = await deps.db(tenant).one(knownObjects(tenant, keys));
  const recorded = new Set(known.map(({ object_key }) => object_key));
  const orphans = keys.filter((key) => !recorded.has(key));
  if (orphans.length === 0) return 0;
  deps.log.info("objects without a record are removed", { keys: orphans });
  await deps.bucket.delete(orphans);
  return orphans.length;
}

/**
 * Removes objects without a record, which only a restored database or a hand in the bucket can make. Looks at a
 * part of the bucket a night and goes on from there in the next.
 */
export async function sweepOrphans(deps: Deps): Promise<{ removed: number }> {
  let after = (await deps.directory.one(sweptTo))?.after_key ?? "";
  let [removed, tenants] = [0, TENANTS_A_NIGHT];
  for (let page = 0; page < PAGES_A_NIGHT && tenants > 0; page++) {
    const listed = await deps.bucket.list({ limit: PAGE, ...(after === "" ? {} : { startAfter: after }) });
    const duty: Duty<Found> = {
      name: "remove-orphans",
      of: ({ tenant }) => ({ tenant, key: "objects" }),
      work: async (found) => {
        removed += await removeOrphans(deps, found);
      },
    };
    const found = candidatesAmong(deps, listed.objects);
    const taken = found.slice(0, tenants);
    tenants -= taken.length;
    await eachApart(deps, duty, taken);
    const isCut = taken.length < found.length;
    // The keys of a tenant lie together.
    const last = isCut ? taken.at(-1)?.keys.at(-1) : listed.objects.at(-1)?.key;
    after = (isCut || listed.truncated ? last : undefined) ?? "";
    if (after.startsWith(PASSED_BY.folder)) after = PASSED_BY.end;
    await deps.directory.one(setSweptTo(after));
    if (after === "") break;
  }
  return { removed };
}
