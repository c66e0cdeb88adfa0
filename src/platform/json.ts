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

/** Where a member may have the name, spelled out or escaped. */
const MAYBE_PROTO = /__proto__|\\u00/;

const hasProto = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  (Object.hasOwn(value, "__proto__") || Object.values(value).some(hasProto));

/** As `parseJson`, without the one name that a member loses when its object is validated: it would be dropped silently. */
export function parseKeptJson(text: string): unknown {
  const value = parseJson(text);
  if (MAYBE_PROTO.test(text) && hasProto(value)) throw new SyntaxError("a member cannot be named __proto__");
  return value;
}
