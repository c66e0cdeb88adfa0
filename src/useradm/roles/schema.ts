import { z } from "@hono/zod-openapi";
import { compileRegexFromStart } from "../../platform/regex/regex.ts";

const BLANK = "cannot be blank";
const MAX_NAME = 256;
const MAX_DESCRIPTION = 4096;
const MAX_SETS = 15;
const MAX_PERMISSIONS = 100;
const MAX_SCOPE_VALUES = 500;

const tooLong = (max: number) => ({ error: `the length must be no more than ${max}` });

// Anything that shows; a name also stands in addresses and in logs.
const name = z
  .string({ error: BLANK })
  .min(1, { error: BLANK })
  .max(MAX_NAME, tooLong(MAX_NAME))
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, { error: "must be text in one line" });

const description = z
  .string()
  .max(MAX_DESCRIPTION, tooLong(MAX_DESCRIPTION))
  .nullish()
  .transform((text) => text ?? undefined);

const SCOPE_TYPES = ["DeviceGroups", "ReleaseTags"] as const;
export type ScopeType = (typeof SCOPE_TYPES)[number];
const scopeType = z.enum(SCOPE_TYPES, { error: "must be DeviceGroups or ReleaseTags" });

const Scope = z
  .strictObject({
    type: scopeType,
    value: z
      .array(z.string().min(1, { error: BLANK }).max(1024, tooLong(1024)))
      .max(MAX_SCOPE_VALUES, tooLong(MAX_SCOPE_VALUES)),
  })
  .openapi("RoleScope");

/** Strict, as a set that lacks its scope is about everything. */
const SetWithScope = z
  .strictObject({ name, scope: Scope.nullish().transform((scope) => scope ?? undefined) })
  .openapi("PermissionSetWithScope");

export const SetsWithScope = z.array(SetWithScope).max(MAX_SETS, tooLong(MAX_SETS));

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "any"] as const;
const GROUP_ACTIONS = ["CREATE_DEPLOYMENT", "VIEW_DEVICE", "MANAGE_DEVICE", "REMOTE_TERMINAL"] as const;

const object = <T extends z.ZodType>(type: T, value: z.ZodType<string> = z.string().min(1).max(1024)) =>
  z.object({ type, value });

const address = z.string({ error: BLANK }).superRefine((pattern, ctx) => {
  const compiled = compileRegexFromStart(pattern);
  if (!compiled.ok) ctx.addIssue({ code: "custom", message: compiled.reason });
});

const Anything = z.object({ action: z.literal("any"), object: object(z.literal("any")) });
const Http = z.object({
  action: z.literal("http"),
  object: object(z.enum(METHODS, { error: `must be one of ${METHODS.join(", ")}` }), address),
});
const OnDevices = z.object({
  action: z.enum(GROUP_ACTIONS),
  object: object(z.enum(["DEVICE_GROUP", "DEVICE_ID"], { error: "must be DEVICE_GROUP or DEVICE_ID" })),
});

const RolePermission = z
  .discriminatedUnion("action", [Anything, Http, OnDevices], {
    error: `must be one of any, http, ${GROUP_ACTIONS.join(", ")}`,
  })
  .openapi("RolePermission");

const SetPermission = z
  .discriminatedUnion("action", [Anything, Http], { error: "must be any or http" })
  .openapi("Permission");

/** An empty list may be written as null. */
const listOf = <T extends z.ZodType>(item: T, max: number) =>
  z
    .array(item)
    .max(max, tooLong(max))
    .nullish()
    .transform((list) => list ?? undefined);

export const NewRole = z
  .object({
    name,
    description,
    permissions: listOf(RolePermission, MAX_PERMISSIONS),
    permission_sets_with_scope: SetsWithScope.nullish().transform((list) => list ?? undefined),
  })
  .openapi("Role");
export type Role = z.output<typeof NewRole>;

export const NewPermissionSet = z
  .object({
    name,
    action: description,
    object: description,
    description,
    permissions: z.array(SetPermission, { error: BLANK }).max(MAX_PERMISSIONS, tooLong(MAX_PERMISSIONS)),
    supported_scope_types: listOf(scopeType, SCOPE_TYPES.length),
  })
  .openapi("PermissionSet");
/** Built-in ones are shown with addresses that need not be read by the engine. */
export interface PermissionSet {
  name: string;
  action?: string | undefined;
  object?: string | undefined;
  description?: string | undefined;
  permissions: { action: string; object: { type: string; value: string } }[];
  supported_scope_types?: ScopeType[] | undefined;
}

/** What was stored, which these schemas have read before. */
export type StoredSet = z.output<typeof NewPermissionSet>;
export type RolePermissions = NonNullable<Role["permissions"]>;

/** As they are answered. */
export const SetsWithScopeObject = z.array(
  z.object({
    name: z.string(),
    scope: z.object({ type: z.string(), value: z.array(z.string()) }).optional(),
  }),
);

export const RoleObject = z
  .object({
    name: z.string(),
    description: z.string().optional(),
    permissions: z
      .array(z.object({ action: z.string(), object: z.object({ type: z.string(), value: z.string() }) }))
      .optional(),
    permission_sets_with_scope: SetsWithScopeObject.optional(),
  })
  .openapi("RoleObject");

export const PermissionSetObject = z
  .object({
    name: z.string(),
    action: z.string().optional(),
    object: z.string().optional(),
    description: z.string().optional(),
    permissions: z.array(
      z.object({ action: z.string(), object: z.object({ type: z.string(), value: z.string() }) }),
    ),
    supported_scope_types: z.array(z.string()).optional(),
  })
  .openapi("PermissionSetObject");
