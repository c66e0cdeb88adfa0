import { api } from "../../api/client.ts";
import { isLeast } from "../../api/listed.ts";
import type { components } from "../../api/schema.d.ts";
import { attributeOf } from "../../query/words.ts";
import { parse } from "../../query/parse.ts";
import { searchFor } from "../../query/search.ts";

type SearchParams = components["schemas"]["SearchParams"];

const DEFAULT_SORT: NonNullable<SearchParams["sort"]> = [];

/** The order as it stands in the address: `name`, or `-name`. */
function sortOf(sort: string): NonNullable<SearchParams["sort"]> {
  if (sort === "") return DEFAULT_SORT;
  const isDown = sort.startsWith("-");
  const { scope, attribute } = attributeOf(isDown ? sort.slice(1) : sort);
  return [{ scope, attribute, order: isDown ? "desc" : "asc" }];
}

/** What a query asks of the server, without a page; undefined if it cannot be understood whole. */
export function searchBody(query: string, nowMs: number): SearchParams | undefined {
  const { filters, any, text, mistakes } = searchFor(parse(query), nowMs);
  if (mistakes.length > 0) return undefined;
  return { filters, ...(any && { any }), ...(text !== undefined && { text }) };
}

export async function findPage(
  body: SearchParams,
  { page, perPage, sort }: { page: number; perPage: number; sort: string },
  signal?: AbortSignal,
) {
  const { data, response } = await api.POST("/api/management/v2/inventory/filters/search", {
    body: { ...body, page, per_page: perPage, sort: sortOf(sort) },
    ...(signal && { signal }),
  });
  const total = Number(response.headers.get("x-total-count") ?? Number.NaN);
  return { rows: data ?? [], total, isLeast: isLeast(response) };
}

/** When devices were heard of last, to the second; of nobody if the server cannot say. */
export async function lastSeen(ids: readonly string[], signal?: AbortSignal): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const { data } = await api.GET("/api/management/v1/inventory/presence", {
    params: { query: { id: [...ids] } },
    ...(signal && { signal }),
  });
  return new Map((data ?? []).map(({ id, last_seen }) => [id, last_seen]));
}

const IDS_A_PAGE = 500;
/** More than these are first made fewer by the query. */
export const MOST_AT_ONCE = 5000;

/** The ids of all that match, read before anything is changed: a change may end the match. */
export async function allIds(body: SearchParams, signal: AbortSignal): Promise<string[]> {
  const ids: string[] = [];
  const attributes = [{ scope: "identity", attribute: "status" } as const];
  for (let page = 1; ids.length < MOST_AT_ONCE; page++) {
    const { rows } = await findPage({ ...body, attributes }, { page, perPage: IDS_A_PAGE, sort: "" }, signal);
    ids.push(...rows.map(({ id }) => id));
    if (rows.length < IDS_A_PAGE) break;
  }
  return ids;
}
