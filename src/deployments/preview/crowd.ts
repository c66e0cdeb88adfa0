import {
  acceptedDevicesStatement,
  countDevices,
  searchDeviceIds,
  type SavedFilter,
} from "../../inventory/index.ts";
import type { Actor } from "../../platform/actor.ts";
import type { Deps } from "../../platform/deps.ts";
import type { TenantId } from "../../platform/ids.ts";
import type { Wanted } from "../create-targets.ts";
import type { Crowd } from "../rollout/govern.ts";
import { foundTargets } from "../store/targeting.ts";
import { scopeTerms, sortedIds } from "../targets.ts";

/** Of a fleet of at most so many every device is looked at. */
const EXACT = 100_000;

/** Of a larger one some stand for the others, and of what a filter finds. Ids are no order of anything. */
const LOOKED_AT = 2000;

/** Ids read at once; a longer statement would hold the database up. */
const ID_PAGE = 20_000;

export interface Found extends Crowd {
  /** Those that are looked at, by id. */
  found: readonly string[];
}

/** Whom it is for: all of them where there are not too many, otherwise some and their number. */
export async function crowdOf(
  deps: Deps,
  { tenant }: Actor,
  { definition, group }: Wanted,
  filter: SavedFilter | undefined,
): Promise<Found> {
  if (filter) return filtered(deps, tenant, [...scopeTerms(group), ...filter.terms]);
  if (group === undefined && !definition.all_devices) {
    const ids = sortedIds(definition.devices ?? []);
    return { total: ids.length, ids, isDynamic: false, found: ids };
  }
  const [total, chunks] = await deps
    .db(tenant)
    .batch([
      acceptedDevicesStatement(tenant, group),
      foundTargets(tenant, { group, after: "", limit: ID_PAGE }),
    ]);
  const first = idsOf(chunks);
  if (total > EXACT) return { total, ids: undefined, isDynamic: false, found: first.slice(0, LOOKED_AT) };
  const ids = [...first, ...(await idsAfter(deps, tenant, group, first))];
  return { total: ids.length, ids, isDynamic: false, found: ids };
}

async function filtered(
  deps: Deps,
  tenant: TenantId,
  terms: Parameters<typeof searchDeviceIds>[2],
): Promise<Found> {
  const ids = await searchDeviceIds(deps, tenant, terms, { limit: LOOKED_AT });
  const total = ids.length < LOOKED_AT ? ids.length : await countDevices(deps, tenant, terms);
  return { total, ids: undefined, isDynamic: true, found: ids };
}

const idsOf = (chunks: readonly { ids: string }[]): string[] =>
  chunks.flatMap((chunk) => JSON.parse(chunk.ids) as string[]); // made by the database from ids

/** All that come after a page. */
async function idsAfter(
  deps: Deps,
  tenant: TenantId,
  group: string | undefined,
  first: readonly string[],
): Promise<string[]> {
  const ids: string[] = [];
  for (let page = first; page.length === ID_PAGE && ids.length < EXACT;) {
    const window = { after: page.at(-1) ?? "", limit: ID_PAGE };
    page = idsOf(await deps.db(tenant).one(foundTargets(tenant, { group, ...window })));
    for (const id of page) ids.push(id);
  }
  return ids;
}
