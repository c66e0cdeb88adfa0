import { sql, type SQL } from "drizzle-orm";
import { entryPath, valuePath } from "../attributes.ts";
import { inventoryValuesTable } from "../tables.ts";
import { atPlace, HAS_LATITUDE } from "./place.ts";
import {
  ID_KEY,
  type AnyTerm,
  type Bound,
  type Comparable,
  type EitherTerm,
  type PlaceTerm,
  type Term,
} from "../search/terms.ts";

/** Characters of a text that the table of searchable values keeps. */
const KEPT_CHARACTERS = 256;

const COLUMNS: Record<string, string> = {
  [ID_KEY]: "d.device_id",
  "identity-status": "d.status",
  "system-group": "d.group_name",
  "system-tier": "d.tier",
  "system-created_ts": "d.created_ms",
  "system-updated_ts": "d.updated_ms",
  "system-check_in_time": "d.check_in_ms",
};

export const columnOf = (key: string): SQL | undefined => {
  const column = Object.hasOwn(COLUMNS, key) ? COLUMNS[key] : undefined;
  return column === undefined ? undefined : sql.raw(column);
};

const NEVER = sql`0`;
export const ALWAYS = sql`1`;

export const all = (conditions: readonly SQL[]): SQL =>
  conditions.length === 0 ? ALWAYS : sql.join([...conditions], sql` AND `);

export const some = (conditions: readonly SQL[]): SQL =>
  conditions.length === 0 ? NEVER : sql`(${sql.join([...conditions], sql` OR `)})`;

const listed = (column: SQL, values: readonly (string | number)[]): SQL => {
  const [only] = values;
  if (only === undefined) return NEVER;
  if (values.length === 1) return sql`${column} = ${only}`;
  return sql`${column} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`;
};

const bounds = (column: SQL, low: Bound | undefined, high: Bound | undefined): SQL[] => [
  ...(low ? [low.inclusive ? sql`${column} >= ${low.value}` : sql`${column} > ${low.value}`] : []),
  ...(high ? [high.inclusive ? sql`${column} <= ${high.value}` : sql`${column} < ${high.value}`] : []),
];

const isScalar = (value: Comparable): value is string | number => typeof value !== "boolean";

type OnAttribute = Exclude<Term, PlaceTerm | EitherTerm>;

/** A term as a condition on the row `d` of a device. */
export function onDevice(term: Term): SQL {
  if (term.kind === "place") return atPlace(term);
  if (term.kind === "either") return some(term.groups.map((group) => sql`(${all(group.map(onDevice))})`));
  const column = columnOf(term.key);
  return column ? onColumn(term, column) : onStored(term);
}

function onColumn(term: OnAttribute, column: SQL): SQL {
  switch (term.kind) {
    case "any": {
      const within = listed(column, term.values.filter(isScalar));
      return term.negated ? sql`(${column} IS NULL OR NOT (${within}))` : within;
    }
    case "range": {
      const within = all(bounds(column, term.low, term.high));
      return term.orMissing ? sql`(${column} IS NULL OR (${within}))` : sql`(${within})`;
    }
    case "exists":
      return term.negated ? sql`${column} IS NULL` : sql`${column} IS NOT NULL`;
  }
}

const member = sql.raw("m.atom");
const keptMember = sql.raw("CASE m.type WHEN 'text' THEN substr(m.atom, 1, 256) ELSE m.atom END");
const isNumber = sql.raw("m.type IN ('integer', 'real')");
const isText = sql.raw("m.type = 'text'");

/** True if a member of the attribute satisfies the condition on `m`; a plain value is its own only member. */
const anyMember = (key: string, condition: SQL): SQL =>
  sql`EXISTS (SELECT 1 FROM json_each(d.attributes, ${valuePath(key)}) m WHERE ${condition})`;

const missing = (key: string): SQL => sql`json_type(d.attributes, ${entryPath(key)}) IS NULL`;

function onStored(term: OnAttribute): SQL {
  switch (term.kind) {
    case "any": {
      const found = anyMember(term.key, amongMembers(term.values, term.kept ? keptMember : member));
      return term.negated ? sql`NOT ${found}` : found;
    }
    case "range": {
      const type = typeof (term.low ?? term.high)?.value === "number" ? isNumber : isText;
      const found = anyMember(term.key, all([type, ...bounds(member, term.low, term.high)]));
      return term.orMissing ? sql`(${missing(term.key)} OR ${found})` : found;
    }
    case "exists":
      return term.negated ? missing(term.key) : sql`NOT (${missing(term.key)})`;
  }
}

/** Booleans read as the numbers 1 and 0, so their type must be looked at. */
const amongMembers = (values: readonly Comparable[], column: SQL): SQL => {
  const scalars = values.filter(isScalar);
  const booleans = values.filter((value) => !isScalar(value));
  return some([
    ...(scalars.length > 0 ? [sql`(${listed(column, scalars)} AND m.type NOT IN ('true', 'false'))`] : []),
    ...booleans.map((value) => sql`m.type = ${String(value)}`),
  ]);
};

/** A value as the table of searchable values keeps it. */
const kept = (value: Comparable): SQL =>
  typeof value === "boolean"
    ? sql.raw(value ? "x'01'" : "x'00'")
    : sql`${typeof value === "string" ? cut(value) : value}`;

const cut = (text: string): string =>
  text.length <= KEPT_CHARACTERS ? text : Array.from(text).slice(0, KEPT_CHARACTERS).join("");

/** True if no other value is kept in the same form. */
const isExact = (value: Comparable): boolean => typeof value !== "string" || value.length < KEPT_CHARACTERS;

/** True if no value is kept in the form of a bound of the range without being within it. */
export const isExactRange = (term: Term): boolean =>
  term.kind === "range" &&
  !term.orMissing &&
  [term.low, term.high].every((bound) => bound === undefined || isExact(bound.value));

/** The texts and numbers of a list as the table of searchable values keeps them. */
export const keptTexts = (term: AnyTerm): (string | number)[] => [
  ...new Set(term.values.filter(isScalar).map((value) => (typeof value === "string" ? cut(value) : value))),
];

/** True if what `onValues` selects for the term needs no second look. */
export const isSelective = (term: Term): boolean =>
  term.kind === "any" && !term.negated && (term.kept === true || term.values.every(isExact));

/**
 * The searchable values that may satisfy a term, as a condition on `v`. What it selects is a superset: a text that is
 * longer than what is kept must be compared again on the device. Nothing for terms that also take missing attributes.
 */
export function onValues(term: Term): SQL | undefined {
  if (term.kind === "place") return HAS_LATITUDE;
  if (term.kind === "either") return undefined;
  if (term.kind === "exists") return term.negated ? undefined : sql`v.key = ${term.key}`;
  if (term.kind === "range") return term.orMissing ? undefined : rangeOfValues(term.key, term.low, term.high);
  if (term.negated) return undefined;
  const [only] = term.values;
  if (term.values.length === 1 && only !== undefined)
    return sql`v.key = ${term.key} AND v.value = ${kept(only)}`;
  const scalars = keptTexts(term);
  const booleans = term.values.filter((value) => !isScalar(value)).map(kept);
  const list = sql`SELECT value FROM json_each(${JSON.stringify(scalars)})`;
  const values = [list, ...booleans.map((value) => sql`SELECT ${value}`)];
  return sql`v.key = ${term.key} AND v.value IN (${sql.join(values, sql` UNION ALL `)})`;
}

function rangeOfValues(key: string, low: Bound | undefined, high: Bound | undefined): SQL {
  const { above, below } = sidesOf(low, high);
  return all([sql`v.key = ${key}`, ...above, ...below]);
}

/** The two sides of a range of searchable values. */
function sidesOf(low: Bound | undefined, high: Bound | undefined): { above: SQL[]; below: SQL[] } {
  const isTextual = typeof (low ?? high)?.value === "string";
  const [above, below]: [SQL[], SQL[]] = [[], []];
  // A cut text may equal a bound although the whole text differs: such bounds are taken as inclusive.
  if (low) {
    const strict = !low.inclusive && isExact(low.value);
    above.push(strict ? sql`v.value > ${kept(low.value)}` : sql`v.value >= ${kept(low.value)}`);
  } else if (isTextual) above.push(sql`v.value >= ''`);
  if (high) {
    const strict = !high.inclusive && isExact(high.value);
    below.push(strict ? sql`v.value < ${kept(high.value)}` : sql`v.value <= ${kept(high.value)}`);
  } else below.push(isTextual ? sql`v.value < x''` : sql`v.value < ''`);
  return { above, below };
}

/**
 * The values under a key that satisfy a term and come after a place in the order. Where the range begins is left out then: the
 * database would begin there again.
 */
export function valuesAfter(key: string, bounds: Term | undefined, place: SQL, descending: boolean): SQL {
  const after = descending ? sql`(v.value, v.device_id) < ${place}` : sql`(v.value, v.device_id) > ${place}`;
  if (bounds?.kind !== "range") return all([sql`v.key = ${key}`, after]);
  const { above, below } = sidesOf(bounds.low, bounds.high);
  return all([sql`v.key = ${key}`, ...(descending ? above : below), after]);
}

/** A term for one short value as a look-up in the table of searchable values, which needs no device row. */
export function asLookUp(term: Term, tenant: string, device: SQL): SQL | undefined {
  if (term.kind !== "any" || term.key === ID_KEY) return undefined;
  const [only] = term.values;
  if (term.values.length !== 1 || only === undefined || !(term.kept || isExact(only))) return undefined;
  const found = sql`EXISTS (SELECT 1 FROM ${inventoryValuesTable} x
    WHERE x.tenant_id = ${tenant} AND x.key = ${term.key} AND x.value = ${kept(only)} AND x.device_id = ${device})`;
  return term.negated ? sql`NOT ${found}` : found;
}
