import type { Statement } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import type { DeviceRow } from "../device-view.ts";
import { pageStatements } from "../store/pages.ts";
import { devicesById, missingOf, searchPage, walkOf, type Way } from "../store/search.ts";
import { afterDevice, type Position } from "../store/slices.ts";
import {
  devicesByNumber,
  rankedNumbers,
  scoredOf,
  sharesOf,
  textPage,
  type NumberedRow,
} from "../store/text.ts";
import { bestInSlices } from "./best-in-slices.ts";
import { pageInSlices, someInSlices } from "./in-slices.ts";
import type { DeviceQuery, Plan, Window } from "./query.ts";
import { trailOf } from "./trail.ts";
import { textWalk, trailWalk } from "./walks.ts";

/** Finds a page of a search. */
export interface Finder {
  /** Statements that find it if it is among the first devices that they look at: if they find less, there may be more. */
  first: (window: Window) => Statement<DeviceRow[]>[];
  /** Looks at as many as it takes, in slices. */
  further: (deps: Deps, window: Window) => Promise<DeviceRow[]>;
}

type Collect = Extract<Plan, { kind: "collect" }>;

/** Where a plan's devices are met in its order, one way after the other. Those that are collected are met in another. */
const waysOf = (query: DeviceQuery, plan: Exclude<Plan, Collect>): Way[] =>
  plan.kind === "walk"
    ? [walkOf(query, plan.bounds), ...(plan.bounds ? [] : [missingOf(query)])]
    : [{ trail: trailOf(plan.driver) }];

/** Further away than what is looked at first, a page is not looked for among it. */
const isNear = ({ stretch }: DeviceQuery, { offset, limit }: Window): boolean => offset + limit <= stretch;

/** All are looked at, so that no page is too far away, and none has more behind it. */
const collecting = (query: DeviceQuery, plan: Collect): Finder => ({
  first: (window) => [searchPage(query, plan, window)],
  further: (deps, window) => deps.db(query.tenant).one(searchPage(query, plan, window)),
});

export function finderOf(query: DeviceQuery, plan: Plan): Finder {
  if (plan.kind === "collect") return collecting(query, plan);
  const hasOwnOrder = plan.kind === "walk" && query.sort.length > 1;
  const ways = waysOf(query, plan);
  return {
    first: (window) => (hasOwnOrder || !isNear(query, window) ? [] : pageStatements(query, plan, window)),
    further: async (deps, window) => {
      const find = hasOwnOrder ? bestInSlices : alongInSlices;
      const ids = await find(deps, query, ways, window);
      return deps.db(query.tenant).one(devicesById(query.tenant, ids));
    },
  };
}

const alongInSlices = (deps: Deps, query: DeviceQuery, ways: readonly Way[], window: Window) =>
  pageInSlices(
    deps,
    query.tenant,
    ways.map((way) => trailWalk(query, way)),
    window,
  );

/** Numbers of devices come from the text index in place of ids. */
const numbers = (ids: readonly (string | number)[]): number[] => ids.map(Number);

export function textFinder(query: DeviceQuery, words: readonly string[]): Finder {
  const walks = sharesOf(words).map((share) => textWalk(query, words, share));
  return {
    first: (window) => (isNear(query, window) ? [textPage(query, words, window)] : []),
    further: async (deps, window) => {
      const along = async (further: Window) =>
        numbers(await pageInSlices(deps, query.tenant, walks, further));
      const found = await bestFirst(deps, query, words, window, along);
      return deps.db(query.tenant).one(devicesByNumber(found));
    },
  };
}

/** A page of what is met along the walks, after the first of them were put in the order of their words. */
async function bestFirst(
  deps: Deps,
  query: DeviceQuery,
  words: readonly string[],
  window: Window,
  along: (window: Window) => Promise<number[]>,
): Promise<number[]> {
  const scored = scoredOf(words);
  if (window.offset >= scored) return along(window);
  const end = window.offset + window.limit;
  const met = await along({ offset: 0, limit: Math.max(scored, end) });
  const best = await deps.db(query.tenant).one(rankedNumbers(query, words, met.slice(0, scored)));
  return [...best, ...met.slice(scored)].slice(window.offset, end);
}

/** Reads a search by id from a given device on, page after page. Only the last one may have less than the limit. */
export type PagesById = (window: { after?: DeviceId | undefined; limit: number }) => Promise<DeviceRow[]>;

export function pagesById(deps: Deps, query: DeviceQuery, plan: Plan): PagesById {
  const { tenant } = query;
  const walk = plan.kind === "stream" && trailWalk(query, { trail: trailOf(plan.driver) });
  return async (window) => {
    const rows = await deps.db(tenant).one(searchPage(query, plan, { ...window, offset: 0 }));
    if (!walk || rows.length >= window.limit) return rows;
    const after = window.after === undefined ? undefined : afterDevice(window.after);
    const ids = await someInSlices(deps, tenant, walk, after, window.limit);
    return ids.length === rows.length ? rows : deps.db(tenant).one(devicesById(tenant, ids));
  };
}

/** The same of words: in the order of age, from a given number on. */
export const pagesByAge =
  (deps: Deps, query: DeviceQuery, words: readonly string[]) =>
  async ({ after, limit }: { after: number; limit: number }): Promise<NumberedRow[]> => {
    const { tenant }: { tenant: TenantId } = query;
    const from: Position = { type: "integer", value: String(after), device: "" };
    const ids = await someInSlices(deps, tenant, textWalk(query, words, "any"), from, limit);
    return deps.db(tenant).one(devicesByNumber(numbers(ids)));
  };
