import { shapeOf } from "../artifact/json.ts";

/**
 * Deeper than anything that clients of the protocol send, and less than what breaks what comes after: recursive
 * schemas, serialisers, and the database, which takes 1,000 levels.
 */
const MAX_DEPTH = 128;

/** Room for the ids of 50,000 devices or for 14,000 lines of a log; the smallest values of a body of 1 MiB take a second. */
const MAX_VALUES = 100_000;

/** `JSON.parse` for text from outside: throws as that does, also on what is nested too deeply. */
export function parseJson(text: string): unknown {
  // That many levels take that many characters.
  if (text.length > MAX_DEPTH) {
    const { depth, values } = shapeOf(text);
    if (depth > MAX_DEPTH) throw new SyntaxError("exceeded max depth");
    if (values > MAX_VALUES) throw new SyntaxError("exceeded max number of values");
  }
  return JSON.parse(text);
}
