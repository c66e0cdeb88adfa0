import { depthOf } from "../artifact/json.ts";

/**
 * Deeper than anything that clients of the protocol send, and less than what breaks what comes after: recursive
 * schemas, serialisers, and the database, which takes 1,000 levels.
 */
const MAX_DEPTH = 128;

/** `JSON.parse` for text from outside: throws as that does, also on what is nested too deeply. */
export function parseJson(text: string): unknown {
  // That many levels take that many characters.
  if (text.length > MAX_DEPTH && depthOf(text) > MAX_DEPTH) throw new SyntaxError("exceeded max depth");
  return JSON.parse(text);
}
