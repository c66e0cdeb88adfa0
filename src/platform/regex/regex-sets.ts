/** Characters by their codes, both ends included. */
export type Range = readonly [low: number, high: number];

const LAST = 0x10ffff;
const ASCII = 128;

/** Code point of a character. */
export const code = (character: string): number => character.codePointAt(0) ?? 0;

/** The other letter case of a character where that is one character, else itself. */
const single = (c: number, turned: string): number => {
  const [first = "", ...more] = turned;
  return more.length === 0 ? code(first) : c;
};
export const lower = (c: number): number => single(c, String.fromCodePoint(c).toLowerCase());
export const upper = (c: number): number => single(c, String.fromCodePoint(c).toUpperCase());

/** In order, none touching another. */
function merged(ranges: readonly Range[]): Range[] {
  const found: [number, number][] = [];
  for (const [low, high] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = found.at(-1);
    if (last && low <= last[1] + 1) last[1] = Math.max(last[1], high);
    else found.push([low, high]);
  }
  return found;
}

/** All characters outside the ranges. */
export function outside(ranges: readonly Range[]): Range[] {
  const found: Range[] = [];
  let from = 0;
  for (const [low, high] of merged(ranges)) {
    if (low > from) found.push([from, low - 1]);
    from = high + 1;
  }
  return from <= LAST ? [...found, [from, LAST]] : found;
}

/** A set of characters whose look-up takes about the same however many members it is written with. */
export class CharacterSet {
  readonly #ranges: readonly Range[];
  readonly #ascii = new Uint8Array(ASCII);
  readonly #negated: boolean;
  readonly #fold: boolean;

  constructor(ranges: readonly Range[], { negated = false, fold = false } = {}) {
    this.#negated = negated;
    this.#fold = fold;
    this.#ranges = merged(fold ? [...ranges, ...ranges.flatMap(otherCases)] : ranges);
    for (const [low, high] of this.#ranges)
      if (low < ASCII) this.#ascii.fill(1, low, Math.min(high + 1, ASCII));
  }

  /** True if the character, given with its two letter cases, is in the set. */
  matches(c: number, lowerCase: number, upperCase: number): boolean {
    const found = this.#has(c) || (this.#fold && (this.#has(lowerCase) || this.#has(upperCase)));
    return found !== this.#negated;
  }

  #has(c: number): boolean {
    if (c < ASCII) return this.#ascii[c] === 1;
    let [from, to] = [0, this.#ranges.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const [low, high] = this.#ranges[middle] ?? [c, c];
      if (c < low) to = middle;
      else if (c > high) from = middle + 1;
      else return true;
    }
    return false;
  }
}

/** Letter cases of a single character: those of the text are looked at too, so that ranges need none. */
const otherCases = ([low, high]: Range): Range[] =>
  low === high ? [lower(low), upper(low), lower(upper(low))].map((c): Range => [c, c]) : [];

const letters = (text: string): Range[] =>
  Array.from(text, (character): Range => [code(character), code(character)]);
const span = (text: string): Range => [code(text), code(text.slice(-1))];

const DIGIT = [span("09")];
const ALPHA = [span("AZ"), span("az")];
const WORD = [...DIGIT, ...ALPHA, ...letters("_")];
const SPACE: Range[] = [[9, 13], ...letters(" \u00a0\u2028\u2029")];
const CONTROL: Range[] = [
  [0, 31],
  [127, 127],
];

export const WORD_SET = new CharacterSet(WORD);

/** Sets that a backslash and a letter stand for. */
export const ESCAPED_SETS: Readonly<Record<string, readonly Range[]>> = {
  d: DIGIT,
  D: outside(DIGIT),
  w: WORD,
  W: outside(WORD),
  s: SPACE,
  S: outside(SPACE),
};

/** Sets that stand between `[:` and `:]` inside brackets. */
export const POSIX_SETS: ReadonlyMap<string, readonly Range[]> = new Map([
  ["alnum", [...DIGIT, ...ALPHA]],
  ["alpha", ALPHA],
  ["ascii", [[0, ASCII - 1]]],
  ["blank", letters(" \t")],
  ["cntrl", CONTROL],
  ["digit", DIGIT],
  ["graph", [span("!~")]],
  ["lower", [span("az")]],
  ["print", [span(" ~")]],
  ["punct", [span("!/"), span(":@"), span("[`"), span("{~")]],
  ["space", [[9, 13], ...letters(" ")]],
  ["upper", [span("AZ")]],
  ["word", WORD],
  ["xdigit", [...DIGIT, span("AF"), span("af")]],
]);
