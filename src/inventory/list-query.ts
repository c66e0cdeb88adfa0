import { Fault } from "../platform/fault.ts";
import { cleanText, keyOf } from "./attributes.ts";
import { MAX_PREDICATES } from "./search/schema.ts";
import type { Search } from "./search/search.ts";
import { isTime, timeOf, type Comparable, type Term } from "./search/terms.ts";
import type { SortKey } from "./search/query.ts";

const RESERVED = new Set(["page", "per_page", "sort", "has_group", "group"]);
const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE = new Set(["0", "f", "F", "FALSE", "false", "False"]);

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const WHOLE_SECOND = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** `[scope/]name`; without a scope the device's own reports are meant. Names may contain further slashes. */
function namedKey(text: string): string {
  const slash = text.indexOf("/");
  return slash === -1 ? keyOf("inventory", text) : keyOf(text.slice(0, slash), text.slice(slash + 1));
}

function sortKey(text: string): SortKey {
  const colon = text.lastIndexOf(":");
  const order = colon === -1 ? "desc" : text.slice(colon + 1);
  if (order !== "asc" && order !== "desc") throw new Fault("bad_request", "invalid sort order");
  return { key: namedKey(colon === -1 ? text : text.slice(0, colon)), descending: order === "desc" };
}

/** The text in any form in which the value may be stored. */
function equalTerm(name: string, text: string): Term {
  const key = namedKey(name);
  const value = text.startsWith("eq:") ? text.slice(3) : text;
  const values: Comparable[] = [cleanText(value)];
  if (isTime(key)) {
    const ms = WHOLE_SECOND.test(value) ? timeOf(value) : undefined;
    return { kind: "any", key, values: ms === undefined ? [] : [ms], negated: false };
  }
  if (NUMBER.test(value) && Number.isFinite(Number(value))) values.push(Number(value));
  return { kind: "any", key, values, negated: false };
}

function groupTerms(query: URLSearchParams): Term[] {
  const terms: Term[] = [];
  const group = query.get("group");
  if (group) terms.push({ kind: "any", key: "system-group", values: [group], negated: false });
  const hasGroup = query.get("has_group");
  if (hasGroup !== null && hasGroup !== "") {
    if (!TRUE.has(hasGroup) && !FALSE.has(hasGroup))
      throw new Fault("bad_request", `invalid has_group query: "${hasGroup}"`);
    terms.push({ kind: "exists", key: "system-group", negated: FALSE.has(hasGroup) });
  }
  return terms;
}

/** The search that a query of the first version's device list asks for (protocol notes, inventory 4). */
export function listSearch(query: URLSearchParams): Search {
  const names = [...new Set(query.keys())].filter((name) => !RESERVED.has(name));
  const terms = [...groupTerms(query), ...names.map((name) => equalTerm(name, query.get(name) ?? ""))];
  if (terms.length > MAX_PREDICATES)
    throw new Fault("bad_request", `too many filters in query (max: ${MAX_PREDICATES})`);
  const sort = query.get("sort");
  return { terms, sort: sort ? [sortKey(sort)] : [] };
}
