import { decodeText } from "./bytes.ts";
import { refusal } from "./faults.ts";

/** JSON as it stands in an artifact: unknown until looked at. */
export type JsonObject = Record<string, unknown>;

/** Deeper nesting would overflow the stack of whoever serialises it again. */
const MAX_JSON_DEPTH = 512;

/** Room for 10,000 keys with a value each; a megabyte of the smallest values takes 200 ms to parse and hold. */
const MAX_JSON_VALUES = 25_000;

const utf8Encoder = new TextEncoder();

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isStringArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

const MAY_BE_INFINITE = /[eE]\+?\d{3}|\d{309}/;

/** What is too large for a number would be kept as `null`; the original refuses it. */
function finite(_: string, value: unknown): unknown {
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY)
    throw new RangeError("infinite");
  return value;
}

export type ParsedJson = { ok: true; value: unknown } | { ok: false };

export function parseJson(content: Uint8Array): ParsedJson {
  const text = decodeText(content);
  const { depth, values } = shapeOf(text);
  if (depth > MAX_JSON_DEPTH) return { ok: false };
  if (values > MAX_JSON_VALUES) {
    throw refusal("limit_exceeded", `more than ${MAX_JSON_VALUES} values in one file of the header`);
  }
  try {
    return { ok: true, value: JSON.parse(text, MAY_BE_INFINITE.test(text) ? finite : undefined) };
  } catch {
    return { ok: false };
  }
}

/**
 * How deep brackets outside strings are nested, and how many keys and values there can be; a loop, because a
 * pattern would be quadratic on hostile input.
 */
export function shapeOf(text: string): { depth: number; values: number } {
  let [nested, depth, values] = [0, 0, 1];
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (inString) {
      if (character === "\\") index++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "," || character === ":") values++;
    else if (character === "{" || character === "[") {
      values++;
      depth = Math.max(depth, ++nested);
    } else if (character === "}" || character === "]") nested--;
  }
  return { depth, values };
}

export const MAX_STRING_BYTES = 256;

/** What is wrong with a name, a type or a group, or null. */
export function stringFault(text: string): string | null {
  if (utf8Encoder.encode(text).length > MAX_STRING_BYTES) return "too many characters";
  if (!/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u.test(text)) return "string contains invalid characters";
  return null;
}

/** The name of a JSON value's type as the original reader's messages have it. */
export function goTypeName(value: unknown): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "object") return "map[string]interface {}";
  if (typeof value === "number") return "float64";
  return typeof value === "boolean" ? "bool" : "string";
}

/** A JSON value as the original reader's messages print it. */
export function goValueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goValueText).join(" ")}]`;
  if (isJsonObject(value)) {
    const members = Object.keys(value).toSorted();
    return `map[${members.map((key) => `${key}:${goValueText(value[key])}`).join(" ")}]`;
  }
  if (value === null) return "<nil>";
  return typeof value === "string" ? value : JSON.stringify(value);
}
