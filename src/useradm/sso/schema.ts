import { z } from "@hono/zod-openapi";
import { RoleNames } from "../schema.ts";

const MAX_TEXT = 2048;
const MAX_MAPPED = 200;

const text = z
  .string({ error: "must be a text" })
  .max(MAX_TEXT, { error: `the length must be no more than ${MAX_TEXT}` });

const requiredText = text.min(1, { error: "cannot be blank" });

/** An address that browsers or this server go to. */
const webAddress = requiredText.refine(
  (value) => URL.canParse(value) && ["https:", "http:"].includes(new URL(value).protocol),
  { error: "must be an address of the web" },
);

/** What is needed of a discovery document; all else of it is left out. */
export const ServerDetails = z.object({
  issuer: webAddress,
  authorization_endpoint: webAddress,
  token_endpoint: webAddress,
  jwks_uri: webAddress,
  userinfo_endpoint: webAddress.optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
  token_endpoint_auth_methods_supported: z.array(text).max(50).optional(),
  id_token_signing_alg_values_supported: z.array(text).max(50).optional(),
});

/** Settings of OpenID Connect (protocol notes, two-factor and single sign-on 7). */
export const OidcSettings = z
  .object({
    name: requiredText,
    client_id: text.nullish(),
    client_secret: text.nullish(),
    well_known_url: webAddress.nullish(),
    settings: ServerDetails.nullish(),
  })
  .refine(({ well_known_url, settings }) => Boolean(well_known_url) !== Boolean(settings), {
    error: "either well_known_url or settings must be given",
    path: ["well_known_url"],
  });

const anyText = { type: "string" as const };

/** Told to people only: members that are not known are kept as they were sent. */
export const OIDC_SETTINGS_TEXT = {
  type: "object" as const,
  required: ["name"],
  properties: {
    name: anyText,
    client_id: anyText,
    client_secret: anyText,
    well_known_url: anyText,
    settings: { type: "object" as const },
  },
};

export const ProviderInList = z
  .object({ id: z.string(), issuer: z.string(), valid_until: z.string().optional() })
  .openapi("IdentityProvider");

export const Mapping = z
  .object({
    create_users: z
      .boolean({ error: "must be true or false" })
      .openapi({ description: "People whom the provider vouches for become users at their first sign-in" }),
    roles_attribute: requiredText
      .optional()
      .openapi({ description: "Claim or attribute whose values stand for roles, anew at each sign-in" }),
    roles: z
      .record(requiredText, RoleNames)
      .refine((roles) => Object.keys(roles).length <= MAX_MAPPED, {
        error: `the length must be no more than ${MAX_MAPPED}`,
      })
      .default({})
      .openapi({ description: "Roles by a value of the attribute" }),
    default_roles: RoleNames.default([]).openapi({
      description: "Of whoever gets none by the attribute; without any the sign-in is refused",
    }),
  })
  .openapi("IdentityProviderMapping");

export type Mapping = z.output<typeof Mapping>;

export const NO_MAPPING: Mapping = { create_users: false, roles: {}, default_roles: [] };

export const ForcedSignIn = z
  .object({
    forced: z
      .boolean({ error: "must be true or false" })
      .openapi({ description: "Passwords of users are not taken, but those of the one named" }),
    break_glass_user: z
      .string({ error: "must be the id of a user" })
      .max(128)
      .optional()
      .openapi({ description: "An administrator with a password" }),
  })
  .openapi("ForcedSingleSignOn");

export const SourceTenant = z
  .object({
    source_tenant_id: z.string({ error: "cannot be blank" }).min(1, { error: "cannot be blank" }).max(128),
  })
  .openapi("SourceTenant");
