import { describeIssues } from "../../platform/wire.ts";
import type { z } from "zod";
import { EmailText } from "../schema.ts";
import { scimFault } from "./errors.ts";
import { ExternalId, Members, Truth, USER_SCHEMA, type Operation } from "./schema.ts";

/** What a provider may set of a user; all else that it sends is not kept. */
export interface UserState {
  email: string;
  externalId: string | null;
  isActive: boolean;
}

function parsed<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (!result.success) throw scimFault("bad_request", describeIssues(result.error.issues), "invalidValue");
  return result.data;
}

/** The attribute of a path in small letters, without the name of its schema. */
const attributeOf = (path: string) => {
  const prefix = `${USER_SCHEMA}:`.toLowerCase();
  const lower = path.trim().toLowerCase();
  return lower.startsWith(prefix) ? lower.slice(prefix.length) : lower;
};

function withAttribute(state: UserState, attribute: string, value: unknown): UserState {
  if (attribute === "active") return { ...state, isActive: parsed(Truth, value) };
  if (attribute === "username") return { ...state, email: parsed(EmailText, value) };
  if (attribute === "externalid") return { ...state, externalId: parsed(ExternalId, value) ?? null };
  return state;
}

function withUserOperation(state: UserState, { op, path, value }: Operation): UserState {
  if (path) {
    const attribute = attributeOf(path);
    if (op !== "remove") return withAttribute(state, attribute, value);
    if (attribute === "externalid") return { ...state, externalId: null };
    if (["active", "username", "id"].includes(attribute))
      throw scimFault("bad_request", `${path} cannot be removed`, "mutability");
    return state;
  }
  if (op === "remove" || typeof value !== "object" || value === null || Array.isArray(value))
    throw scimFault(
      "bad_request",
      "an operation without a path needs attributes as its value",
      "invalidValue",
    );
  return Object.entries(value).reduce(
    (next, [name, one]) => withAttribute(next, attributeOf(name), one),
    state,
  );
}

export const patchedUser = (state: UserState, operations: readonly Operation[]): UserState =>
  operations.reduce(withUserOperation, state);

const ONE_MEMBER = /^members\[\s*value\s+eq\s+"([^"\\]{1,128})"\s*\]$/i;

const idsIn = (value: unknown): string[] =>
  parsed(Members, Array.isArray(value) ? value : [value]).map((member) => member.value);

function withMembers(members: ReadonlySet<string>, op: Operation["op"], ids: readonly string[]) {
  if (op === "replace") return new Set(ids);
  if (op === "add") return new Set([...members, ...ids]);
  const gone = new Set(ids);
  return new Set([...members].filter((id) => !gone.has(id)));
}

function withGroupOperation(
  members: ReadonlySet<string>,
  { op, path, value }: Operation,
  name: string,
): ReadonlySet<string> {
  const [, one] = ONE_MEMBER.exec(path?.trim() ?? "") ?? [];
  if (one !== undefined) return withMembers(members, op === "replace" ? "add" : op, [one]);
  const attribute = attributeOf(path ?? "");
  if (attribute === "members") {
    if (op === "remove" && value === undefined) return new Set();
    return withMembers(members, op, idsIn(value));
  }
  if (attribute === "displayname") {
    if (op === "replace" && value === name) return members;
    throw scimFault("bad_request", "groups are roles and keep their names", "mutability");
  }
  if (path) return members;
  if (op === "remove" || typeof value !== "object" || value === null || Array.isArray(value))
    throw scimFault(
      "bad_request",
      "an operation without a path needs attributes as its value",
      "invalidValue",
    );
  return Object.entries(value).reduce<ReadonlySet<string>>(
    (next, [key, one]) => withGroupOperation(next, { op, path: key, value: one }, name),
    members,
  );
}

/** Who has the role once the operations are carried out, in order. */
export const patchedMembers = (
  members: readonly string[],
  operations: readonly Operation[],
  name: string,
): ReadonlySet<string> =>
  operations.reduce<ReadonlySet<string>>(
    (next, operation) => withGroupOperation(next, operation, name),
    new Set(members),
  );
