const MAX_STATES = 2000;
const MAX_REPEAT = 100;
const MAX_DEPTH = 50;

type Matches = (code: number) => boolean;

/** One step of a match; the first of all is `done`. */
export type State =
  | { kind: "char"; matches: Matches; next: number }
  | { kind: "split"; next: number; other: number }
  | {
      kind: "assert";
      holds: (before: number | undefined, after: number | undefined) => boolean;
      next: number;
    }
  | { kind: "done" };

/** Part of an expression: adds its states before the state `next` and tells where it begins. */
export type Part = (build: Builder, next: number) => number;

export class Builder {
  readonly states: State[] = [{ kind: "done" }];

  add(state: State): number {
    if (this.states.length >= MAX_STATES) throw new Unsupported("is too large");
    this.states.push(state);
    return this.states.length - 1;
  }
}

/** An expression that is malformed or needs more than bounded work. */
export class Unsupported extends Error {}

const WORD: Matches = (c) =>
  (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || c === 95 || (c >= 97 && c <= 122);
const DIGIT: Matches = (c) => c >= 48 && c <= 57;
const SPACE: Matches = (c) => (c >= 9 && c <= 13) || c === 32 || c === 0xa0 || c === 0x2028 || c === 0x2029;
const not =
  (matches: Matches): Matches =>
  (c) =>
    !matches(c);

const CLASSES: Record<string, Matches> = {
  d: DIGIT,
  D: not(DIGIT),
  w: WORD,
  W: not(WORD),
  s: SPACE,
  S: not(SPACE),
};

const CONTROLS: Record<string, number> = { n: 10, r: 13, t: 9, f: 12, v: 11, "0": 0 };

const empty: Part = (_, next) => next;

const sequence =
  (parts: readonly Part[]): Part =>
  (build, next) =>
    parts.reduceRight((after, part) => part(build, after), next);

const either = (parts: readonly Part[]): Part =>
  parts.reduce((left, right) => (build, next) => {
    const other = right(build, next);
    return build.add({ kind: "split", next: left(build, next), other });
  });

const optional =
  (part: Part): Part =>
  (build, next) =>
    build.add({ kind: "split", next: part(build, next), other: next });

const star =
  (part: Part): Part =>
  (build, next) => {
    const split = { kind: "split" as const, next: 0, other: next };
    const entry = build.add(split);
    split.next = part(build, entry);
    return entry;
  };

function repeat(part: Part, min: number, max: number): Part {
  if (min > MAX_REPEAT || (max !== Infinity && max > MAX_REPEAT))
    throw new Unsupported(`repeats more than ${MAX_REPEAT} times`);
  const required = Array.from({ length: min }, () => part);
  if (max === Infinity) return sequence([...required, star(part)]);
  const rest = Array.from({ length: max - min }).reduce<Part>(
    (tail) => optional(sequence([part, tail])),
    empty,
  );
  return sequence([...required, rest]);
}

/** Reads one expression by recursive descent. */
export class Parser {
  readonly #text: readonly string[];
  readonly #fold: boolean;
  readonly #dotAll: boolean;
  readonly #lines: boolean;
  #at = 0;
  #depth = 0;

  constructor(pattern: string, flags: string) {
    this.#text = Array.from(pattern);
    this.#fold = flags.includes("i");
    this.#dotAll = flags.includes("s");
    this.#lines = flags.includes("m");
  }

  parse(): Part {
    const part = this.#alternatives();
    if (this.#at < this.#text.length) throw new Unsupported("has an unmatched parenthesis");
    return part;
  }

  #alternatives(): Part {
    if (++this.#depth > MAX_DEPTH) throw new Unsupported("is nested too deeply");
    const branches = [this.#branch()];
    while (this.#take("|")) branches.push(this.#branch());
    this.#depth--;
    return either(branches);
  }

  #branch(): Part {
    const parts: Part[] = [];
    for (let c = this.#peek(); c !== undefined && c !== "|" && c !== ")"; c = this.#peek())
      parts.push(this.#quantified());
    return sequence(parts);
  }

  #quantified(): Part {
    const part = this.#atom();
    const range = this.#quantifier();
    if (!range) return part;
    this.#take("?"); // laziness does not change whether there is a match
    if (/[*+?]/.test(this.#peek() ?? "")) throw new Unsupported("has nothing to repeat");
    return repeat(part, range[0], range[1]);
  }

  #quantifier(): [min: number, max: number] | undefined {
    if (this.#take("*")) return [0, Infinity];
    if (this.#take("+")) return [1, Infinity];
    if (this.#take("?")) return [0, 1];
    const counted = /^\{(\d{1,6})(,(\d{0,6}))?\}/.exec(this.#text.slice(this.#at, this.#at + 16).join(""));
    if (!counted) return undefined;
    this.#at += counted[0].length;
    const min = Number(counted[1]);
    const max = counted[2] === undefined ? min : counted[3] ? Number(counted[3]) : Infinity;
    if (max < min) throw new Unsupported("has numbers out of order");
    return [min, max];
  }

  #atom(): Part {
    const c = this.#next();
    if (c === "(") return this.#group();
    if (c === "[") return this.#one(this.#set());
    if (c === ".") return this.#one(this.#dotAll ? () => true : (code) => code !== 10);
    if (c === "^") return this.#assert((before) => before === undefined || (this.#lines && before === 10));
    if (c === "$") return this.#assert((_, after) => after === undefined || (this.#lines && after === 10));
    if (c === "\\") return this.#escaped();
    if (c === "*" || c === "+" || c === "?") throw new Unsupported("has nothing to repeat");
    return this.#one(this.#literal(code(c)));
  }

  #group(): Part {
    if (this.#take("?") && !this.#take(":")) throw new Unsupported("uses look-around or a named group");
    const part = this.#alternatives();
    if (!this.#take(")")) throw new Unsupported("has an unmatched parenthesis");
    return part;
  }

  #escaped(): Part {
    const c = this.#next();
    const atWord = (before?: number, after?: number) =>
      (before !== undefined && WORD(before)) !== (after !== undefined && WORD(after));
    if (c === "b") return this.#assert(atWord);
    if (c === "B") return this.#assert((before, after) => !atWord(before, after));
    if (c === "A") return this.#assert((before) => before === undefined);
    if (c === "z" || c === "Z") return this.#assert((_, after) => after === undefined);
    const set = CLASSES[c];
    return this.#one(set ?? this.#literal(this.#escapedCode(c)));
  }

  #escapedCode(c: string): number {
    const control = CONTROLS[c];
    if (control !== undefined) return control;
    if (c === "x" || c === "u") {
      const digits = this.#text.slice(this.#at, this.#at + (c === "x" ? 2 : 4)).join("");
      if (!/^([0-9a-f]{2}){1,2}$/i.test(digits)) throw new Unsupported("has an unreadable escape");
      this.#at += digits.length;
      return parseInt(digits, 16);
    }
    if (/[A-Za-z1-9]/.test(c)) throw new Unsupported(`uses \\${c}`);
    return code(c);
  }

  #set(): Matches {
    const negated = this.#take("^");
    const members: Matches[] = [];
    for (let first = true; first || this.#peek() !== "]"; first = false) members.push(this.#setMember());
    this.#next();
    const any: Matches = (c) => members.some((matches) => matches(c));
    return negated ? not(any) : any;
  }

  #setMember(): Matches {
    const low = this.#setEnd();
    if (typeof low !== "number") return low;
    if (this.#peek() !== "-" || this.#text[this.#at + 1] === "]") return this.#literal(low);
    this.#next();
    const high = this.#setEnd();
    if (typeof high !== "number" || high < low) throw new Unsupported("has a range out of order");
    const within: Matches = (c) => c >= low && c <= high;
    return this.#fold ? (c) => within(c) || within(upper(c)) || within(lower(c)) : within;
  }

  #setEnd(): number | Matches {
    const c = this.#next();
    if (c !== "\\") return code(c);
    const escaped = this.#next();
    return CLASSES[escaped] ?? (escaped === "b" ? 8 : this.#escapedCode(escaped));
  }

  #literal(expected: number): Matches {
    if (!this.#fold) return (c) => c === expected;
    return (c) => c === expected || lower(c) === lower(expected) || upper(c) === upper(expected);
  }

  #one(matches: Matches): Part {
    return (build, next) => build.add({ kind: "char", matches, next });
  }

  #assert(holds: (before: number | undefined, after: number | undefined) => boolean): Part {
    return (build, next) => build.add({ kind: "assert", holds, next });
  }

  #peek(): string | undefined {
    return this.#text[this.#at];
  }

  #next(): string {
    const c = this.#text[this.#at++];
    if (c === undefined) throw new Unsupported("ends too early");
    return c;
  }

  #take(c: string): boolean {
    if (this.#peek() !== c) return false;
    this.#at++;
    return true;
  }
}

/** Code point of a character. */
export const code = (character: string): number => character.codePointAt(0) ?? 0;
const lower = (c: number): number => code(String.fromCodePoint(c).toLowerCase());
const upper = (c: number): number => code(String.fromCodePoint(c).toUpperCase());
