import { z } from "@hono/zod-openapi";
import type * as core from "zod/v4/core";

/** How members of objects are matched with a schema's. */
export interface MemberRules {
  /** Names in another letter case are the schema's, as the original's decoder takes them (protocol notes, deviceauth 2). */
  foldCase?: boolean;
}

/** The schema within one that only says when a value may be missing. */
const within = (schema: core.$ZodType): core.$ZodType | undefined =>
  schema instanceof z.ZodOptional ||
  schema instanceof z.ZodDefault ||
  schema instanceof z.ZodPrefault ||
  schema instanceof z.ZodNonOptional ||
  schema instanceof z.ZodCatch ||
  schema instanceof z.ZodReadonly
    ? schema.unwrap()
    : undefined;

/** The schema of the value itself, without what says when it may be missing or what becomes of it. */
function bare(schema: core.$ZodType): core.$ZodType {
  if (schema instanceof z.ZodPipe) return bare(schema.in instanceof z.ZodTransform ? schema.out : schema.in);
  const inner = schema instanceof z.ZodNullable ? schema.unwrap() : within(schema);
  return inner === undefined ? schema : bare(inner);
}

const knownAnswers = new WeakMap<core.$ZodType, boolean>();

/** Whether `null` is a value of this schema and not the absence of one. */
function takesNull(schema: core.$ZodType): boolean {
  const known = knownAnswers.get(schema);
  if (known !== undefined) return known;
  const answer = seesNull(schema);
  knownAnswers.set(schema, answer);
  return answer;
}

function seesNull(schema: core.$ZodType): boolean {
  if (schema instanceof z.ZodPipe) return takesNull(schema.in);
  if (schema instanceof z.ZodUnion) return schema.options.some(takesNull);
  if (schema instanceof z.ZodLiteral) return schema.values.has(null);
  const inner = within(schema);
  if (inner !== undefined) return takesNull(inner);
  return [z.ZodNullable, z.ZodNull, z.ZodUnknown, z.ZodAny, z.ZodCustom, z.ZodTransform].some(
    (kind) => schema instanceof kind,
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The name a schema knows a member by. */
function nameIn(shape: object, name: string, value: object): string {
  if (Object.hasOwn(shape, name)) return name;
  const folded = name.toLowerCase();
  const known = Object.keys(shape).find((candidate) => candidate.toLowerCase() === folded);
  return known === undefined || Object.hasOwn(value, known) ? name : known;
}

function objectMembers(shape: Record<string, core.$ZodType>, value: object, rules: MemberRules): unknown {
  const members = Object.entries(value).flatMap(([sent, member]: [string, unknown]) => {
    const name = rules.foldCase ? nameIn(shape, sent, value) : sent;
    const schema = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (!schema) return [[name, member] as const];
    return member === null && !takesNull(schema) ? [] : [[name, withMembers(schema, member, rules)] as const];
  });
  return Object.fromEntries(members);
}

const hasMembers = (schema: core.$ZodType): boolean =>
  [z.ZodObject, z.ZodArray, z.ZodRecord, z.ZodUnion].some((kind) => bare(schema) instanceof kind);

/**
 * A parsed JSON value as a schema is to see it: a member of an object that is `null` and cannot be is taken for absent,
 * as the original's decoder does and generated clients rely on.
 */
export function withMembers(schema: core.$ZodType, value: unknown, rules: MemberRules = {}): unknown {
  const known = bare(schema);
  if (known instanceof z.ZodUnion) {
    const kind = known.options.map(bare).find((option) => fits(option, value));
    return kind ? withMembers(kind, value, rules) : value;
  }
  if (Array.isArray(value)) {
    if (!(known instanceof z.ZodArray) || !hasMembers(known.element)) return value;
    return value.map((element: unknown) => withMembers(known.element, element, rules));
  }
  if (!isObject(value)) return value;
  if (known instanceof z.ZodObject) return objectMembers(known.shape, value, rules);
  if (known instanceof z.ZodRecord && hasMembers(known.valueType)) {
    const values = Object.entries(value).map(([name, member]) => [
      name,
      withMembers(known.valueType, member, rules),
    ]);
    return Object.fromEntries(values);
  }
  return value;
}

const fits = (option: core.$ZodType, value: unknown) =>
  Array.isArray(value) ? option instanceof z.ZodArray : isObject(value) && fitsObject(option, value);

/** Of objects that are told apart by a word, the one with this word. */
function fitsObject(option: core.$ZodType, value: Record<string, unknown>): boolean {
  if (option instanceof z.ZodRecord) return true;
  if (!(option instanceof z.ZodObject)) return false;
  const words = Object.entries(option.shape as Record<string, core.$ZodType>).filter(
    ([, member]) => member instanceof z.ZodLiteral,
  );
  return words.every(
    ([name, word]) => word instanceof z.ZodLiteral && word.values.has(value[name] as string),
  );
}
