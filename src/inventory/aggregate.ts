import type { Actor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { BucketCounter, type Groups } from "./search/buckets.ts";
import { fewDriver, isEmpty } from "./search/query.ts";
import { remembered } from "./search/remembered.ts";
import { prepareSearch, type Search } from "./search/search.ts";
import { fingerprintOf } from "./search/totals.ts";
import { bucketsOfFew, type BucketRow, type GroupLevel } from "./store/aggregate.ts";

/** A grouping of devices by the texts of an attribute, and of each group by others. */
export interface Aggregation {
  name: string;
  key: string;
  limit: number;
  nested: readonly Aggregation[];
}

export interface Bucket {
  key: string;
  count: number;
  aggregations?: Aggregated[];
}

export interface Aggregated {
  name: string;
  items: Bucket[];
  other_count: number;
}

/** A grouping on its way down: the buckets that its results go into, by the values on the path to them. */
interface Open {
  aggregation: Aggregation;
  levels: GroupLevel[];
  into: Map<string, Aggregated[]>;
}

const pathOf = (values: readonly string[]): string => JSON.stringify(values);

/** Groups the devices of a search; of many in slices, whose result is remembered. */
export async function aggregateDevices(
  deps: Deps,
  actor: Actor,
  search: Search,
  aggregations: readonly Aggregation[],
): Promise<Aggregated[]> {
  const { tenant } = actor;
  const { query, surveyed } = await prepareSearch(deps, tenant, search);
  if (isEmpty(query)) return noBuckets(aggregations);
  const driver = fewDriver(query, surveyed);
  if (driver)
    return groupInto(aggregations, (groups) =>
      deps
        .db(tenant)
        .batch(groups.map(({ levels, limit }) => bucketsOfFew({ query, levels }, driver, limit))),
    );
  const count = async () => {
    const counter = new BucketCounter(deps, query);
    const result = await groupInto(aggregations, (groups) => counter.count(groups));
    return { result, isCostly: counter.isCostly };
  };
  return remembered(deps, tenant, await fingerprintOf(query, aggregations), count);
}

/** The answer where there is nothing to count. */
export const noBuckets = (aggregations: readonly Aggregation[]): Aggregated[] =>
  aggregations.map(({ name }) => ({ name, items: [], other_count: 0 }));

/** Groupings of the same depth, to be counted in one round trip. */
type Count = (groups: Groups) => Promise<readonly (readonly BucketRow[])[]>;

/** Counts level by level, within the buckets that the level above has shown. */
export async function groupInto(aggregations: readonly Aggregation[], count: Count): Promise<Aggregated[]> {
  const result: Aggregated[] = [];
  let open: Open[] = aggregations.map((aggregation) => ({
    aggregation,
    levels: [],
    into: new Map([[pathOf([]), result]]),
  }));
  while (open.length > 0) {
    const found = await count(
      open.map(({ aggregation, levels }) => ({
        levels: [...levels, { key: aggregation.key }],
        limit: aggregation.limit,
      })),
    );
    open = open.flatMap((one, i) => fill(one, found[i] ?? []));
  }
  return result;
}

/** Puts the buckets of one grouping into their places and opens what is nested in them. */
function fill({ aggregation, levels, into }: Open, rows: readonly BucketRow[]): Open[] {
  const depth = levels.length;
  const made = new Map<string, Aggregated>();
  for (const [path, list] of into) {
    const aggregated: Aggregated = { name: aggregation.name, items: [], other_count: 0 };
    list.push(aggregated);
    made.set(path, aggregated);
  }
  const below = new Map<string, Aggregated[]>();
  const keys = new Set<string>();
  for (const row of rows) {
    const values = Array.from({ length: depth + 1 }, (_, i) => row[`v${i}`] ?? "");
    const parent = made.get(pathOf(values.slice(0, depth)));
    if (!parent) continue; // a combination of outer values that were each of interest, but not together
    const key = values[depth] ?? "";
    const bucket: Bucket = { key, count: row.devices };
    if (parent.items.length === 0) parent.other_count = row.total;
    parent.other_count -= row.devices;
    parent.items.push(bucket);
    if (aggregation.nested.length > 0) {
      bucket.aggregations = [];
      below.set(pathOf(values), bucket.aggregations);
      keys.add(key);
    }
  }
  if (below.size === 0) return [];
  const path = [...levels, { key: aggregation.key, only: [...keys] }];
  return aggregation.nested.map((nested) => ({ aggregation: nested, levels: path, into: below }));
}
