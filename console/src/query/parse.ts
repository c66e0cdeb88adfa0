export type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "has";

export interface Value {
  text: string;
  /** In quotes it is a text even where it looks like a number or a time. */
  isQuoted: boolean;
}

/** A condition; words without a name are looked for in everything that a device is known by. */
export type Term =
  | { kind: "condition"; name: string; operator: Operator; values: readonly Value[]; isNegated: boolean }
  | { kind: "text"; value: Value }
  /** Between groups of conditions, of which one is enough. */
  | { kind: "or" };

export interface Placed<T> {
  term: T;
  from: number;
  to: number;
}

export interface Mistake {
  from: number;
  to: number;
  told: string;
}

export interface Parsed {
  terms: readonly Placed<Term>[];
  mistakes: readonly Mistake[];
}

const NAME = /(-?)([\p{L}_][\p{L}\p{N}_./-]*?)(!=|<=|>=|[:=<>~])/uy;

/** A value up to white space or a comma; quotes are kept in it by a backslash. */
function valueAt(text: string, at: number): { value: Value; to: number } | Mistake {
  if (text[at] !== '"') {
    let to = at;
    while (to < text.length && !/[\s,"]/.test(text[to] ?? "")) to += 1;
    return { value: { text: text.slice(at, to), isQuoted: false }, to };
  }
  let inner = "";
  for (let i = at + 1; i < text.length; i++) {
    const letter = text[i] ?? "";
    if (letter === '"') return { value: { text: inner, isQuoted: true }, to: i + 1 };
    if (letter === "\\" && i + 1 < text.length) i += 1;
    inner += text[i] ?? "";
  }
  return { from: at, to: text.length, told: 'the closing " is missing' };
}

function valuesAt(text: string, start: number): { values: Value[]; to: number } | Mistake {
  const values: Value[] = [];
  for (let at = start; ;) {
    const read = valueAt(text, at);
    if ("told" in read) return read;
    if (read.value.text === "" && !read.value.isQuoted)
      return {
        from: start,
        to: at + (/^\S*/.exec(text.slice(at))?.[0].length ?? 0),
        told: "a value is missing",
      };
    values.push(read.value);
    if (text[read.to] !== ",") return { values, to: read.to };
    at = read.to + 1;
  }
}

function problemOf(operator: Operator, values: readonly Value[], isNegated: boolean): string | undefined {
  if (values.length > 1 && operator !== "=" && operator !== "!=") return "several values go with : or = only";
  if (isNegated && operator === "~") return "an expression cannot be turned round";
  if (isNegated && operator === "!=") return "- and != say the same: one of them is enough";
  return undefined;
}

function conditionAt(text: string, at: number, found: RegExpExecArray): Placed<Term> | Mistake {
  const [all, minus, name = "", sign] = found;
  const read = valuesAt(text, at + all.length);
  if ("told" in read) return { ...read, from: at };
  const isNegated = minus === "-";
  const place = { from: at, to: read.to };
  if (name === "has" && sign === ":") {
    const [value, ...more] = read.values;
    if (!value || more.length > 0) return { ...place, told: "has: takes one name" };
    return {
      ...place,
      term: { kind: "condition", name: value.text, operator: "has", values: [], isNegated },
    };
  }
  const operator = sign === ":" ? "=" : (sign as Operator); // all that NAME takes but the colon
  const problem = problemOf(operator, read.values, isNegated);
  if (problem) return { ...place, told: problem };
  return { ...place, term: { kind: "condition", name, operator, values: read.values, isNegated } };
}

function termAt(text: string, at: number): Placed<Term> | Mistake {
  NAME.lastIndex = at;
  const found = NAME.exec(text);
  if (found) return conditionAt(text, at, found);
  const read = valueAt(text, at);
  if ("told" in read) return read;
  const to = Math.max(read.to, at + 1);
  if (!read.value.isQuoted && read.value.text.toLowerCase() === "or")
    return { from: at, to, term: { kind: "or" } };
  if (!read.value.isQuoted && read.value.text === "")
    return { from: at, to, told: "a comma stands between values: name:a,b" };
  return { from: at, to, term: { kind: "text", value: read.value } };
}

/** Reads a query; what cannot be read is told, and the rest is read all the same. */
export function parse(text: string): Parsed {
  const terms: Placed<Term>[] = [];
  const mistakes: Mistake[] = [];
  for (let at = 0; at < text.length;) {
    if (/\s/.test(text[at] ?? "")) {
      at += 1;
      continue;
    }
    const read = termAt(text, at);
    if ("told" in read) mistakes.push(read);
    else terms.push(read);
    at = Math.max(read.to, at + 1);
  }
  return { terms, mistakes };
}

/** A value as it is written, in quotes where it needs them. */
export const printValue = ({ text, isQuoted }: Value): string =>
  isQuoted || text === "" || /[\s,"]/.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : text;

/** A term as it is written. */
export function print(term: Term): string {
  if (term.kind === "or") return "or";
  if (term.kind === "text") return printValue(term.value);
  const minus = term.isNegated ? "-" : "";
  if (term.operator === "has") return `${minus}has:${printValue({ text: term.name, isQuoted: false })}`;
  const sign = term.operator === "=" ? ":" : term.operator;
  return `${minus}${term.name}${sign}${term.values.map(printValue).join(",")}`;
}

export const printAll = (terms: readonly Term[]): string => terms.map(print).join(" ");
