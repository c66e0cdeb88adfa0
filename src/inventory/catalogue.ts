import type { Actor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { devicesFor } from "../platform/permissions.ts";
import { nameOfKey } from "./attributes.ts";
import { keyCounts, keyCountsWithin, kindCounts, statusCounts } from "./store/catalogue.ts";

const MAX_ATTRIBUTES = 500;

/** What the web UI reads; a status beyond these two breaks it (protocol notes, GUI traffic 4.1). */
const SHOWN = ["accepted", "pending"] as const;
const TIERS = ["standard", "micro", "system"] as const;

export type Tier = (typeof TIERS)[number];
export type Statistics = Record<(typeof SHOWN)[number], Record<Tier, number>>;

/** Numbers of accepted and pending devices by tier. */
export async function deviceStatistics(deps: Deps, actor: Actor): Promise<Statistics> {
  const found = await deps
    .db(actor.tenant)
    .one(statusCounts(actor.tenant, devicesFor(actor, "devices:read")));
  const none = () => ({ standard: 0, micro: 0, system: 0 });
  const statistics: Statistics = { accepted: none(), pending: none() };
  for (const { status, tier, devices } of found) {
    const shown = SHOWN.find((word) => word === status);
    if (shown) statistics[shown][TIERS.find((word) => word === tier) ?? "standard"] += devices;
  }
  return statistics;
}

export interface AttributeCount {
  name: string;
  scope: string;
  count: number;
}

/** Attributes that devices within reach have, most frequent first. */
export async function attributeCatalogue(deps: Deps, actor: Actor): Promise<AttributeCount[]> {
  const { tenant } = actor;
  const reach = devicesFor(actor, "devices:read");
  const [keys, kinds] = await deps
    .db(tenant)
    .batch([
      reach === "all" ? keyCounts(tenant, MAX_ATTRIBUTES) : keyCountsWithin(tenant, reach, MAX_ATTRIBUTES),
      kindCounts(tenant, reach),
    ] as const);
  const sum = (has: (kind: (typeof kinds)[number]) => boolean) =>
    kinds.filter(has).reduce((total, kind) => total + kind.devices, 0);
  const own = [
    { scope: "identity", name: "status", count: sum(({ status }) => status !== "") },
    { scope: "system", name: "group", count: sum(({ group_name }) => group_name !== "") },
    ...["created_ts", "tier", "updated_ts"].map((name) => ({
      scope: "system",
      name,
      count: sum(() => true),
    })),
  ];
  return [...keys.map(({ key, devices }) => ({ ...nameOfKey(key), count: devices })), ...own]
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => b.count - a.count || compare(a.scope, b.scope) || compare(a.name, b.name))
    .slice(0, MAX_ATTRIBUTES);
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
