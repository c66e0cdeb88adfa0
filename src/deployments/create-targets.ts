import {
  acceptedDevicesStatement,
  countDevices,
  savedFilterStatement,
  type SavedFilter,
} from "../inventory/index.ts";
import type { Actor } from "../platform/actor.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { devicesFor, forbidden, releasesFor, requireGroup } from "../platform/permissions.ts";
import type { NewDeployment } from "./create-schema.ts";
import { MAX_DYNAMIC, SMALL, TARGET_PAGE } from "./limits.ts";
import type { Targeting } from "./store/create.ts";
import { openDynamic } from "./store/dynamic.ts";
import { MAX_REACHED, targetsReached } from "./store/reach.ts";
import { foundTargets } from "./store/targeting.ts";
import { wayBack } from "./rollout/refusals.ts";
import { scopeTerms, sortedIds } from "./targets.ts";

/** What a user asks for: `filter` or `group` name one, otherwise the definition has devices or means all. */
export interface Wanted {
  definition: NewDeployment;
  group?: string | undefined;
  filter?: { id: string; maxDevices: number } | undefined;
  idempotencyKey?: string | undefined;
}

export interface Targets extends Targeting {
  ids: readonly string[];
  /** How many they will be when all are known, as far as that can be told. */
  total: number;
  filter?: SavedFilter;
}

/**
 * Whether the release and the devices are within the user's reach. Of groups those are that are named; all devices, those of a
 * filter and lists of very many are nobody's whose reach is bounded.
 */
export function reachedStatement(actor: Actor, { definition, group, filter }: Wanted): Statement<boolean> {
  const [devices, releases] = [devicesFor(actor, "deployments:manage"), releasesFor(actor, "artifacts:read")];
  const named = definition.devices;
  if (group !== undefined) requireGroup(actor, "deployments:manage", group);
  else if (devices !== "all" && (filter || !named?.length || named.length > MAX_REACHED)) throw forbidden();
  return targetsReached(
    actor.tenant,
    { devices, releases },
    {
      devices: group === undefined && devices !== "all" ? named : undefined,
      releases: [definition.artifact_name, wayBack(definition) ?? []].flat(),
    },
  );
}

/** Whom it is for, as far as that is found at once. */
export async function firstTargets(deps: Deps, actor: Actor, wanted: Wanted): Promise<Targets> {
  const { definition, group, filter } = wanted;
  if (filter) return dynamicTargets(deps, actor, filter);
  if (group === undefined && !definition.all_devices) {
    const ids = sortedIds(definition.devices ?? []);
    return { ids, count: ids.length, total: ids.length, wide: ids.length > SMALL, goOnAfter: null };
  }
  const [chunks, accepted] = await deps
    .db(actor.tenant)
    .batch([
      foundTargets(actor.tenant, { group, after: "", limit: TARGET_PAGE }),
      acceptedDevicesStatement(actor.tenant, group),
    ]);
  const ids = chunks.flatMap((chunk) => JSON.parse(chunk.ids) as string[]); // made by the database from ids
  const goOnAfter = ids.length < TARGET_PAGE ? null : (ids.at(-1) ?? null);
  const total = goOnAfter === null ? ids.length : accepted;
  return { ids, count: ids.length, total, wide: ids.length > SMALL, goOnAfter };
}

async function dynamicTargets(
  deps: Deps,
  { tenant }: Actor,
  { id, maxDevices }: NonNullable<Wanted["filter"]>,
): Promise<Targets> {
  const [filter, dynamic] = await deps
    .db(tenant)
    .batch([savedFilterStatement(tenant, id), openDynamic(tenant)]);
  if (!filter) throw new Fault("bad_request", "filter_id: there is no such filter.");
  if ((dynamic?.open ?? 0) >= MAX_DYNAMIC)
    throw new Fault("conflict", `there are already ${MAX_DYNAMIC} active dynamic deployments`);
  const total = await countDevices(deps, tenant, [...scopeTerms(undefined), ...filter.terms]);
  return { ids: [], count: total, total, wide: true, goOnAfter: null, bound: maxDevices, filter };
}
