import { compileWholeRegex, timeOf, type Regex } from "../../inventory/index.ts";
import { Fault } from "../../platform/fault.ts";
import type { Field } from "../store/report-fields.ts";

/** One condition of a report as it comes in. */
export interface ReportFilter {
  attribute: string;
  type: "$eq" | "$ne" | "$gt" | "$gte" | "$lt" | "$lte" | "$in" | "$nin" | "$exists" | "$regex";
  value: unknown;
}

const MAX_VALUES = 5000;

export type Scalar = string | number;

export type Comparison = "$gt" | "$gte" | "$lt" | "$lte";

/** A condition on one field. A list satisfies it if any member does; `negated` turns the whole condition round. */
export type FieldTerm =
  | { kind: "any"; values: Scalar[]; negated: boolean }
  | { kind: "range"; comparison: Comparison; bound: Scalar }
  | { kind: "exists"; negated: boolean }
  | { kind: "regex"; regex: Regex };

const NOTHING: FieldTerm = { kind: "any", values: [], negated: false };

const problem = (text: string) => new Fault("bad_request", `malformed request body: ${text}`);

/** A value as the field stores it; nothing where a field of its type can have no such value. */
function stored({ type }: Field, value: unknown): Scalar | undefined {
  switch (typeof value) {
    case "string":
      return type === "time" ? timeOf(value) : type === "text" || type === "list" ? value : undefined;
    case "number":
      return type === "number" ? value : undefined;
    case "boolean":
      return type === "boolean" ? Number(value) : undefined;
    default:
      throw problem("unknown attribute value type");
  }
}

const isList = (type: ReportFilter["type"]) => type === "$in" || type === "$nin";

function regexTerm(field: Field, value: unknown): FieldTerm {
  if (typeof value !== "string") throw problem("filter supports only string values");
  const compiled = compileWholeRegex(value);
  if (!compiled.ok) throw problem(`value: the regular expression ${compiled.reason}.`);
  return field.type === "text" || field.type === "list" ? { kind: "regex", regex: compiled.regex } : NOTHING;
}

/** Reads a condition; refuses values its operator cannot take. */
export function fieldTerm(field: Field, { type, value }: ReportFilter): FieldTerm {
  if (isList(type) !== Array.isArray(value))
    throw problem(`filter ${isList(type) ? "supports only" : "doesn't support"} array values`);
  if (Array.isArray(value) && value.length > MAX_VALUES)
    throw problem(`value: the array must have no more than ${MAX_VALUES} elements.`);
  const values = (Array.isArray(value) ? (value as unknown[]) : [value]).map((one) => stored(field, one));
  const known = values.filter((one) => one !== undefined);
  switch (type) {
    case "$eq":
    case "$in":
      return { kind: "any", values: known, negated: false };
    case "$ne":
    case "$nin":
      return { kind: "any", values: known, negated: true };
    case "$exists":
      if (typeof value !== "boolean") throw problem("filter supports only boolean values");
      return { kind: "exists", negated: !value };
    case "$regex":
      return regexTerm(field, value);
    default:
      return rangeTerm(field, type, known[0]);
  }
}

const rangeTerm = ({ type }: Field, comparison: Comparison, bound: Scalar | undefined): FieldTerm =>
  bound === undefined || type === "boolean" ? NOTHING : { kind: "range", comparison, bound };

/** Whether a text satisfies a condition; `spend` is told what an expression costs. */
export function holdsFor(text: string, term: FieldTerm, spend: (steps: number) => void): boolean {
  switch (term.kind) {
    case "any":
      return term.values.includes(text) !== term.negated;
    case "exists":
      return !term.negated;
    case "regex":
      return term.regex.test(text, spend);
    case "range":
      return isWithin(text, term.comparison, String(term.bound));
  }
}

function isWithin(text: string, comparison: Comparison, bound: string): boolean {
  if (text === bound) return comparison === "$gte" || comparison === "$lte";
  return comparison.startsWith("$g") === text > bound;
}
