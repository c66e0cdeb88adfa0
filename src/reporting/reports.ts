import type { z } from "@hono/zod-openapi";
import {
  aggregateDevices,
  around,
  attributeCatalogue,
  attributesOf,
  keyOf,
  PLACE_KEY,
  searchDevices,
  within,
  termsOf,
  withPlace,
  wordsOf,
  type Aggregated,
  type Aggregation,
  type DeviceRow,
  type Predicate,
  type Search,
  type Term,
} from "../inventory/index.ts";
import type { Actor } from "../platform/actor.ts";
import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { Counted } from "../platform/paging.ts";
import type { AggregateRequest, AggregationTerm, DeviceOut, DeviceSearch, GeoFilters } from "./schema.ts";

type ReportDevice = z.output<typeof DeviceOut>;

const DAY_MS = 86_400_000;

/** The attribute `id` is the device's id, whatever scope it is asked for in. */
const keyFor = (scope: string, attribute: string): string =>
  attribute === "id" ? keyOf("identity", "id") : keyOf(scope, attribute);

function predicateOf(filter: DeviceSearch["filters"][number], i: number): Predicate {
  const isList = filter.type === "$in" || filter.type === "$nin";
  if (isList !== Array.isArray(filter.value)) {
    const text = `malformed request body: filter ${isList ? "supports only" : "doesn't support"} array values`;
    throw new Fault("bad_request", withPlace(text, `filters[${i}]: ${filter.attribute} ${filter.type}`));
  }
  const scope = filter.attribute === "id" ? "identity" : filter.scope;
  return { ...filter, scope, whole: true } as Predicate; // the schema allows no other operators
}

function placeTerms({ geo_distance_filter: circle, geo_bounding_box_filter: box }: GeoFilters): Term[] {
  if (circle) {
    const { distance, location } = circle.geo_distance;
    return [{ kind: "place", key: PLACE_KEY, ...around(location.lat, location.lon, distance) }];
  }
  if (!box) return [];
  const { top_left: first, bottom_right: last } = box.geo_bounding_box.location;
  return [
    { kind: "place", key: PLACE_KEY, north: first.lat, south: last.lat, west: first.lon, east: last.lon },
  ];
}

const searchTerms = (request: GeoFilters & Pick<DeviceSearch, "filters">): Search["terms"] => [
  ...termsOf(request.filters.map(predicateOf)),
  ...placeTerms(request),
];

const flattened = (value: ReportDevice["attributes"][number]["value"]) =>
  Array.isArray(value) && value.length === 1 ? (value[0] ?? value) : value;

function reportDevice(row: DeviceRow, projection: ReadonlySet<string> | undefined): ReportDevice {
  const attributes = attributesOf(row)
    .filter(({ scope, name }) => !projection || projection.has(keyOf(scope, name)))
    .map(({ scope, name, value }) => ({ scope, name, value: flattened(value) }));
  const day = row.check_in_ms === null ? undefined : Math.floor(row.check_in_ms / DAY_MS) * DAY_MS;
  return {
    id: row.device_id,
    attributes,
    created_ts: rfc3339(row.created_ms),
    updated_ts: rfc3339(row.updated_ms),
    ...(day !== undefined && { check_in_time: rfc3339(day) }),
  };
}

export async function searchReport(
  deps: Deps,
  actor: Actor,
  request: DeviceSearch,
): Promise<Counted & { devices: ReportDevice[] }> {
  const search: Search = {
    terms: searchTerms(request),
    ids: request.device_ids.length > 0 ? request.device_ids : undefined,
    sort: request.sort.map(({ scope, attribute, order }) => ({
      key: keyFor(scope, attribute),
      descending: order === "desc",
    })),
    words: request.text ? wordsOf(request.text) : undefined,
  };
  const page = { page: request.page, perPage: request.per_page };
  const { rows, ...total } = await searchDevices(deps, actor.tenant, within(actor, search), page);
  const selected = request.attributes.map(({ scope, attribute }) => keyFor(scope, attribute));
  const projection = selected.length > 0 ? new Set(selected) : undefined;
  return { ...total, devices: rows.map((row) => reportDevice(row, projection)) };
}

const toAggregation = (term: AggregationTerm): Aggregation => ({
  name: term.name,
  key: keyFor(term.scope ?? "", term.attribute),
  limit: term.limit,
  nested: term.aggregations.map(toAggregation),
});

export const aggregateReport = (deps: Deps, actor: Actor, request: AggregateRequest): Promise<Aggregated[]> =>
  aggregateDevices(
    deps,
    actor,
    within(actor, { terms: searchTerms(request) }),
    request.aggregations.map(toAggregation),
  );

export interface NamedAttribute {
  name: string;
  scope: string;
}

/** Attributes that can be searched for, by scope and name. */
export async function searchableAttributes(
  deps: Deps,
  actor: Actor,
): Promise<(NamedAttribute & { count: number })[]> {
  const known = await attributeCatalogue(deps, actor);
  return known
    .map(({ name, scope }) => ({ name, scope, count: 1 }))
    .toSorted((a, b) => compare(a.scope, b.scope) || compare(a.name, b.name));
}

/** Attributes that the original would give a place in its index: neither the server's own nor the status. */
export async function mappedAttributes(deps: Deps, actor: Actor): Promise<NamedAttribute[]> {
  const known = await attributeCatalogue(deps, actor);
  return known
    .filter(({ name, scope }) => scope !== "system" && !(scope === "identity" && name === "status"))
    .map(({ name, scope }) => ({ name, scope }));
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
