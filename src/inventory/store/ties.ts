import { sql, type SQL } from "drizzle-orm";
import type { DeviceQuery } from "../search/query.ts";
import { ID_KEY, type AnyTerm, type Comparable } from "../search/terms.ts";
import { asLookUp, columnOf } from "./conditions.ts";
import { isBackwards, sortValue, walkOf, type Way } from "./search.ts";
import { valueOf, type Position } from "./slices.ts";
import { firstMember } from "./trail.ts";

/** Devices with the same value of the first sort key. */
export interface Tie {
  term: AnyTerm;
  /** On the row `d` of a device: of an array the member counts that comes first. */
  isMet: SQL;
}

/** The value of a place as conditions take it; bytes stand for booleans. */
function comparable({ type, value }: Position): Comparable | undefined {
  if (value === null) return undefined;
  if (type === "blob") return value === "01" || value === "00" ? value === "01" : undefined;
  return type === "integer" ? Number(value) : value;
}

/** What the first value of devices on the trail of a search is. */
export function metValue(query: DeviceQuery, { trail }: Way): SQL {
  const [first] = query.sort;
  if (!first) throw new Error("only a sorted search has an order of its own");
  const bounds = trail.kind === "values" ? trail.bounds : undefined;
  return (
    columnOf(first.key) ?? (bounds ? firstMember(first.key, bounds, isBackwards(query)) : sortValue(first))
  );
}

/** Those with the value at a place, where a further key tells which of them comes first. */
export function tiedOn(query: DeviceQuery, way: Way, at: Position): Tie | undefined {
  const [first, second] = query.sort;
  const value = comparable(at);
  if (way.trail.kind !== "values" || !first || !second || second.key === ID_KEY || value === undefined)
    return undefined;
  return {
    term: { kind: "any", key: first.key, values: [value], negated: false, kept: true },
    isMet: sql`${metValue(query, way)} = ${valueOf(at)}`,
  };
}

/** Along the values of the next key; a look-up tells who is among the tied before their rows are read. */
export function tiedWay(rest: DeviceQuery, { term, isMet }: Tie): Way {
  const { trail, further = [] } = walkOf(rest, undefined);
  const among = asLookUp(term, rest.tenant, sql.raw("v.device_id"));
  return { trail, further: [...further, ...(among ? [among] : []), isMet] };
}

/** Ids are texts that no such character begins. */
const LAST_ID = "\u{10FFFF}";

/** Behind all that have the value of a place. */
export const afterTie = (at: Position, descending: boolean): Position => ({
  ...at,
  device: descending ? "" : LAST_ID,
});
