import { Parser } from "./regex-parser.ts";
import { code, lower, upper } from "./regex-sets.ts";
import { statesOf, Unsupported, type State } from "./regex-states.ts";

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
      const [lowerCase, upperCase] = [lower(after), upper(after)];
      for (const at of found) {
        const state = states[at];
        if (state?.kind === "char" && state.set.matches(after, lowerCase, upperCase))
          current.push(state.next);
      }
    }
    return false;
  };
}

const SPECIAL = /[\\^$.*+?()[\]{}|]/;

/** The literal text that an expression begins with, up to the first special character and not what that repeats. */
function literalStart(pattern: string, flags: string): string {
  if (flags !== "" || pattern.includes("|")) return "";
  const characters = Array.from(pattern);
  const end = characters.findIndex((c) => SPECIAL.test(c));
  if (end === -1) return characters.join("");
  const repeated = /[*?{]/.test(characters[end] ?? "");
  return characters.slice(0, repeated ? Math.max(0, end - 1) : end).join("");
}

/** Reads an expression, plain or in the form `/expression/flags`. */
export function compileRegex(source: string): RegexResult {
  const delimited = /^\/(.*)\/([ims]*)$/s.exec(source);
  const [pattern, flags] = delimited ? [delimited[1] ?? "", delimited[2] ?? ""] : [source, ""];
  const prefix = pattern.startsWith("^") ? literalStart(pattern.slice(1), flags) : "";
  return compile(pattern, { flags, prefix });
}

/** Reads an expression that must match a text from its beginning to its end. */
export const compileWholeRegex = (pattern: string): RegexResult =>
  compile(pattern, { flags: "", prefix: literalStart(pattern, ""), as: "parseWhole" });

/** Reads an expression that must match from the beginning of a text. */
export const compileRegexFromStart = (pattern: string): RegexResult =>
  compile(pattern, { flags: "", prefix: literalStart(pattern, ""), as: "parseFromStart" });

interface Options {
  flags: string;
  prefix: string;
  as?: "parse" | "parseFromStart" | "parseWhole";
}

function compile(pattern: string, { flags, prefix, as = "parse" }: Options): RegexResult {
  if (pattern.length > MAX_PATTERN) return { ok: false, reason: `is longer than ${MAX_PATTERN} characters` };
  try {
    const parser = new Parser(pattern, flags);
    const { states, start } = statesOf(parser[as]());
    return { ok: true, regex: { prefix, test: matcher(states, start) } };
  } catch (cause) {
    if (cause instanceof Unsupported) return { ok: false, reason: cause.message };
    throw cause;
  }
}
