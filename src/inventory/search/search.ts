import type { Deps } from "../../platform/deps.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { offsetOf, type Page } from "../../platform/paging.ts";
import type { DeviceRow } from "../device-view.ts";
import { pageStatements } from "../store/pages.ts";
import { countPresent, searchMissing, searchPage, sizeOf } from "../store/search.ts";
import { textAfter, textPage, type NumberedRow } from "../store/text.ts";
import { totalOf } from "../store/totals.ts";
import { resolveExpressions } from "./expressions.ts";
import {
  COLLECT_AT_MOST,
  isEmpty,
  planOf,
  toSurvey,
  type DeviceQuery,
  type SortKey,
  type Surveyed,
  type Window,
} from "./query.ts";
import { EITHER_KEY, type RegexTerm, type Term } from "./terms.ts";
import { countingOf, countingText, rememberLater, totalStatement } from "./totals.ts";

/** A search as the domain's verbs put it. */
export interface Search {
  terms: readonly (Term | RegexTerm)[];
  /** Beside those, all conditions of one of these groups. */
  groups?: readonly (readonly (Term | RegexTerm)[])[] | undefined;
  ids?: readonly string[] | undefined;
  sort?: readonly SortKey[];
  /** Words of which a device has any; its order then is by how many, and by score. */
  words?: readonly string[] | undefined;
  /** Devices that may be collected and sorted; more are read along the order. Differs in tests only. */
  collect?: number;
}

export interface FoundPage {
  rows: DeviceRow[];
  total: number;
}

export async function queryOf(deps: Deps, tenant: TenantId, search: Search): Promise<DeviceQuery> {
  const groups = search.groups ?? [];
  const resolved = await resolveExpressions(deps, tenant, [...search.terms, ...groups.flat()]);
  const terms = resolved.splice(0, search.terms.length);
  const either = groups.map((group) => resolved.splice(0, group.length));
  return {
    tenant,
    terms: either.length > 0 ? [...terms, { kind: "either", key: EITHER_KEY, groups: either }] : terms,
    ids: search.ids,
    sort: search.sort ?? [],
    collect: search.collect ?? COLLECT_AT_MOST,
  };
}

async function survey(deps: Deps, query: DeviceQuery): Promise<Surveyed[]> {
  const terms = toSurvey(query);
  // Without a sort a page can also be read along the ids, so that only a much smaller set is worth collecting.
  const bound = query.sort.length > 0 ? query.collect : Math.ceil(query.collect / 5);
  const sizes = await deps.db(query.tenant).batch(terms.map((term) => sizeOf(query.tenant, term, bound)));
  const known = (size = Infinity) => (size > bound ? Infinity : size);
  return terms.map((term, i) => ({ term, devices: known(sizes[i]) }));
}

/** A search with its expressions resolved and what is known of its conditions. */
export async function prepareSearch(
  deps: Deps,
  tenant: TenantId,
  search: Search,
): Promise<{ query: DeviceQuery; surveyed: Surveyed[] }> {
  const query = await queryOf(deps, tenant, search);
  return { query, surveyed: isEmpty(query) ? [] : await survey(deps, query) };
}

/** One page of a search with the number of all devices it finds. */
export async function searchDevices(
  deps: Deps,
  tenant: TenantId,
  search: Search,
  page: Page,
): Promise<FoundPage> {
  const query = await queryOf(deps, tenant, search);
  if (isEmpty(query)) return { rows: [], total: 0 };
  const window = { limit: page.perPage, offset: offsetOf(page) };
  if (search.words) return searchText(deps, query, search.words, window);
  const surveyed = await survey(deps, query);
  const counting = await countingOf(query, surveyed);
  const plan = planOf(query, surveyed);
  const [total, ...parts] = await deps
    .db(tenant)
    .batch([totalStatement(counting, deps.now()), ...pageStatements(query, plan, window)]);
  rememberLater(deps, counting, total);
  const found = { rows: parts.flat(), total: total.total };
  const wanted = Math.min(page.perPage, found.total - window.offset);
  const walked = plan.kind === "walk" && !plan.bounds;
  return walked && found.rows.length < wanted ? withMissing(deps, query, window, found) : found;
}

async function searchText(
  deps: Deps,
  query: DeviceQuery,
  words: readonly string[],
  window: Window,
): Promise<FoundPage> {
  if (words.length === 0) return { rows: [], total: 0 };
  const counting = await countingText(query, words);
  const [total, rows] = await deps
    .db(query.tenant)
    .batch([totalStatement(counting, deps.now()), textPage(query, words, window)]);
  rememberLater(deps, counting, total);
  return { rows, total: total.total };
}

/** A sort along values does not meet the devices that lack the attribute: these fill up the last pages. */
async function withMissing(
  deps: Deps,
  query: DeviceQuery,
  window: Window,
  found: FoundPage,
): Promise<FoundPage> {
  const skipped =
    found.rows.length > 0
      ? 0
      : window.offset - (await deps.db(query.tenant).one(totalOf(countPresent(query)))).total;
  const rest = await deps.db(query.tenant).one(
    searchMissing(query, {
      limit: window.limit - found.rows.length,
      offset: Math.max(0, skipped),
    }),
  );
  return { ...found, rows: [...found.rows, ...rest] };
}

/** Reads a search by id from a given device on, page after page. */
export type PagesById = (window: { after?: DeviceId | undefined; limit: number }) => Promise<DeviceRow[]>;

/** Prepares a search once for reading all it finds, in the order of ids. For work in pieces over a whole fleet. */
export async function searchById(deps: Deps, tenant: TenantId, search: Search): Promise<PagesById> {
  const query = await queryOf(deps, tenant, { ...search, sort: [] });
  if (isEmpty(query)) return async () => [];
  const plan = planOf(query, await survey(deps, query));
  return (window) => deps.db(tenant).one(searchPage(query, plan, { ...window, offset: 0 }));
}

/** As `searchById` for words, whose devices come in the order in which they were made. */
export async function searchTextByAge(
  deps: Deps,
  tenant: TenantId,
  search: Search,
): Promise<(window: { after: number; limit: number }) => Promise<NumberedRow[]>> {
  const query = await queryOf(deps, tenant, search);
  const words = search.words ?? [];
  if (isEmpty(query) || words.length === 0) return async () => [];
  return (window) => deps.db(tenant).one(textAfter(query, words, window));
}
