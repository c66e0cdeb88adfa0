import { z } from "@hono/zod-openapi";
import { Fault } from "../platform/fault.ts";
import { withMembers } from "../platform/json-members.ts";
import { describeIssues, parseJsonBody } from "../platform/wire.ts";
import { parseKey, type DeviceKey } from "./device-key.ts";
import { parseIdentity, type Identity } from "./identity.ts";
import { TIERS, type Tier } from "./states.ts";

/** A device's request for a token, its fields checked and its signature not yet. */
export interface AuthRequest {
  identity: Identity;
  key: DeviceKey;
  tier: Tier;
  /** Empty when the device names no tenant. */
  tenantToken: string;
  /** Enrolment secret for an auto-accept rule; empty when there is none. */
  secret: string;
}

/** Between a tenant token, which never holds it, and an enrolment secret: published clients send one text for both. */
export const SECRET_SEPARATOR = ":";

function splitTenantToken(sent: string): { tenantToken: string; secret: string } {
  const at = sent.lastIndexOf(SECRET_SEPARATOR);
  return at < 0
    ? { tenantToken: sent, secret: "" }
    : { tenantToken: sent.slice(0, at), secret: sent.slice(at + 1) };
}

const text = z.string({ error: "must be a string" }).nullish();

export const AuthRequestBody = z
  .object({
    id_data: text.openapi({ description: "JSON object as text: what makes the device itself" }),
    pubkey: text.openapi({ description: "PEM: RSA, ECDSA or Ed25519" }),
    tenant_token: text,
    tier: text.openapi({ enum: [...TIERS] }),
  })
  .openapi("AuthRequest");

type Body = z.output<typeof AuthRequestBody>;

const UNDECODABLE = "failed to decode auth request: ";
const undecodable = (detail: string) => new Fault("bad_request", UNDECODABLE + detail);
const invalid = (detail: string) => new Fault("bad_request", `invalid auth request: ${detail}`);

function decode(bytes: Uint8Array): Body {
  const text = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(bytes);
  const value = parseJsonBody(text, UNDECODABLE);
  if (typeof value !== "object" || Array.isArray(value)) throw undecodable("must be a JSON object");
  const parsed = AuthRequestBody.safeParse(withMembers(AuthRequestBody, value ?? {}, { foldCase: true }));
  if (!parsed.success) throw undecodable(describeIssues(parsed.error.issues));
  return parsed.data;
}

/** A tier that is none here may be one of a later client: the device is taken for a standard one, as in the open edition. */
const tierOf = (tier: string | null | undefined): Tier => TIERS.find((name) => name === tier) ?? "standard";

/** Reads the body of an authentication request; refusals in the order of the protocol notes, deviceauth 2. */
export function readAuthRequest(bytes: Uint8Array): AuthRequest {
  const body = decode(bytes);
  if (!body.id_data) throw invalid("id_data must be provided");
  if (!body.pubkey) throw invalid("pubkey must be provided");
  const parsedKey = parseKey(body.pubkey);
  if (!parsedKey.ok) throw invalid(parsedKey.problem);
  const parsedIdentity = parseIdentity(body.id_data);
  if (!parsedIdentity.ok) throw invalid(`id_data: ${parsedIdentity.problem}`);
  return {
    identity: parsedIdentity.identity,
    key: parsedKey.key,
    tier: tierOf(body.tier),
    ...splitTenantToken(body.tenant_token ?? ""),
  };
}
