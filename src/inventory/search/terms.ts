import { Fault } from "../../platform/fault.ts";
import { cleanText, keyOf } from "../attributes.ts";
import { withPlace } from "../refuse.ts";
import { compileRegex, compileWholeRegex, type Regex } from "../../platform/regex/regex.ts";

export const OPERATORS = [
  "$eq",
  "$ne",
  "$gt",
  "$gte",
  "$lt",
  "$lte",
  "$ltne",
  "$in",
  "$nin",
  "$exists",
  "$regex",
] as const;

export type Operator = (typeof OPERATORS)[number];

/** One condition of a search as it comes in. */
export interface Predicate {
  scope: string;
  attribute: string;
  type: Operator;
  value: unknown;
  /** True if an expression must match whole values. */
  whole?: boolean;
}

/** What a stored value can be compared with. */
export type Comparable = string | number | boolean;

export interface Bound {
  value: string | number;
  inclusive: boolean;
}

/** A condition on one attribute. Arrays satisfy it if any member does; `negated` turns the whole condition round. */
export type Term =
  | AnyTerm
  /** Values in range, of the type of the bounds. `orMissing` also takes devices without the attribute. */
  | { kind: "range"; key: string; low?: Bound; high?: Bound; orMissing: boolean }
  | { kind: "exists"; key: string; negated: boolean }
  | PlaceTerm
  | EitherTerm;

/** One of the values; `kept` if they are given in the shortened form that searchable texts have. */
export interface AnyTerm {
  kind: "any";
  key: string;
  values: Comparable[];
  negated: boolean;
  kept?: true;
}

/** Devices inside a box, and inside a circle if there is one. Where `west` is greater than `east` it crosses the date line. */
export interface PlaceTerm {
  kind: "place";
  key: typeof PLACE_KEY;
  south: number;
  north: number;
  west: number;
  east: number;
  circle?: { latitude: number; longitude: number; metres: number };
}

/** All conditions of one of the groups. */
export interface EitherTerm {
  kind: "either";
  key: typeof EITHER_KEY;
  groups: readonly (readonly Term[])[];
}

/** Not an attribute either: the groups are about several. */
export const EITHER_KEY = "either";

/** Not an attribute: the place is made of the attributes `geo-lat` and `geo-lon`. */
export const PLACE_KEY = "place";

/** A condition that must be looked up among the values in use before it is a `Term`. */
export interface RegexTerm {
  kind: "regex";
  key: string;
  regex: Regex;
}

export const ID_KEY = keyOf("identity", "id");

/** Attributes that have columns: what type their values are. All others are in the device's stored attributes. */
export const COLUMN_TYPES: ReadonlyMap<string, "text" | "time"> = new Map([
  [ID_KEY, "text"],
  ["identity-status", "text"],
  ["system-group", "text"],
  ["system-tier", "text"],
  ["system-created_ts", "time"],
  ["system-updated_ts", "time"],
  ["system-check_in_time", "time"],
]);

export const isTime = (key: string): boolean => COLUMN_TYPES.get(key) === "time";

const MAX_VALUES = 5000;

const problem = (text: string) => new Fault("bad_request", `value: ${text}.`);

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** Milliseconds of a time in RFC 3339. */
export function timeOf(text: string): number | undefined {
  if (!RFC3339.test(text)) return undefined;
  const ms = Date.parse(text.replace(" ", "T"));
  return Number.isNaN(ms) ? undefined : ms;
}

/** A value as it is stored under this key, or nothing if no such value can be. */
function storable(key: string, value: Comparable): Comparable | undefined {
  const type = COLUMN_TYPES.get(key);
  if (type === "time") return typeof value === "string" ? timeOf(value) : undefined;
  if (type === "text") return typeof value === "string" ? cleanText(value) : undefined;
  return typeof value === "string" ? cleanText(value) : value;
}

const isComparable = (value: unknown): value is Comparable =>
  typeof value === "string" ||
  typeof value === "boolean" ||
  (typeof value === "number" && Number.isFinite(value));

const anyOf = (key: string, values: readonly Comparable[], negated: boolean): Term => ({
  kind: "any",
  key,
  values: [...new Set(values)].flatMap((value) => storable(key, value) ?? []),
  negated,
});

function single(value: unknown): Comparable {
  if (!isComparable(value)) throw problem("must be a string, a number or a boolean");
  return value;
}

function list(value: unknown): Comparable[] {
  if (!Array.isArray(value)) throw problem("must be an array");
  if (value.length > MAX_VALUES) throw problem(`the array must have no more than ${MAX_VALUES} elements`);
  return (value as unknown[]).map((member) => {
    if (!isComparable(member)) throw problem("must be an array of strings, numbers or booleans");
    return member;
  });
}

function range(
  key: string,
  value: unknown,
  side: "low" | "high",
  inclusive: boolean,
  orMissing: boolean,
): Term {
  if (typeof value !== "string" && typeof value !== "number") throw problem("must be a string or a number");
  const bound = storable(key, single(value));
  // A bound that no stored value can be compared with leaves nothing but what is missing.
  if (bound === undefined || typeof bound === "boolean")
    return orMissing
      ? { kind: "exists", key, negated: true }
      : { kind: "any", key, values: [], negated: false };
  return { kind: "range", key, [side]: { value: bound, inclusive }, orMissing };
}

function regexOf(key: string, value: unknown, whole: boolean): RegexTerm {
  if (typeof value !== "string") throw problem("must be a string");
  const compiled = whole ? compileWholeRegex(value) : compileRegex(value);
  if (!compiled.ok) throw problem(`the regular expression ${compiled.reason}`);
  return { kind: "regex", key, regex: compiled.regex };
}

function exists(key: string, value: unknown): Term {
  if (typeof value !== "boolean") throw problem("must be a boolean");
  return { kind: "exists", key, negated: !value };
}

/** Reads the conditions of a list; what is refused is told with the condition that it is about. */
export const termsOf = (predicates: readonly Predicate[], list = "filters"): (Term | RegexTerm)[] =>
  predicates.map((predicate, i) => {
    try {
      return termOf(predicate);
    } catch (cause) {
      if (!(cause instanceof Fault)) throw cause;
      const { scope, attribute, type } = predicate;
      const place = `${list}[${i}]: ${scope}/${attribute} ${type}`;
      throw new Fault("bad_request", withPlace(cause.publicMessage, place));
    }
  });

/** Reads a condition; refuses values its operator cannot take. */
export function termOf({ scope, attribute, type, value, whole = false }: Predicate): Term | RegexTerm {
  const key = keyOf(scope, attribute);
  switch (type) {
    case "$eq":
      return anyOf(key, [single(value)], false);
    case "$ne":
      return anyOf(key, [single(value)], true);
    case "$in":
      return anyOf(key, list(value), false);
    case "$nin":
      return anyOf(key, list(value), true);
    case "$gt":
      return range(key, value, "low", false, false);
    case "$gte":
      return range(key, value, "low", true, false);
    case "$lt":
      return range(key, value, "high", false, false);
    case "$lte":
      return range(key, value, "high", true, false);
    case "$ltne":
      return range(key, value, "high", false, true);
    case "$exists":
      return exists(key, value);
    case "$regex":
      return regexOf(key, value, whole);
  }
}
