import { type Mistake, type Parsed, parse, type Placed, print, type Term, type Value } from "./parse.ts";
import { attributeOf, wordFor, type Scope } from "./words.ts";

export interface Predicate {
  scope: Scope;
  attribute: string;
  type: "$eq" | "$ne" | "$gt" | "$gte" | "$lt" | "$lte" | "$in" | "$nin" | "$exists" | "$regex";
  value: unknown;
}

/** What the server's search takes. */
export interface Search {
  filters: Predicate[];
  /** Groups of which one is enough; then there are no others. */
  any: Predicate[][] | undefined;
  text: string | undefined;
  mistakes: readonly Mistake[];
}

const NUMBER = /^-?\d+(\.\d+)?$/;
const AGE = /^(\d{1,6})(min|h|d|w)$/;
const AGE_MS: Readonly<Record<string, number>> = {
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

const isNumber = ({ text, isQuoted }: Value): boolean => !isQuoted && NUMBER.test(text);

/** Devices report numbers as numbers or as texts: either is meant. */
const meant = (value: Value): (string | number)[] =>
  isNumber(value) ? [value.text, Number(value.text)] : [value.text];

const COMPARISONS = { "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte" } as const;
const OPPOSITE = { "<": ">=", "<=": ">", ">": "<=", ">=": "<" } as const;
/** More age is an earlier time. */
const BY_AGE = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

type Condition = Extract<Term, { kind: "condition" }>;
type Comparison = keyof typeof COMPARISONS;

const isComparison = (operator: string): operator is Comparison => Object.hasOwn(COMPARISONS, operator);

function timeOf(value: Value, nowMs: number): { time: string; isAge: boolean } | undefined {
  const [, number, unit = ""] = AGE.exec(value.text) ?? [];
  const ageMs = Number(number) * (AGE_MS[unit] ?? Number.NaN);
  const ms = Number.isNaN(ageMs) ? Date.parse(value.text) : nowMs - ageMs;
  return Number.isNaN(ms) || ms < 0
    ? undefined
    : { time: new Date(ms).toISOString(), isAge: !Number.isNaN(ageMs) };
}

function comparison(term: Condition, nowMs: number): Predicate | string {
  const { scope, attribute, isTime } = attributeOf(term.name);
  const [value] = term.values;
  if (!value || !isComparison(term.operator)) return "a value is missing";
  const operator = term.isNegated ? OPPOSITE[term.operator] : term.operator;
  if (!isTime) {
    const bound = isNumber(value) ? Number(value.text) : value.text;
    return { scope, attribute, type: COMPARISONS[operator], value: bound };
  }
  const read = timeOf(value, nowMs);
  if (!read) return `${term.name} takes an age (30min, 6h, 2d, 1w) or a date (2030-01-31)`;
  return { scope, attribute, type: COMPARISONS[read.isAge ? BY_AGE[operator] : operator], value: read.time };
}

function equality(term: Condition): Predicate | string {
  const { scope, attribute, isTime } = attributeOf(term.name);
  if (isTime) return `${term.name} takes < and >: ${term.name}>2d is more than two days ago`;
  const isNot = term.isNegated || term.operator === "!=";
  const values = term.values.flatMap(meant);
  const [only, ...more] = values;
  return more.length === 0
    ? { scope, attribute, type: isNot ? "$ne" : "$eq", value: only }
    : { scope, attribute, type: isNot ? "$nin" : "$in", value: values };
}

function predicateOf(term: Condition, nowMs: number): Predicate | string {
  const { scope, attribute } = attributeOf(term.name);
  // How many alerts are open is a number that devices without one may lack.
  if (term.operator === "has" && term.name === "alerts")
    return term.isNegated
      ? { scope, attribute, type: "$ne", value: true }
      : { scope, attribute, type: "$eq", value: true };
  if (term.operator === "has") return { scope, attribute, type: "$exists", value: !term.isNegated };
  if (term.operator === "~") return { scope, attribute, type: "$regex", value: term.values[0]?.text ?? "" };
  return isComparison(term.operator) ? comparison(term, nowMs) : equality(term);
}

const WORDS_TOLD = "a word is looked for in what devices are known by; - takes a name: -status:accepted";

const ALONE_TOLD = "or stands between conditions: status:pending or seen>2d";
const WORDS_OR_TOLD = "words go with no or: name what they are of, as in tag.line:7";

/** Conditions between one `or` and the next. */
function groupsOf(terms: readonly Placed<Term>[]): { groups: Placed<Term>[][]; alone: Placed<Term>[] } {
  const groups: Placed<Term>[][] = [[]];
  const alone: Placed<Term>[] = [];
  for (const [index, placed] of terms.entries()) {
    if (placed.term.kind !== "or") groups.at(-1)?.push(placed);
    else if (groups.at(-1)?.length === 0 || index === terms.length - 1) alone.push(placed);
    else groups.push([]);
  }
  return { groups, alone };
}

/** What the server is asked for a query. Times by age are those of `nowMs`. */
export function searchFor({ terms, mistakes }: Parsed, nowMs: number): Search {
  const words: string[] = [];
  const { groups, alone } = groupsOf(terms);
  const told: Mistake[] = [...mistakes, ...alone.map(({ from, to }) => ({ from, to, told: ALONE_TOLD }))];
  const asked = groups.map((group) =>
    group.flatMap(({ term, from, to }): Predicate[] => {
      const refuse = (why: string) => {
        told.push({ from, to, told: why });
        return [];
      };
      if (term.kind === "or") return [];
      if (term.kind === "condition") {
        const made = predicateOf(term, nowMs);
        return typeof made === "string" ? refuse(made) : [made];
      }
      if (!term.value.isQuoted && term.value.text.startsWith("-")) return refuse(WORDS_TOLD);
      if (term.value.text.trim() === "") return [];
      if (groups.length > 1) return refuse(WORDS_OR_TOLD);
      words.push(term.value.text);
      return [];
    }),
  );
  const [only = [], ...others] = asked;
  // A group without a condition leaves nothing out.
  const any = others.length === 0 ? undefined : asked.every((group) => group.length > 0) ? asked : [];
  return {
    filters: any ? [] : only,
    any: any?.length === 0 ? undefined : any,
    text: words.length === 0 ? undefined : words.join(" "),
    mistakes: told,
  };
}

/** Whether a saved view can hold it: neither words, nor `or`, nor ages, which are only true today. */
export const isLasting = ({ terms }: Parsed): boolean =>
  terms.every(
    ({ term }) =>
      term.kind === "condition" &&
      !(attributeOf(term.name).isTime && term.values.some(({ text }) => AGE.test(text))),
  );

const valueOf = (value: unknown): Value => {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return { text, isQuoted: typeof value === "string" && (NUMBER.test(value) || AGE.test(value)) };
};

/** Numbers were asked for as texts as well. */
const valuesOf = (value: unknown): Value[] => {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const numbers = new Set(list.filter((one) => typeof one === "number").map(String));
  return list.filter((one) => !(typeof one === "string" && numbers.has(one))).map(valueOf);
};

const SIGNS: Readonly<Record<string, Condition["operator"]>> = {
  $eq: "=",
  $ne: "!=",
  $in: "=",
  $nin: "!=",
  $lt: "<",
  $lte: "<=",
  $gt: ">",
  $gte: ">=",
  $regex: "~",
};

/** A saved filter's conditions as a query; undefined if the language has no words for one of them. */
export function queryFor(
  predicates: readonly { scope: string; attribute: string; type: string; value?: unknown }[],
): string | undefined {
  const parts: string[] = [];
  for (const { scope, attribute, type, value } of predicates) {
    const name = wordFor(scope, attribute);
    const common = { kind: "condition", name } as const;
    const operator = SIGNS[type];
    const isHas = type === "$exists" || (name === "alerts" && typeof value === "boolean");
    if (isHas) {
      const isNegated = type === "$ne" ? value === true : value === false;
      parts.push(print({ ...common, operator: "has", values: [], isNegated }));
    } else if (operator) {
      parts.push(print({ ...common, operator, values: valuesOf(value), isNegated: false }));
    } else return undefined;
  }
  const text = parts.join(" ");
  const back = parse(text);
  return back.mistakes.length === 0 && back.terms.length === predicates.length ? text : undefined;
}

const cut = (text: string, { from, to }: Placed<Term>): string =>
  `${text.slice(0, from).trimEnd()} ${text.slice(to).trimStart()}`.trim();

/** A query without one of its terms, nor an `or` that then has nothing on one of its sides. */
export function without(text: string, term: Placed<Term>): string {
  const left = cut(text, term);
  const [alone] = groupsOf(parse(left).terms).alone;
  return alone ? without(left, alone) : left;
}
