import type { Deps } from "../../platform/deps.ts";
import type { TenantId } from "../../platform/ids.ts";
import { offsetOf, type Counted, type Page } from "../../platform/paging.ts";
import type { DeviceRow } from "../device-view.ts";
import { sizeOf } from "../store/search.ts";
import { FIRST_STRETCH } from "../store/slices.ts";
import type { NumberedRow } from "../store/text.ts";
import { requireRareBeginnings } from "./beginnings.ts";
import { resolveExpressions } from "./expressions.ts";
import { finderOf, pagesByAge, pagesById, textFinder, type PagesById } from "./finders.ts";
import {
  COLLECT_AT_MOST,
  isEmpty,
  planOf,
  toSurvey,
  type DeviceQuery,
  type SortKey,
  type Surveyed,
} from "./query.ts";
import { EITHER_KEY, type RegexTerm, type Term } from "./terms.ts";
import { beginningOf, countingOf, countingText, totalFrom } from "./totals.ts";

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
  /** Devices that are looked at by one statement. Differs in tests only. */
  stretch?: number;
}

export interface FoundPage extends Counted {
  rows: DeviceRow[];
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
    stretch: search.stretch ?? FIRST_STRETCH,
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
  if (isEmpty(query) || search.words?.length === 0) return { rows: [], total: 0 };
  if (search.words) await requireRareBeginnings(deps, tenant, search.words);
  const window = { limit: page.perPage, offset: offsetOf(page) };
  const surveyed = search.words ? [] : await survey(deps, query);
  const counting = await (search.words ? countingText(query, search.words) : countingOf(query, surveyed));
  const finder = search.words ? textFinder(query, search.words) : finderOf(query, planOf(query, surveyed));
  const [begun, ...parts] = await deps
    .db(tenant)
    .batch([beginningOf(counting, deps.now()), ...finder.first(window)]);
  const rows = parts.flat();
  const total = await totalFrom(deps, counting, begun);
  const left = total.isLeast ? window.limit : total.total - window.offset;
  const isFull = rows.length >= Math.min(window.limit, left);
  return { ...total, rows: isFull ? rows : await finder.further(deps, window) };
}

/** Prepares a search once for reading all it finds, in the order of ids. For work in pieces over a whole fleet. */
export async function searchById(deps: Deps, tenant: TenantId, search: Search): Promise<PagesById> {
  const query = await queryOf(deps, tenant, { ...search, sort: [] });
  if (isEmpty(query)) return async () => [];
  return pagesById(deps, query, planOf(query, await survey(deps, query)));
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
  await requireRareBeginnings(deps, tenant, words);
  return pagesByAge(deps, query, words);
}
