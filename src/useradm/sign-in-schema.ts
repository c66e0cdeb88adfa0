import { z } from "@hono/zod-openapi";
import { Assertion } from "./passkeys/schema.ts";
import { BLANK, MAX_TEXT, RoleNames, TOO_LONG } from "./schema.ts";

export const FactorCode = z
  .object({
    token2fa: z.string({ error: BLANK }).min(1, { error: BLANK }).max(MAX_TEXT, { error: TOO_LONG }),
  })
  .openapi("FactorCode");

export const SignInRules = z
  .object({
    require_2fa: z
      .boolean({ error: "must be true or false" })
      .openapi({ description: "Users without a second factor may do nothing but set one up" }),
    require_2fa_roles: RoleNames.optional().openapi({
      type: "array",
      items: { type: "string" },
      description: "The same for users with one of these roles only; absent for none",
    }),
  })
  .openapi("SignInRules");

export const Session = z
  .object({
    id: z.string(),
    created_ts: z.string(),
    last_used: z.string().optional().openapi({ description: "Exact to five minutes" }),
    expiration_date: z.string().optional(),
    device: z.string().optional().openapi({ description: "What the browser or program said of itself" }),
    place: z.string().optional().openapi({ description: "Address of the login; of IPv6 its network" }),
    current: z.boolean().openapi({ description: "The session of this call" }),
  })
  .openapi("Session");

export const RecoveryCodes = z.object({ codes: z.array(z.string()) }).openapi("RecoveryCodes");
export const RecoveryCodesLeft = z.object({ left: z.int() }).openapi("RecoveryCodesLeft");

export const LoginOptions = z.object({
  no_expiry: z.boolean().nullish(),
  token2fa: z.string().nullish(),
  passkey: Assertion.nullish(),
});

/** Where a user signs in who has no password. */
export const Destination = z.object({ id: z.string(), kind: z.string() }).openapi("SignInProvider");
