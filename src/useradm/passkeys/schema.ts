import { z } from "@hono/zod-openapi";
import { oneLine } from "../../platform/mail.ts";

const base64url = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[\w-]+$/, { error: "must be base64url" });

/** 1,023 bytes (WebAuthn, 4). */
const MAX_ID = 1364;
const MAX_CLIENT_DATA = 4096;
/** Without an attestation some 200 bytes; keys of RSA take the most. */
const MAX_ATTESTATION = 8192;
const MAX_AUTHENTICATOR_DATA = 4096;
const MAX_SIGNATURE = 2048;
const MAX_NAME = 64;

const PasskeyId = base64url(MAX_ID);

const Name = z
  .string({ error: "cannot be blank" })
  .max(MAX_NAME, { error: `the length must be no more than ${MAX_NAME}` })
  .transform(oneLine)
  .refine((name) => name !== "", { error: "cannot be blank" })
  .openapi({ type: "string", minLength: 1, maxLength: MAX_NAME });

const credential = { id: PasskeyId, rawId: PasskeyId, type: z.literal("public-key") };

/** What `navigator.credentials.create` answers, as its `toJSON` writes it. */
const Registration = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url(MAX_CLIENT_DATA),
    attestationObject: base64url(MAX_ATTESTATION),
    transports: z.array(z.string().max(32)).max(8).optional(),
  }),
});

/** What `navigator.credentials.get` answers, as its `toJSON` writes it. */
export const Assertion = z
  .object({
    ...credential,
    response: z.object({
      clientDataJSON: base64url(MAX_CLIENT_DATA),
      authenticatorData: base64url(MAX_AUTHENTICATOR_DATA),
      signature: base64url(MAX_SIGNATURE),
      userHandle: base64url(128).nullish(),
    }),
  })
  .openapi("PasskeyAssertion");

export const PasskeyOptionsRequest = z
  .object({ current_password: z.string().max(256).optional() })
  .openapi("PasskeyOptionsRequest");
export const NewPasskey = z.object({ name: Name, credential: Registration }).openapi("NewPasskey");
export const PasskeyName = z.object({ name: Name }).openapi("PasskeyName");
export const PasskeyLogin = z
  .object({ credential: Assertion, no_expiry: z.boolean().nullish() })
  .openapi("PasskeyLogin");

/** For `navigator.credentials.create` or `get`, by `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`. */
export const PasskeyOptions = z
  .looseObject({ challenge: z.string(), timeout: z.int() })
  .openapi("PasskeyOptions");

export const Passkey = z
  .object({ id: z.string(), name: z.string(), created_ts: z.string(), last_used: z.string().optional() })
  .openapi("Passkey");
