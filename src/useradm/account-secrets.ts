import { createHash } from "node:crypto";
import { inSlices } from "../platform/apart.ts";
import type { Sweep } from "../platform/background.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import {
  followedStatement,
  forgetOldSecretsStatement,
  type AccountSecret,
  type FollowedSecret,
} from "./account-secret-store.ts";
import type { SecretPurpose } from "./tables.ts";
import type { User } from "./user-store.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How long a link can be followed. */
export const LINK_LIFE_MS: Readonly<Record<SecretPurpose, number>> = {
  verify: 3 * DAY_MS,
  reset: HOUR_MS,
  invite: 7 * DAY_MS,
  email: DAY_MS,
  magic: HOUR_MS / 4,
};

/** A link not yet stored, for an address of the user. */
export const newSecret = (
  user: Pick<User, "tenant" | "id">,
  link: { id: string; purpose: SecretPurpose; email: string },
  atMs: number,
): AccountSecret => ({
  tenant: user.tenant,
  user: user.id,
  ...link,
  createdMs: atMs,
  expiresMs: atMs + LINK_LIFE_MS[link.purpose],
});

const SECRET_BYTES = 16;

/**
 * What opens the link of this id: always the same, so that an event that is handled twice sends one link twice, and known
 * to nobody who knows all rows but not the key. Nothing else that the key signs begins like this.
 */
export async function openerOf(deps: Deps, id: string): Promise<string> {
  const [key] = deps.keys.linkSecrets;
  if (!key) throw new Error("no key to make links with");
  const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`account link\n${id}`));
  const hex = Buffer.from(mac).subarray(0, SECRET_BYTES).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export const digestOf = (opener: string): string => createHash("sha256").update(opener).digest("base64url");

export const deadLink = () => new Fault("bad_request", "the link is unknown, was used, or has expired");

/** The link that somebody follows, if it is for this purpose and its tenant is active; used and expired ones too. */
export async function followed(
  deps: Deps,
  opener: string,
  purposes: readonly SecretPurpose[],
): Promise<FollowedSecret> {
  const secret = await deps.directory.one(followedStatement(digestOf(opener)));
  if (!secret || secret.tenantStatus !== "active" || !purposes.includes(secret.purpose)) throw deadLink();
  return secret;
}

export const isOver = (secret: FollowedSecret, nowMs: number): boolean =>
  secret.isUsed || secret.expiresMs <= nowMs;

/** A link that is over is told from an unknown one for so long. */
const REMEMBERED_MS = 7 * DAY_MS;
const PAGE = 500;

export const forgetOldAccountLinks: Sweep = async (deps) => {
  const beforeMs = deps.now() - REMEMBERED_MS;
  await inSlices(PAGE, (limit) => deps.directory.one(forgetOldSecretsStatement(beforeMs, limit)));
};
