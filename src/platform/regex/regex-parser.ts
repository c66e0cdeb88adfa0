import { CharacterSet, code, ESCAPED_SETS, outside, POSIX_SETS, WORD_SET, type Range } from "./regex-sets.ts";
import { assertion, EMPTY, either, one, repeat, sequence, Unsupported, type Part } from "./regex-states.ts";

const MAX_DEPTH = 50;

const CONTROLS: Record<string, number> = { n: 10, r: 13, t: 9, f: 12, v: 11, "0": 0 };

const isWord = (c: number | undefined): boolean => c !== undefined && WORD_SET.matches(c, c, c);
const atWordEdge = (before?: number, after?: number) => isWord(before) !== isWord(after);

/** A quantifier; looked for where it may begin only, so that few characters are copied. */
const COUNTED = /^\{(\d{1,6})(,(\d{0,6}))?\}/;
/** Flags for the rest of a group or, with a colon, for the group itself. */
const INLINE_FLAGS = /^\?([A-Za-z]*)(?:-([A-Za-z]*))?([:)])/;
const GROUP_NAME = /^\?P?<[A-Za-z_]\w{0,31}>/;
const POSIX_CLASS = /^:(\^?)([a-z]*):\]/;
const COLLATION = /^([.=])[^\]]*\1\]/;

const FLAGS = ["i", "m", "s"] as const;
type Flags = Readonly<Record<(typeof FLAGS)[number], boolean>>;

/** Reads one expression by recursive descent. */
export class Parser {
  readonly #text: readonly string[];
  /** Those that hold here: a group gives back those that held before it. */
  #flags: Flags;
  #at = 0;
  #depth = 0;

  constructor(pattern: string, flags: string) {
    this.#text = Array.from(pattern);
    this.#flags = { i: flags.includes("i"), m: flags.includes("m"), s: flags.includes("s") };
  }

  parse(): Part {
    const part = this.#alternatives();
    if (this.#at < this.#text.length) throw new Unsupported("has an unmatched parenthesis");
    return part;
  }

  /** The same, fitting where a text begins. */
  parseFromStart(): Part {
    const atStart = assertion((before) => before === undefined);
    return sequence([atStart, this.parse()]);
  }

  /** The same, fitting whole texts only. */
  parseWhole(): Part {
    const atEnd = assertion((_, after) => after === undefined);
    return sequence([this.parseFromStart(), atEnd]);
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
    return parts.length === 0 ? EMPTY : sequence(parts);
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
    const counted = this.#peek() === "{" ? this.#matchAhead(COUNTED, 16) : undefined;
    if (!counted) return undefined;
    const min = Number(counted[1]);
    const max = counted[2] === undefined ? min : counted[3] ? Number(counted[3]) : Infinity;
    if (max < min) throw new Unsupported("has numbers out of order");
    return [min, max];
  }

  #atom(): Part {
    const c = this.#next();
    const { m: lines, s: dotAll } = this.#flags;
    if (c === "(") return this.#group();
    if (c === "[") return this.#set();
    if (c === ".") return one(new CharacterSet(outside(dotAll ? [] : [[10, 10]])));
    if (c === "^") return assertion((before) => before === undefined || (lines && before === 10));
    if (c === "$") return assertion((_, after) => after === undefined || (lines && after === 10));
    if (c === "\\") return this.#escaped();
    if (c === "*" || c === "+" || c === "?") throw new Unsupported("has nothing to repeat");
    return this.#one([[code(c), code(c)]]);
  }

  #group(): Part {
    const outer = this.#flags;
    if (this.#peek() === "?" && !this.#matchAhead(GROUP_NAME, 40)) {
      const inline = this.#matchAhead(INLINE_FLAGS, 16);
      if (!inline) throw new Unsupported("uses look-around or an atomic group");
      this.#flags = { ...this.#flags, ...flagsOf(inline[1] ?? "", true), ...flagsOf(inline[2] ?? "", false) };
      if (inline[3] === ")") return EMPTY; // for the rest of the group around
    }
    const part = this.#alternatives();
    if (!this.#take(")")) throw new Unsupported("has an unmatched parenthesis");
    this.#flags = outer;
    return part;
  }

  #escaped(): Part {
    const c = this.#next();
    if (c === "b") return assertion(atWordEdge);
    if (c === "B") return assertion((before, after) => !atWordEdge(before, after));
    if (c === "A") return assertion((before) => before === undefined);
    if (c === "z" || c === "Z") return assertion((_, after) => after === undefined);
    const set = ESCAPED_SETS[c];
    if (set) return this.#one(set);
    const escaped = this.#escapedCode(c);
    return this.#one([[escaped, escaped]]);
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

  #set(): Part {
    if (this.#peek() === ":" && this.#matchAhead(POSIX_CLASS, 16))
      throw new Unsupported("has a POSIX class outside of brackets, write [[:digit:]]");
    const negated = this.#take("^");
    const ranges: Range[] = [];
    for (let first = true; first || this.#peek() !== "]"; first = false) ranges.push(...this.#setMember());
    this.#next();
    return this.#one(ranges, negated);
  }

  #setMember(): readonly Range[] {
    const low = this.#setEnd();
    if (typeof low !== "number") return low;
    if (this.#peek() !== "-" || this.#text[this.#at + 1] === "]") return [[low, low]];
    this.#next();
    const high = this.#setEnd();
    if (typeof high !== "number" || high < low) throw new Unsupported("has a range out of order");
    return [[low, high]];
  }

  /** One end of a range, or a set inside the set. */
  #setEnd(): number | readonly Range[] {
    const c = this.#next();
    if (c === "[") return this.#posixClass() ?? code(c);
    if (c !== "\\") return code(c);
    const escaped = this.#next();
    return ESCAPED_SETS[escaped] ?? (escaped === "b" ? 8 : this.#escapedCode(escaped));
  }

  /** What follows a bracket inside brackets, if that is a class with a name. */
  #posixClass(): readonly Range[] | undefined {
    if (this.#matchAhead(COLLATION, 32)) throw new Unsupported("uses a collating element");
    const found = this.#peek() === ":" ? this.#matchAhead(POSIX_CLASS, 16) : undefined;
    if (!found) return undefined;
    const set = POSIX_SETS.get(found[2] ?? "");
    if (!set) throw new Unsupported("has a POSIX class of an unknown name");
    return found[1] ? outside(set) : set;
  }

  #one(ranges: readonly Range[], negated = false): Part {
    return one(new CharacterSet(ranges, { negated, fold: this.#flags.i }));
  }

  /** Takes what the pattern finds at this place within the next characters. */
  #matchAhead(pattern: RegExp, characters: number): RegExpExecArray | undefined {
    const found = pattern.exec(this.#text.slice(this.#at, this.#at + characters).join(""));
    if (!found) return undefined;
    this.#at += Array.from(found[0]).length;
    return found;
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

function flagsOf(letters: string, on: boolean): Partial<Flags> {
  for (const letter of letters)
    if (!FLAGS.some((flag) => flag === letter)) throw new Unsupported(`uses the flag ${letter}`);
  return Object.fromEntries(FLAGS.filter((flag) => letters.includes(flag)).map((flag) => [flag, on]));
}
