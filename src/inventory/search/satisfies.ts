import { Fault } from "../../platform/fault.ts";
import { STEPS } from "../../platform/step-budget.ts";
import { readStored } from "../attributes.ts";
import type { DeviceRow } from "../device-view.ts";
import { expressionBudget } from "./expressions.ts";
import {
  ID_KEY,
  isTime,
  termOf,
  type Bound,
  type Comparable,
  type Predicate,
  type RegexTerm,
  type Term,
} from "./terms.ts";

/**
 * Whether a device that was read satisfies all conditions of a saved filter, as a search would find it. A filter that a
 * search refuses, for example because an expression is too costly, has no devices.
 */
export function satisfies(row: DeviceRow, predicates: readonly Predicate[]): boolean {
  const budget = expressionBudget(STEPS.device);
  const spend = (steps: number) => budget.spend(steps);
  try {
    return predicates.map(termOf).every((term) => holds(membersOf(row, term.key), term, spend));
  } catch (cause) {
    if (cause instanceof Fault) return false;
    throw cause;
  }
}

const COLUMNS: Readonly<Record<string, (row: DeviceRow) => string | number | null>> = {
  [ID_KEY]: (row) => row.device_id,
  "identity-status": (row) => row.status,
  "system-group": (row) => row.group_name,
  "system-tier": (row) => row.tier,
  "system-created_ts": (row) => row.created_ms,
  "system-updated_ts": (row) => row.updated_ms,
  "system-check_in_time": (row) => row.check_in_ms,
};

/** The values of an attribute, of which a plain one has one; undefined if the device lacks it. */
function membersOf(row: DeviceRow, key: string): readonly Comparable[] | undefined {
  const column = Object.hasOwn(COLUMNS, key) ? COLUMNS[key]?.(row) : undefined;
  if (column !== undefined) return column === null ? undefined : [column];
  const stored = readStored(row.attributes);
  const value = Object.hasOwn(stored, key) ? stored[key]?.[0] : undefined;
  return value === undefined ? undefined : Array.isArray(value) ? value : [value];
}

function holds(
  members: readonly Comparable[] | undefined,
  term: Term | RegexTerm,
  spend: (steps: number) => void,
): boolean {
  const present = members ?? [];
  switch (term.kind) {
    case "any":
      return present.some((member) => term.values.includes(member)) !== term.negated;
    case "exists":
      return (members === undefined) === term.negated;
    case "range": {
      const within = ({ low, high }: typeof term, member: Comparable) =>
        (!low || side(member, low, 1)) && (!high || side(member, high, -1));
      return (term.orMissing && members === undefined) || present.some((member) => within(term, member));
    }
    case "regex":
      return (
        !isTime(term.key) &&
        present.some((member) => typeof member === "string" && term.regex.test(searchable(member), spend))
      );
    case "place":
    case "either":
      return false; // no predicate makes one
  }
}

const KEPT_CHARACTERS = 256;

/** A text as searches know it. */
const searchable = (text: string): string =>
  text.length <= KEPT_CHARACTERS ? text : Array.from(text).slice(0, KEPT_CHARACTERS).join("");

/** Whether a value lies on this side of a bound; values of another type lie on neither. */
function side(member: Comparable, { value, inclusive }: Bound, sign: 1 | -1): boolean {
  if (typeof member !== typeof value) return false;
  const order =
    typeof value === "number"
      ? Number(member) - value
      : Buffer.compare(Buffer.from(String(member)), Buffer.from(value));
  return inclusive ? order * sign >= 0 : order * sign > 0;
}
