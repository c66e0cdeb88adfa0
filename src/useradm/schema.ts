import { z } from "@hono/zod-openapi";
import { rangeOf } from "../platform/network.ts";
import { verbatim } from "../platform/wire.ts";
import { isImportableHash } from "./passwords.ts";
import { SetsWithScope, SetsWithScopeObject } from "./roles/schema.ts";

export const MAX_TEXT = 256;
const MAX_ASSIGNED = 100;
export const BLANK = "cannot be blank";
export const TOO_LONG = `the length must be no more than ${MAX_TEXT}`;

const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const EMAIL = new RegExp(`^[A-Za-z0-9.!#$%&'*+/=?^_\`{|}~-]{1,64}@(?:${LABEL}\\.)+${LABEL}$`);

function emailProblem(text: string): string | undefined {
  if (text === "") return BLANK;
  if (text.length > MAX_TEXT) return TOO_LONG;
  const dots = /^\.|\.\.|\.@/.test(text);
  return dots || !EMAIL.test(text) ? "must be a valid email address" : undefined;
}

/** Emails are lower case everywhere inside. */
export const EmailText = z
  .string({ error: BLANK })
  .superRefine((text, ctx) => {
    const message = emailProblem(text);
    if (message) ctx.addIssue({ code: "custom", message });
  })
  .transform((text) => text.toLowerCase())
  .openapi({ type: "string", format: "email", maxLength: MAX_TEXT });

/** The minimum is checked by the verb, because it is a 422. */
export const PasswordText = z
  .string({ error: BLANK })
  .min(1, { error: BLANK })
  .max(MAX_TEXT, { error: TOO_LONG });

const MAX_ROLES = 15;

export const RoleNames = z
  .array(z.string({ error: "must be a name" }).min(1, { error: BLANK }).max(MAX_TEXT, { error: TOO_LONG }))
  .max(MAX_ROLES, { error: `the length must be no more than ${MAX_ROLES}` })
  .transform((roles) => [...new Set(roles)])
  .openapi({
    type: "array",
    items: { type: "string" },
    maxItems: MAX_ROLES,
    description: "Role names; without any a user may do the basics only",
  });

const HashText = z.string().refine(isImportableHash, { error: "must be a bcrypt or scrypt hash" });

/** Empty text counts as absent. */
const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === "" || value === null ? undefined : value), schema.optional());

export const NewUser = z
  .object({
    email: EmailText,
    password: optional(PasswordText).openapi({ description: "Needed unless a link to set one is sent" }),
    roles: RoleNames.optional(),
    send_reset_password: z.boolean().nullish().openapi({ description: "Send a link to set the password by" }),
  })
  .refine(
    ({ email, password, send_reset_password }) =>
      email !== undefined || password !== undefined || send_reset_password === true,
    {
      error: BLANK,
      path: ["password"],
      // Told beside what else is wrong; whether a user may be without one is the verb's to say.
      when: ({ value }) => typeof value === "object" && value !== null,
    },
  )
  .openapi("NewUser");

const MAX_SUBJECT = 512;
const MAX_LOGINS = 20;

export const NewInternalUser = z
  .object({
    email: EmailText,
    password: optional(PasswordText).openapi({ description: "Needed unless a link to set one is sent" }),
    password_hash: optional(HashText),
    send_reset_password: z.boolean().nullish().openapi({ description: "Send a link to set the password by" }),
    magic_id: z
      .uuid({ error: "must be a valid UUID" })
      .nullish()
      .openapi({ description: "Logs in once whoever has it, for 15 minutes" }),
    login: z
      .record(z.string().max(MAX_TEXT), z.string().min(1, { error: BLANK }).max(MAX_SUBJECT))
      .refine((logins) => Object.keys(logins).length <= MAX_LOGINS, {
        error: `the length must be no more than ${MAX_LOGINS}`,
      })
      .nullish()
      .openapi({ description: "Subjects by the ids of identity providers that may vouch for the user" }),
  })
  .superRefine((user, ctx) => {
    const given = [user.password, user.password_hash].filter((one) => one !== undefined).length;
    const hasOther = user.send_reset_password === true || Object.keys(user.login ?? {}).length > 0;
    if (given === 2 || (given === 0 && !hasOther))
      ctx.addIssue(verbatim("password *or* password_hash must be provided"));
  })
  .openapi("NewInternalUser");

export const UserUpdate = z
  .object({
    email: optional(EmailText),
    password: optional(PasswordText),
    current_password: optional(z.string()),
    roles: RoleNames.optional(),
  })
  .superRefine((update, ctx) => {
    if (update.email === undefined && update.password === undefined && update.roles === undefined)
      ctx.addIssue(verbatim("no update information provided"));
  })
  .openapi("UserUpdate");

export const OwnUserUpdate = z
  .object({ password: optional(PasswordText), current_password: optional(z.string()) })
  .openapi("OwnUserUpdate");

const SsoIdentity = z
  .object({ id: z.string(), kind: z.string(), subject: z.string() })
  .openapi("SsoIdentity");

export const User = z
  .object({
    id: z.string(),
    email: z.string(),
    created_ts: z.string(),
    updated_ts: z.string(),
    login_ts: z.string().optional(),
    verified: z.boolean(),
    tfa_status: z.enum(["disabled", "unverified", "enabled"]),
    roles: z.array(z.string()),
    suspended: z.boolean().optional().openapi({ description: "By an identity provider: may not sign in" }),
    sso: z.array(SsoIdentity).optional(),
  })
  .openapi("User");

export const PendingEmailChange = z
  .object({ new_email: z.string(), created_ts: z.string(), valid_until: z.string() })
  .openapi("PendingEmailChange");

const TenantName = z.object({ id: z.string(), name: z.string() }).openapi("TenantIdName");

export const TenantUser = User.extend({
  tenant_id: z.string().openapi({ description: "Where a login leads" }),
  tenant_ids: z.array(z.string()),
  tenants: z.array(TenantName),
}).openapi("TenantUser");

/** The tenants are those that the user can work in now. */
export const OwnUser = TenantUser.extend({
  pending_email_change_request: PendingEmailChange.optional(),
}).openapi("OwnUser");

export const Assignment = z
  .object({
    tenant_ids: z
      .array(z.string({ error: BLANK }).min(1, { error: BLANK }).max(MAX_TEXT, { error: TOO_LONG }), {
        error: "must be a list",
      })
      .min(1, { error: BLANK })
      .max(MAX_ASSIGNED, { error: `must have no more than ${MAX_ASSIGNED}` }),
    role: optional(z.string().min(1, { error: BLANK }).max(MAX_TEXT, { error: TOO_LONG })),
  })
  .openapi("TenantAssignment");

/** Anything longer is no link that was ever sent. */
const SecretHash = z.string({ error: BLANK }).min(1, { error: BLANK }).max(MAX_TEXT, { error: TOO_LONG });

export const Address = z.object({ email: EmailText }).openapi("Address");
export const LinkCompletion = z.object({ secret_hash: SecretHash }).openapi("LinkCompletion");
export const PasswordResetCompletion = z
  .object({ secret_hash: SecretHash, password: PasswordText })
  .openapi("PasswordResetCompletion");
export const EmailUpdateRequest = z
  .object({ email: EmailText, current_password: optional(z.string()) })
  .openapi("EmailUpdateRequest");

const several = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]))
  .optional()
  .openapi({ type: "array", items: { type: "string" } });

const unixSeconds = (name: string) =>
  z
    .string()
    .optional()
    .transform((text, ctx) => {
      if (text === undefined) return undefined;
      if (/^-?\d{1,12}$/.test(text)) return Number(text) * 1000;
      const reason = `${JSON.stringify(text)} is not a number of seconds`;
      ctx.addIssue(verbatim(`api: invalid form values: invalid form parameter "${name}": ${reason}`));
      return z.NEVER;
    })
    .openapi({ type: "integer", description: "Unix time in seconds, exclusive" });

export const UserQuery = z.object({
  id: several,
  email: several,
  created_after: unixSeconds("created_after"),
  created_before: unixSeconds("created_before"),
  updated_after: unixSeconds("updated_after"),
  updated_before: unixSeconds("updated_before"),
});

/** Whom a provider means; the subject alone may be that of several providers. */
export const SsoQuery = z.object({
  sso_provider_id: z.string().max(MAX_TEXT).optional(),
  sso_subject: z.string().max(MAX_SUBJECT).optional(),
});

const YEAR_S = 31_536_000;

const MAX_ADDRESSES = 20;
const MAX_ADDRESS = 64;

const addressRange = z
  .string()
  .max(MAX_ADDRESS)
  .refine((text) => rangeOf(text) !== undefined, {
    error: "must be an address or a network, of IPv6 one of at most 64 bits",
  });

/** What a token may do less than its user. */
const Limits = z.object({
  permission_sets_with_scope: SetsWithScope.nullish().transform((sets) => sets ?? undefined),
  addresses: z
    .array(addressRange)
    .min(1, { error: BLANK })
    .max(MAX_ADDRESSES, { error: `the length must be no more than ${MAX_ADDRESSES}` })
    .nullish()
    .transform((list) => list ?? undefined),
  tools: z
    .enum(["write"], { error: "must be write" })
    .nullish()
    .transform((tools) => tools ?? undefined),
});

/** Strict, as a token that lacks what it was meant to be limited by may do all that its user may. */
export const NewPersonalToken = z
  .strictObject({
    name: z
      .string({ error: BLANK })
      .min(1, { error: BLANK })
      .max(4096, { error: "the length must be no more than 4096" }),
    expires_in: z
      .int({ error: "must be a whole number of seconds" })
      .min(0, { error: "must be no less than 0" })
      .max(YEAR_S, { error: `must be no greater than ${YEAR_S}` })
      .nullish(),
    ...Limits.shape,
  })
  .openapi("NewPersonalAccessToken");

export const PersonalToken = z
  .object({
    id: z.string(),
    name: z.string(),
    created_ts: z.string(),
    last_used: z.string().optional(),
    expiration_date: z.string().optional(),
    permission_sets_with_scope: SetsWithScopeObject.optional(),
    addresses: z.array(z.string()).optional(),
    tools: z.literal("write").optional(),
  })
  .openapi("PersonalAccessToken");

const MAX_KEYS = 1024;
const MAX_KEY = 128;
const MAX_VALUE = 4096;

/** A free-form document of the web UI. */
export const SettingsDocument = z.record(z.string(), z.unknown()).superRefine((document, ctx) => {
  const refuse = (problem: string) => ctx.addIssue(verbatim(`Values: ${problem}.`));
  const entries = Object.entries(document);
  if (entries.length > MAX_KEYS) refuse(`the length must be no more than ${MAX_KEYS}`);
  for (const [key, value] of entries) {
    if (key.length > MAX_KEY) return refuse(`(key: the length must be no more than ${MAX_KEY})`);
    if (typeof value === "string" && value.length > MAX_VALUE)
      return refuse(`(${key}: the length must be no more than ${MAX_VALUE})`);
  }
});
