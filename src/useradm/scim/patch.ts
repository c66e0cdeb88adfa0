import { describeIssues } from "../../platform/wire.ts";
import type { z } from "zod";
import { EmailText } from "../schema.ts";
import { scimFault } from "./errors.ts";
import {
  DisplayName,
  ExternalId,
  GROUP_SCHEMA,
  Members,
  Truth,
  USER_SCHEMA,
  type Operation,
} from "./schema.ts";

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

const SCHEMA_PREFIXES = [USER_SCHEMA, GROUP_SCHEMA].map((schema) => `${schema}:`.toLowerCase());

/** The attribute of a path in small letters, without the name of its schema. */
const attributeOf = (path: string) => {
  const lower = path.trim().toLowerCase();
  const prefix = SCHEMA_PREFIXES.find((one) => lower.startsWith(one)) ?? "";
  return lower.slice(prefix.length);
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

/** What a provider may set of a group. */
export interface GroupState {
  displayName: string;
  externalId: string | null;
  members: ReadonlySet<string>;
}

function withGroupAttribute(state: GroupState, attribute: string, { op, value }: Operation): GroupState {
  if (attribute === "members") {
    const members =
      op === "remove" && value === undefined
        ? new Set<string>()
        : withMembers(state.members, op, idsIn(value));
    return { ...state, members };
  }
  if (attribute === "externalid")
    return { ...state, externalId: op === "remove" ? null : (parsed(ExternalId, value) ?? null) };
  if (attribute !== "displayname") return state;
  if (op === "remove") throw scimFault("bad_request", "displayName cannot be removed", "mutability");
  return { ...state, displayName: parsed(DisplayName, value) };
}

function withGroupOperation(state: GroupState, { op, path, value }: Operation): GroupState {
  const [, one] = ONE_MEMBER.exec(path?.trim() ?? "") ?? [];
  if (one !== undefined)
    return { ...state, members: withMembers(state.members, op === "replace" ? "add" : op, [one]) };
  if (path) return withGroupAttribute(state, attributeOf(path), { op, value });
  if (op === "remove" || typeof value !== "object" || value === null || Array.isArray(value))
    throw scimFault(
      "bad_request",
      "an operation without a path needs attributes as its value",
      "invalidValue",
    );
  return Object.entries(value).reduce(
    (next, [key, own]) => withGroupAttribute(next, attributeOf(key), { op, value: own }),
    state,
  );
}

/** A group once the operations are carried out, in order. */
export const patchedGroup = (state: GroupState, operations: readonly Operation[]): GroupState =>
  operations.reduce(withGroupOperation, state);
