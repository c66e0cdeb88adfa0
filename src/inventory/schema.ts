import { z } from "@hono/zod-openapi";
import { cleanText } from "./attributes.ts";
import { MAX_VALUES_IN_SCOPE } from "./limits.ts";

export const SCOPES = ["system", "identity", "inventory", "monitor", "tags"] as const;

const MAX_NAME_BYTES = 1024;

const byteLength = (text: string) => new TextEncoder().encode(text).byteLength;

/** Required text of at most 1,024 bytes, for names of attributes and scopes. */
export const NameText = z
  .string({ error: "cannot be blank" })
  .min(1, { error: "cannot be blank" })
  .refine((text) => byteLength(text) <= MAX_NAME_BYTES, {
    error: `the length must be between 1 and ${MAX_NAME_BYTES}`,
  })
  .transform(cleanText);

const kindOf = (value: unknown) =>
  value === null
    ? "null"
    : Array.isArray(value)
      ? "array"
      : typeof value === "boolean"
        ? "bool"
        : typeof value;

const isScalar = (value: unknown) =>
  typeof value === "string" || (typeof value === "number" && Number.isFinite(value));

/** What is wrong with a reported value, in the words of the protocol notes (inventory 2). */
function valueProblem(value: unknown): string | undefined {
  if (!Array.isArray(value))
    return isScalar(value) ? undefined : "supported types are string, float64, and arrays thereof";
  const [first] = value as unknown[]; // isArray gives any[]
  if (value.length > 0 && !isScalar(first))
    return `array values must be either string or float64, not: ${kindOf(first)}`;
  const mixed = value.some((member: unknown) => !isScalar(member) || typeof member !== typeof first);
  return mixed ? "array values must be of consistent type: string or float64" : undefined;
}

const cleaned = <T>(value: T): T =>
  (typeof value === "string"
    ? cleanText(value)
    : Array.isArray(value)
      ? value.map((member: unknown) => cleaned(member))
      : value) as T; // strings stay strings, members keep their types

const AttributeInput = z
  .object({
    name: NameText,
    value: z
      .unknown()
      .transform((value, ctx) => {
        const problem = valueProblem(value);
        if (problem) ctx.addIssue({ code: "custom", message: problem });
        return cleaned(value) as string | number | string[] | number[]; // valueProblem lets nothing else pass
      })
      .openapi({
        anyOf: [
          { type: "string" },
          { type: "number" },
          { type: "array", items: { type: "string" }, maxItems: MAX_VALUES_IN_SCOPE },
          { type: "array", items: { type: "number" }, maxItems: MAX_VALUES_IN_SCOPE },
        ],
      }),
    description: z.string().transform(cleanText).optional(),
  })
  .openapi("AttributeInput");

/** More is over every limit of a scope, even if some names come twice. */
const MAX_ATTRIBUTES = 1000;

export const attributesOf = <T extends z.ZodType>(attribute: T) =>
  z
    .array(attribute)
    .max(MAX_ATTRIBUTES, { error: "the number of attributes in the scope is above the limit" });

export const AttributeList = attributesOf(AttributeInput);

/** An attribute that names its own scope. */
export const ScopedAttribute = AttributeInput.extend({ scope: NameText }).openapi("ScopedAttributeInput");

export const AttributeOut = z
  .object({
    name: z.string(),
    description: z.string().optional(),
    value: z.union([z.string(), z.number(), z.boolean(), z.array(z.string()), z.array(z.number())]),
    scope: z.string(),
    timestamp: z.string().optional(),
  })
  .openapi("Attribute");

export const DeviceOut = z
  .object({
    id: z.string(),
    attributes: z.array(AttributeOut).optional(),
    updated_ts: z.string().optional(),
    identities: z.array(z.string()).optional(),
  })
  .openapi("InventoryDevice");

/** Counts of a bulk change; a count of zero is left out. */
export const ChangeCounts = z
  .object({
    matched_count: z.number().int().optional(),
    updated_count: z.number().int().optional(),
    created_count: z.number().int().optional(),
    deleted_count: z.number().int().optional(),
  })
  .openapi("ChangeCounts");

const GROUP_TEXT = "group name can only contain: upper/lowercase alphanum, -(dash), _(underscore)";

/** A group's name; new members may only come under shorter names than old ones leave. */
export const groupName = (max: 256 | 1024) =>
  z
    .string({ error: "cannot be blank" })
    .min(1, { error: "cannot be blank" })
    .max(max, { error: `the length must be between 1 and ${max}` })
    .regex(/^[A-Za-z0-9_-]*$/, { error: GROUP_TEXT });

export const DeviceIdText = z.string().min(1).max(256);
