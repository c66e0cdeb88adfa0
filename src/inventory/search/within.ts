import type { DeviceReach } from "../../platform/reach.ts";
import { keyOf } from "../attributes.ts";
import type { Search } from "./search.ts";

const common = (ids: readonly string[] | undefined, reached: readonly string[]) =>
  ids ? ids.filter((id) => reached.includes(id)) : reached;

/** The same search among the devices within reach. A reach of groups and of single devices is that of its groups here. */
export function searchWithin(search: Search, reach: DeviceReach): Search {
  if (reach === "all") return search;
  if (reach.groups.length === 0) return { ...search, ids: common(search.ids, reach.ids) };
  const inGroups = {
    kind: "any" as const,
    key: keyOf("system", "group"),
    values: [...new Set(reach.groups)],
    negated: false,
  };
  return { ...search, terms: [...search.terms, inGroups] };
}
