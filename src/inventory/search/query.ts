import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { ID_KEY, type AnyTerm, type Term } from "./terms.ts";

export interface SortKey {
  key: string;
  descending: boolean;
}

/** A search for devices, its expressions resolved. */
export interface DeviceQuery {
  tenant: TenantId;
  terms: Term[];
  /** Only these devices. */
  ids?: readonly string[] | undefined;
  sort: readonly SortKey[];
  /** Devices that may be collected. */
  collect: number;
  /** Devices that are looked at first; whatever is not done with them is done in slices. */
  stretch: number;
}

/** Which devices to return: by place in the order, or those after an id if the order is by id. */
export interface Window {
  limit: number;
  offset: number;
  after?: DeviceId | undefined;
}

/** Where the devices of a search are found first; everything else about them is checked one by one. */
export type Driver =
  /** Every device, by id. */
  | { kind: "devices" }
  /** The devices with one value, by id. */
  | { kind: "value"; term: Term }
  /** The devices with any of some values, in no useful order. */
  | { kind: "set"; term: Term }
  /** As many as wanted of each of some values of which a device has one, put together by id. */
  | { kind: "merged"; term: AnyTerm }
  /** Devices named by the search. */
  | { kind: "ids"; ids: readonly string[] };

/** One with a trail along which its devices are met. */
export type Trailed = Exclude<Driver, { kind: "ids" }>;

export type Plan =
  /** Found in the order wanted: reading stops with the page. */
  | { kind: "stream"; driver: Trailed }
  /** Read along the values of the first sort key. */
  | { kind: "walk"; bounds: Term | undefined }
  /** All found, then sorted. Only for few. */
  | { kind: "collect"; driver: Driver };

/** Up to this many devices are collected and sorted rather than looked for along the order. */
export const COLLECT_AT_MOST = 1000;

const FACETS = ["system-group", "identity-status", "system-tier"];

/** Attributes whose combinations are counted as they change, so that totals over them need no counting. */
export const isFacet = ({ key }: { key: string }): boolean => FACETS.includes(key);

/** Several values of such an attribute. */
export const isMergeable = (term: Term): term is AnyTerm =>
  isFacet(term) && term.kind === "any" && !term.negated && term.values.length > 1;

/** A search that no device can satisfy. */
export const isEmpty = ({ terms, ids }: DeviceQuery): boolean =>
  ids?.length === 0 || terms.some((term) => term.kind === "any" && !term.negated && term.values.length === 0);

/** True if few enough devices may be found by the term for it to be a driver. */
export const isDrivable = (term: Term): boolean => {
  if (term.key === ID_KEY) return term.kind === "any" && !term.negated;
  if (term.kind === "place") return true;
  if (term.kind === "either") return false;
  return term.kind === "range" ? !term.orMissing : !term.negated;
};

const isOneValue = (term: Term): boolean => term.kind === "any" && term.values.length === 1;

export const driverOf = (term: Term): Driver => {
  if (term.key === ID_KEY && term.kind === "any")
    return { kind: "ids", ids: term.values.filter((value) => typeof value === "string") };
  return { kind: isOneValue(term) ? "value" : "set", term };
};

/** Terms whose number of devices must be known before a good plan can be made. */
export function toSurvey(query: DeviceQuery): Term[] {
  const open = query.terms.filter((term) => isDrivable(term) && !isFacet(term) && term.key !== ID_KEY);
  const [only] = open;
  if (query.ids || query.terms.some((term) => term.key === ID_KEY && isDrivable(term))) return [];
  if (open.length > 1) return open;
  if (!only) return [];
  const [first] = query.sort;
  const ready = first ? first.key === only.key : driverOf(only).kind === "value";
  return ready ? [] : open;
}

export interface Surveyed {
  term: Term;
  devices: number;
}

/** The plan for a page, from the numbers of devices found for the surveyed terms. */
export function planOf(query: DeviceQuery, surveyed: readonly Surveyed[]): Plan {
  const named = driverOfIds(query);
  if (named) return { kind: "collect", driver: named };
  const smallest = surveyed.toSorted((a, b) => a.devices - b.devices)[0];
  const [first] = query.sort;
  if (first && first.key !== ID_KEY) {
    // An attribute that exists may be an empty list, which no value of the walk stands for.
    const bounds = query.terms.find(
      (term) => term.key === first.key && term.kind !== "exists" && isDrivable(term),
    );
    if (smallest && smallest.devices <= query.collect && smallest.term !== bounds)
      return { kind: "collect", driver: driverOf(smallest.term) };
    return { kind: "walk", bounds };
  }
  if (smallest && smallest.devices <= query.collect && driverOf(smallest.term).kind === "set")
    return { kind: "collect", driver: driverOf(smallest.term) };
  return { kind: "stream", driver: streamDriver(query, smallest) };
}

const driverOfIds = (query: DeviceQuery): Driver | undefined => {
  if (query.ids) return { kind: "ids", ids: query.ids };
  const byId = query.terms.find((term) => term.key === ID_KEY && isDrivable(term));
  return byId && driverOf(byId);
};

function streamDriver(query: DeviceQuery, smallest: Surveyed | undefined): Trailed {
  if (smallest && isOneValue(smallest.term)) return { kind: "value", term: smallest.term };
  const values = query.terms.filter((term) => isDrivable(term) && isOneValue(term));
  const open = values.find((term) => !isFacet(term));
  const facet = FACETS.flatMap((key) => values.filter((term) => term.key === key))[0];
  const best = open ?? facet;
  return best ? { kind: "value", term: best } : { kind: "devices" };
}

/** Where counting begins: the smallest set known, else any that leaves devices out. */
export function countDriver(query: DeviceQuery, surveyed: readonly Surveyed[]): Driver {
  const named = driverOfIds(query);
  if (named) return named;
  const smallest = surveyed.toSorted((a, b) => a.devices - b.devices)[0];
  const first =
    smallest?.term ??
    query.terms.find((term) => isDrivable(term) && !isFacet(term)) ??
    query.terms.find(isDrivable);
  return first ? driverOf(first) : { kind: "devices" };
}

/** Where a search finds so few devices that each of them is looked at at once; nothing if it may find many. */
export function fewDriver(query: DeviceQuery, surveyed: readonly Surveyed[]): Driver | undefined {
  const driver = countDriver(query, surveyed);
  const isFew = surveyed.some(({ devices }) => devices <= query.collect);
  return driver.kind === "ids" || isFew ? driver : undefined;
}
