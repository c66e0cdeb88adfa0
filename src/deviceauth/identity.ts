import { createHash } from "node:crypto";
import { parseJson } from "../platform/json.ts";

/** What makes a device itself. Two identities are the same if their texts are. */
export interface Identity {
  /** Canonical JSON of the identity object. */
  text: string;
  hash: string;
}

export type ParsedIdentity = { ok: true; identity: Identity } | { ok: false; problem: string };

const MAX_LENGTH = 65_536;
const MAX_DEPTH = 64;

/** Of a device seen for the first time. Clients send less than a kilobyte; larger ones that are known already stay so. */
const MAX_STORED_BYTES = 4096;
/** Each is a row of the search. */
const MAX_STORED_VALUES = 100;

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** What keeps a parsed JSON value from having a canonical form. */
function problemOf(value: unknown, depth = 0): string | undefined {
  if (depth > MAX_DEPTH) return "exceeded max depth";
  if (typeof value === "number") return Number.isFinite(value) ? undefined : "number out of range";
  if (typeof value !== "object" || value === null) return undefined;
  for (const member of Object.values(value)) {
    const problem = problemOf(member, depth + 1);
    if (problem) return problem;
  }
  return undefined;
}

// What the original's serialiser escapes besides JSON's own; kept so that hashes match an imported database.
const ESCAPED = /[<>&\u2028\u2029]/g;
const escape = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;

const quote = (text: string) => JSON.stringify(text).replace(ESCAPED, escape);

const byBytes = ([a]: [string, unknown], [b]: [string, unknown]) =>
  Buffer.compare(Buffer.from(a), Buffer.from(b));

/** JSON with sorted keys at every level and without spaces (protocol notes, deviceauth 1). */
function canonicalJson(value: unknown): string {
  if (typeof value === "string") return quote(value.toWellFormed());
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const wellFormed = new Map(
    Object.entries(value).map(([key, member]): [string, unknown] => [key.toWellFormed(), member]),
  );
  const members = [...wellFormed]
    .sort(byBytes)
    .map(([key, member]) => `${quote(key)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}

/** The identity in a parsed JSON value; `null` is the empty one. */
export function identityOf(value: unknown): ParsedIdentity {
  const object = value ?? {};
  if (typeof object !== "object" || Array.isArray(object))
    return { ok: false, problem: "must be a JSON object" };
  const problem = problemOf(object);
  if (problem) return { ok: false, problem };
  const text = canonicalJson(object);
  if (text.length > MAX_LENGTH) return { ok: false, problem: `must be no longer than ${MAX_LENGTH}` };
  return { ok: true, identity: { text, hash: sha256(text) } };
}

/** The identity a device sends as text. */
export function parseIdentity(text: string): ParsedIdentity {
  try {
    return identityOf(parseJson(text));
  } catch (cause) {
    return { ok: false, problem: cause instanceof Error ? cause.message : "not JSON" };
  }
}

const countValues = (value: unknown): number =>
  typeof value === "object" && value !== null
    ? Object.values(value).reduce<number>((sum, member) => sum + countValues(member), 1)
    : 1;

/** Why a device of this identity is not taken; undefined for one that is. */
export function storageProblem({ text }: Identity): string | undefined {
  if (Buffer.byteLength(text) > MAX_STORED_BYTES) return `must be no longer than ${MAX_STORED_BYTES} bytes`;
  if (countValues(identityMembers(text)) > MAX_STORED_VALUES + 1)
    return `must have no more than ${MAX_STORED_VALUES} values`;
  return undefined;
}

/** The members of an identity. */
export const identityMembers = (text: string): Record<string, unknown> =>
  JSON.parse(text) as Record<string, unknown>; // canonical text is an object
