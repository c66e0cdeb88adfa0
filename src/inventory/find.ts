import type { Actor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { Counted, Page } from "../platform/paging.ts";
import { devicesFor } from "../platform/permissions.ts";
import { cleanText, keyOf } from "./attributes.ts";
import { deviceOf, type Device } from "./device-view.ts";
import {
  MAX_PREDICATES,
  type ExportRequest,
  type IdentitySearchRequest,
  type SearchRequest,
} from "./search/schema.ts";
import { searchDevices, type Search } from "./search/search.ts";
import { searchWithin } from "./search/within.ts";
import { termsOf, type Term } from "./search/terms.ts";
import { wordsOf } from "./search/search-text.ts";

export interface FoundDevices extends Counted {
  devices: Device[];
}

type Selected = { scope: string; attribute: string }[] | undefined;

const projectionOf = (selected: Selected): ReadonlySet<string> | undefined =>
  selected && selected.length > 0
    ? new Set(selected.map(({ scope, attribute }) => keyOf(scope, attribute)))
    : undefined;

/** Refuses more conditions than a statement takes, in whatever groups they come. */
function groupsOf({ filters = [], any }: Pick<ExportRequest, "filters" | "any">) {
  if (any && filters.length + any.flat().length > MAX_PREDICATES)
    throw new Fault("bad_request", `any: with filters, no more than ${MAX_PREDICATES} conditions are taken.`);
  return any?.map((group, i) => termsOf(group, `any[${i}]`));
}

/** What a request of the second version asks for. */
export const searchOf = (request: ExportRequest & Pick<Partial<SearchRequest>, "sort">): Search => ({
  terms: termsOf(request.filters ?? []),
  groups: groupsOf(request),
  ids: request.device_ids && request.device_ids.length > 0 ? request.device_ids : undefined,
  sort: (request.sort ?? []).map(({ scope, attribute, order }) => ({
    key: keyOf(scope, attribute),
    descending: order === "desc",
  })),
  words: request.text ? wordsOf(request.text) : undefined,
});

/** What an actor may see of it. */
export const within = (actor: Actor, search: Search): Search =>
  searchWithin(search, devicesFor(actor, "devices:read"));

async function find(
  deps: Deps,
  actor: Actor,
  search: Search,
  page: Page,
  selected?: Selected,
): Promise<FoundDevices> {
  const { rows, ...total } = await searchDevices(deps, actor.tenant, within(actor, search), page);
  const projection = projectionOf(selected);
  return { ...total, devices: rows.map((row) => deviceOf(row, projection)) };
}

export const findDevices = (deps: Deps, actor: Actor, request: SearchRequest): Promise<FoundDevices> =>
  find(deps, actor, searchOf(request), { page: request.page, perPage: request.per_page }, request.attributes);

export const listDevices = (deps: Deps, actor: Actor, search: Search, page: Page): Promise<FoundDevices> =>
  find(deps, actor, search, page);

/** Devices whose id, identity attribute or tag begins with a text. */
export function findByIdentity(
  deps: Deps,
  actor: Actor,
  request: IdentitySearchRequest,
): Promise<FoundDevices> {
  const key = keyOf(request.scope, request.name);
  const low = { value: cleanText(request.value_prefix), inclusive: true };
  const high = { value: `${low.value}\u{10FFFF}`, inclusive: true };
  const term: Term = { kind: "range", key, low, high, orMissing: false };
  const sort = [{ key, descending: false }];
  return find(
    deps,
    actor,
    { terms: [term], sort },
    { page: request.page, perPage: request.per_page },
    request.attributes,
  );
}
