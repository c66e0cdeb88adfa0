import type { Deps } from "../../platform/deps.ts";
import {
  bucketsOfKinds,
  bucketsOn,
  readsRows,
  type BucketRow,
  type GroupLevel,
  type Grouping,
} from "../store/aggregate.ts";
import type { Position } from "../store/slices.ts";
import { Pace, SliceBudget } from "./in-slices.ts";
import { isFacet, type DeviceQuery } from "./query.ts";
import { MOST_DEVICES, MOST_VALUES } from "./walks.ts";

/** Groupings, each by the last of its levels within the others, and how many buckets of it are shown. */
export type Groups = readonly { levels: readonly GroupLevel[]; limit: number }[];

const compare = (a = "", b = ""): number => (a < b ? -1 : a > b ? 1 : 0);

const isBefore = (a: BucketRow, b: BucketRow, last: `v${number}`): number =>
  b.devices - a.devices || compare(a[last], b[last]);

/** The greatest buckets within each combination of outer values: no more are kept however many there are. */
class Greatest {
  readonly #kept = new Map<string, { rows: BucketRow[]; total: number }>();
  readonly #depth: number;
  readonly #limit: number;

  constructor(depth: number, limit: number) {
    this.#depth = depth;
    this.#limit = limit;
  }

  add(row: BucketRow): void {
    const path = JSON.stringify(Array.from({ length: this.#depth }, (_, i) => row[`v${i}`]));
    const kept = this.#kept.get(path) ?? { rows: [], total: 0 };
    this.#kept.set(path, kept);
    kept.total += row.devices;
    const at = kept.rows.findLastIndex((other) => isBefore(other, row, `v${this.#depth}`) < 0) + 1;
    if (at < this.#limit) kept.rows.splice(at, 0, row);
    if (kept.rows.length > this.#limit) kept.rows.pop();
  }

  rows(): BucketRow[] {
    return [...this.#kept.values()].flatMap(({ rows, total }) => rows.map((row) => ({ ...row, total })));
  }
}

/** Counts groupings of one search in slices. */
export class BucketCounter {
  readonly #deps: Deps;
  readonly #query: DeviceQuery;
  readonly #budget = new SliceBudget();
  /** It took more than one slice. */
  isCostly = false;

  constructor(deps: Deps, query: DeviceQuery) {
    this.#deps = deps;
    this.#query = query;
  }

  async count(groups: Groups): Promise<BucketRow[][]> {
    const found: BucketRow[][] = [];
    for (const { levels, limit } of groups)
      found.push(await this.#one({ query: this.#query, levels }, limit));
    return found;
  }

  async #one(grouping: Grouping, limit: number): Promise<BucketRow[]> {
    const { query, levels } = grouping;
    const db = this.#deps.db(query.tenant);
    if (!query.ids && [...query.terms, ...levels].every(isFacet))
      return db.one(bucketsOfKinds(grouping, limit));
    const last: `v${number}` = `v${levels.length - 1}`;
    const greatest = new Greatest(levels.length - 1, limit);
    const pace = new Pace(query.stretch, readsRows(grouping) ? MOST_DEVICES : MOST_VALUES);
    // What is counted of a value goes on as long as slices meet it.
    let open = new Map<string, BucketRow>();
    for (let after: Position | undefined; ;) {
      this.#budget.spend();
      const { rows, end, ms } = await db.one(bucketsOn(grouping, { after, size: pace.size }));
      pace.took(ms);
      for (const row of rows) {
        const path = JSON.stringify(Object.entries(row).filter(([name]) => name !== "devices"));
        const before = open.get(path);
        open.set(path, before ? { ...row, devices: before.devices + row.devices } : row);
      }
      const still = new Map<string, BucketRow>();
      for (const [path, row] of open) {
        if (end && row[last] === end.value) still.set(path, row);
        else greatest.add(row);
      }
      open = still;
      if (!end) return greatest.rows();
      this.isCostly = true;
      after = end;
    }
  }
}
