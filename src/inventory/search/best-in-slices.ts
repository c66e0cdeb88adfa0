import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { bestOf, type Best } from "../store/best.ts";
import { isBackwards, missingOf, sizeOf, type Way } from "../store/search.ts";
import { afterTie, tiedOn, tiedWay } from "../store/ties.ts";
import type { Position } from "../store/slices.ts";
import { Pace, SliceBudget } from "./in-slices.ts";
import type { DeviceQuery, Window } from "./query.ts";
import { MOST_DEVICES } from "./walks.ts";

/** With several sort keys pages reach so far: the best up to there are compared with each further device. */
export const SORTED_UP_TO = 20_000;

/** Devices that are sorted first: it takes longer than to look at them. */
const FIRST_SORTED = 500;

/** More devices than this with the same first value are not gone through, but looked for along the next sort key. */
const GREAT_TIE = 4 * MOST_DEVICES;

/** The ids of a page of a search with several sort keys. */
export async function bestInSlices(
  deps: Deps,
  query: DeviceQuery,
  ways: readonly Way[],
  { limit, offset }: Window,
  greatTie = GREAT_TIE,
): Promise<string[]> {
  if (offset + limit > SORTED_UP_TO)
    throw new Fault(
      "bad_request",
      `page: with several sort keys, pages reach up to the ${SORTED_UP_TO}th device.`,
    );
  const found = await new BestFinder(deps, query, greatTie).find(query.sort, ways, offset + limit);
  return found.slice(offset);
}

class BestFinder {
  readonly #deps: Deps;
  readonly #query: DeviceQuery;
  readonly #greatTie: number;
  readonly #budget = new SliceBudget();

  constructor(deps: Deps, query: DeviceQuery, greatTie: number) {
    this.#deps = deps;
    this.#query = query;
    this.#greatTie = greatTie;
  }

  /** The first so many by these keys, and then by id. */
  async find(sort: DeviceQuery["sort"], ways: readonly Way[], wanted: number): Promise<string[]> {
    const found: string[] = [];
    for (const way of ways) {
      found.push(...((await this.#along(sort, way, wanted - found.length)) ?? []));
      if (found.length >= wanted) break;
    }
    return found;
  }

  /** Undefined if more would have to be looked at than may be. */
  async #along(
    sort: DeviceQuery["sort"],
    way: Way,
    count: number,
    most = Infinity,
  ): Promise<string[] | undefined> {
    const query = { ...this.#query, sort };
    const pace = new Pace(Math.min(query.stretch, FIRST_SORTED), MOST_DEVICES);
    const idsDescending = isBackwards(this.#query);
    let best: Best["best"] = [];
    let tie: Position["value"] | undefined;
    let looked = 0;
    for (let after: Position | undefined; ;) {
      if (looked >= most) return undefined;
      looked += pace.size;
      this.#budget.spend();
      const before = { ids: best.map(({ id }) => id), count };
      const stretch = { after, size: pace.size };
      const slice = await this.#deps.db(query.tenant).one(bestOf(query, way, stretch, before, idsDescending));
      pace.took(slice.ms);
      best = slice.best;
      after = slice.end;
      // What comes later on the trail has a later value; of the same value as the last one, it may still come before it.
      const last = best.length === count ? best.at(-1) : undefined;
      const isSettled = way.trail.kind === "values" && last !== undefined && last.value !== after?.value;
      if (!after || isSettled) return best.map(({ id }) => id);
      if (after.value === tie) continue;
      tie = after.value;
      const tied = await this.#tied(query, way, after, count);
      if (!tied) continue;
      const { value } = after;
      const earlier = best.filter((one) => one.value !== value);
      best = [...earlier, ...tied.map((id) => ({ id, value }))].slice(0, count);
      if (best.length === count) return best.map(({ id }) => id);
      after = afterTie(after, isBackwards(query));
    }
  }

  /** The first of those with the value at a place, if they are very many and soon found along the next key. */
  async #tied(query: DeviceQuery, way: Way, at: Position, count: number): Promise<string[] | undefined> {
    const tie = tiedOn(query, way, at);
    if (!tie) return undefined;
    this.#budget.spend();
    const devices = await this.#deps.db(query.tenant).one(sizeOf(query.tenant, tie.term, this.#greatTie));
    if (devices <= this.#greatTie) return undefined;
    const rest = { ...query, sort: query.sort.slice(1) };
    const found = await this.#along(rest.sort, tiedWay(rest, tie), count, this.#greatTie);
    if (!found || found.length >= count) return found;
    const missing = {
      trail: { kind: "value", term: tie.term },
      further: [tie.isMet, ...missingOf(rest).further],
    } as const;
    return [...found, ...(await this.find(rest.sort, [missing], count - found.length))];
  }
}
