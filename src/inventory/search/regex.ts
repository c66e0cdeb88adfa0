import { Builder, code, Parser, Unsupported, type State } from "./regex-parser.ts";

/**
 * Regular expressions whose work is bounded: a set of states is moved over the text, so a text of n characters costs
 * at most n times the states of the expression, whatever the expression. Back references and look-around, which need
 * unbounded search, are refused.
 */
export interface Regex {
  /** Every match begins with this text; empty if the expression does not say so. */
  readonly prefix: string;
  /** True if it matches anywhere in the text. `spend` is told the steps about to be made and may throw. */
  test(text: string, spend?: (steps: number) => void): boolean;
}

export type RegexResult = { ok: true; regex: Regex } | { ok: false; reason: string };

const MAX_PATTERN = 256;

/** Runs the states over texts. */
function matcher(states: readonly State[], start: number): Regex["test"] {
  /** When a state was last reached; `now` grows with every character of every text. */
  const reached = new Float64Array(states.length);
  let now = 0;

  /** All states that those in `from` lead to without reading a character. */
  const open = (from: readonly number[], before: number | undefined, after: number | undefined): number[] => {
    now++;
    const pending = [...from, start];
    const found: number[] = [];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      if (reached[at] === now) continue;
      reached[at] = now;
      found.push(at);
      const state = states[at];
      if (state?.kind === "split") pending.push(state.next, state.other);
      if (state?.kind === "assert" && state.holds(before, after)) pending.push(state.next);
    }
    return found;
  };

  return (text, spend) => {
    const codes = Array.from(text, code);
    let current: number[] = [];
    for (let i = 0; i <= codes.length; i++) {
      const after = codes[i];
      const found = open(current, codes[i - 1], after);
      spend?.(found.length);
      if (reached[0] === now) return true;
      if (after === undefined) break;
      current = [];
      for (const at of found) {
        const state = states[at];
        if (state?.kind === "char" && state.matches(after)) current.push(state.next);
      }
    }
    return false;
  };
}

const SPECIAL = /[\\^$.*+?()[\]{}|]/;

/** The literal text behind a leading `^`, up to the first special character and not what that repeats. */
function prefixOf(pattern: string, flags: string): string {
  if (!pattern.startsWith("^") || flags !== "" || pattern.includes("|")) return "";
  const characters = Array.from(pattern.slice(1));
  const end = characters.findIndex((c) => SPECIAL.test(c));
  if (end === -1) return characters.join("");
  const repeated = /[*?{]/.test(characters[end] ?? "");
  return characters.slice(0, repeated ? Math.max(0, end - 1) : end).join("");
}

/** Reads an expression, plain or in the form `/expression/flags`. */
export function compileRegex(source: string): RegexResult {
  if (source.length > MAX_PATTERN) return { ok: false, reason: `is longer than ${MAX_PATTERN} characters` };
  const delimited = /^\/(.*)\/([ims]*)$/s.exec(source);
  const [pattern, flags] = delimited ? [delimited[1] ?? "", delimited[2] ?? ""] : [source, ""];
  try {
    const build = new Builder();
    const start = new Parser(pattern, flags).parse()(build, 0);
    return { ok: true, regex: { prefix: prefixOf(pattern, flags), test: matcher(build.states, start) } };
  } catch (cause) {
    if (cause instanceof Unsupported) return { ok: false, reason: cause.message };
    throw cause;
  }
}
