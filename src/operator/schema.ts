import { z } from "@hono/zod-openapi";
import { JurisdictionName } from "../platform/placing.ts";
import { LIMIT_NAMES } from "../tenants/index.ts";
import { EmailText, PasswordText, RoleNames } from "../useradm/index.ts";

const BLANK = "cannot be blank";

const TenantName = z
  .string({ error: BLANK })
  .min(1, { error: BLANK })
  .max(256, { error: "the length must be no more than 256" });

const Id = z
  .string()
  .regex(/^[0-9A-Za-z_-]{1,64}$/, { error: "must be 1 to 64 letters, digits, dashes or underscores" })
  // `me` stands for the caller in paths.
  .refine((id) => id.toLowerCase() !== "me", { error: "must not be me" });

export const NewUser = z
  .object({
    email: EmailText,
    password: PasswordText,
    id: Id.optional(),
    tenant: Id.optional(),
    roles: RoleNames.optional(),
  })
  .openapi("OperatorNewUser");

export const UserRef = z
  .object({ id: z.string(), email: z.string(), tenant: z.string() })
  .openapi("OperatorUser");

export const User = UserRef.extend({
  roles: z.array(z.string()),
  created_at: z.string(),
  login_at: z.string().optional(),
}).openapi("OperatorUserWithRoles");

export const TenantRemoved = z
  .object({ gone: z.boolean(), rows: z.number(), objects: z.number() })
  .openapi("OperatorTenantRemoved");

export const UserByEmail = z.object({ email: EmailText }).openapi("OperatorUserByEmail");

export const NewPassword = z
  .object({ email: EmailText, password: PasswordText })
  .openapi("OperatorNewPassword");

const Plan = z.enum(["os", "professional", "enterprise"], {
  error: "must be os, professional or enterprise",
});

export const NewTenant = z
  .object({
    name: TenantName,
    user: EmailText,
    password: PasswordText,
    plan: Plan.optional(),
    jurisdiction: JurisdictionName.optional(),
  })
  .openapi("OperatorNewTenant");

const Status = z.enum(["active", "suspended"], { error: "must be active or suspended" });

export const Tenant = z
  .object({
    id: z.string(),
    name: z.string(),
    tenant_token: z.string(),
    status: Status,
    plan: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("OperatorTenant");

export const TenantWithUser = Tenant.extend({ user: UserRef }).openapi("OperatorTenantWithUser");

export const TenantWithLimits = Tenant.extend({ limits: z.record(z.string(), z.number()) }).openapi(
  "OperatorTenantWithLimits",
);

export const NewStatus = z.object({ status: Status }).openapi("OperatorTenantStatus");

export const LimitName = z.enum(LIMIT_NAMES, { error: `must be one of ${LIMIT_NAMES.join(", ")}` });

export const NewLimit = z
  .object({ value: z.int({ error: "must be a whole number" }) })
  .openapi("OperatorLimit");

export const NewPlan = z
  .object({ plan: z.string({ error: "cannot be blank" }).min(1, { error: "cannot be blank" }).max(64) })
  .openapi("OperatorPlan");

export const Databases = z
  .object({
    databases: z.array(
      z.object({
        name: z.string(),
        jurisdiction: z.string().optional(),
        bytes: z.number().int().optional().openapi({ description: "Absent while it does not answer" }),
        share: z.number().optional().openapi({ description: "Of the bytes that it may have" }),
        warning: z.string().optional(),
        takes_tenants: z.boolean().openapi({ description: "Whether new tenants may come" }),
      }),
    ),
  })
  .openapi("OperatorDatabases");

export const Migrated = z
  .object({
    applied: z.array(z.string()),
    databases: z
      .array(z.object({ name: z.string(), applied: z.array(z.string()), done: z.boolean() }))
      .optional()
      .openapi({ description: "Where there are several" }),
  })
  .openapi("OperatorMigrated");

export const Claims = z
  .object({ claims: z.record(z.string(), z.unknown(), { error: "must be an object" }) })
  .openapi("OperatorClaims");

export const Minted = z.object({ token: z.string() }).openapi("OperatorToken");

export const Reset = z.object({ host: z.string().optional() }).openapi("OperatorFactoryReset");

export const ResetDone = z
  .object({ tables: z.number(), objects: z.number() })
  .openapi("OperatorFactoryResetDone");

export const Setup = z
  .object({ email: EmailText.optional(), password: PasswordText.optional() })
  .openapi("OperatorSetup");

export const SetupDone = z
  .object({
    applied: z.array(z.string()),
    tenant: Tenant,
    admin: z
      .object({ id: z.string(), email: z.string(), password: z.string().optional() })
      .optional()
      .openapi({ description: "Only if it was made now; with the password if that was generated" }),
  })
  .openapi("OperatorSetupDone");
