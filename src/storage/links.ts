import { canonicalBytes } from "../platform/base64url.ts";
import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { asDeviceId, asUserId, type DeviceId, type TenantId, type UserId } from "../platform/ids.ts";

const EXPIRE = "x-men-expire";
const SIGNATURE = "x-men-signature";

const MIN_LIFE_S = 60;
const MAX_LIFE_S = 86_400;

/** What a signature covers: whoever has the link may do this to this path until it expires. */
interface Signed {
  method: string;
  /** Escaped, as in the link. */
  path: string;
  expire: string;
  /** Further query members, in the order in which they are signed. */
  query: readonly (readonly [string, string])[];
}

const messageOf = ({ method, path, expire, query }: Signed) => {
  const members = [[EXPIRE, expire] as const, ...query].map(
    ([name, value]) => `${name}=${encodeURIComponent(value)}\n`,
  );
  return new TextEncoder().encode(`${method}\n${path}\n${members.join("")}`);
};

/** A link on our own host that carries its permission. */
export async function signedLink(
  deps: Deps,
  link: { method: string; path: string; lifeS: number; query?: readonly (readonly [string, string])[] },
): Promise<{ uri: string; expire: string }> {
  const [key] = deps.keys.linkSecrets;
  if (!key) throw new Error("no key to sign links with");
  const lifeS = Math.min(Math.max(link.lifeS, MIN_LIFE_S), MAX_LIFE_S);
  const expire = rfc3339(deps.now() + lifeS * 1000);
  const query = link.query ?? [];
  const signature = await crypto.subtle.sign("HMAC", key, messageOf({ ...link, expire, query }));
  const members = new URLSearchParams([
    [EXPIRE, expire],
    ...query.map(([name, value]) => [name, value]),
    [SIGNATURE, Buffer.from(signature).toString("base64url")],
  ]);
  return { uri: `${deps.origin}${link.path}?${members.toString()}`, expire };
}

/** A link has lapsed when it expired within the given time: only what it began may go on. */
export type LinkVerdict = "valid" | "lapsed" | "expired" | "forged";

/** Checks a request against the link it came by. Query members that are not named here are not part of the permission. */
export async function verifyLink(
  deps: Deps,
  url: URL,
  link: { method: string; query?: readonly string[]; lapsesForMs?: number },
): Promise<LinkVerdict> {
  const expire = url.searchParams.get(EXPIRE) ?? "";
  const signature = canonicalBytes(url.searchParams.get(SIGNATURE) ?? "");
  if (!signature) return "forged";
  const query = (link.query ?? [])
    .filter((name) => url.searchParams.has(name))
    .map((name) => [name, url.searchParams.get(name) ?? ""] as const);
  const message = messageOf({ method: link.method, path: url.pathname, expire, query });
  const checks = await Promise.all(
    deps.keys.linkSecrets.map((key) => crypto.subtle.verify("HMAC", key, signature, message)),
  );
  if (!checks.includes(true)) return "forged";
  const expiredForMs = deps.now() - Date.parse(expire);
  if (expiredForMs < 0) return "valid";
  return expiredForMs < (link.lapsesForMs ?? 0) ? "lapsed" : "expired";
}

/** Members that name a user as the recipient. */
export const USER_QUERY = ["user", "token"] as const;

export const DOWNLOAD_QUERY = ["deployment", "device", "user", "token"] as const;

export interface DownloadLink {
  tenant: TenantId;
  artifact: string;
  lifeS: number;
  recipient: Recipient | undefined;
}

/**
 * Whom a link is given to, and with whose rights it dies: a device with the deployment it is for, if it is for one, or
 * a user with the token the link was asked for by. The operator's links end by their time alone.
 */
export type Recipient = { kind: "device"; device: DeviceId; deployment: string | undefined } | UserRecipient;

export interface UserRecipient {
  kind: "user";
  user: UserId;
  token: string;
}

export const membersOf = (recipient: Recipient | undefined): (readonly [string, string])[] => {
  if (!recipient) return [];
  if (recipient.kind === "user")
    return [
      ["user", recipient.user],
      ["token", recipient.token],
    ];
  const { device, deployment } = recipient;
  return [...(deployment === undefined ? [] : [["deployment", deployment] as const]), ["device", device]];
};

/** The user that a verified link names, if it names one. */
export const userRecipientOf = ({
  user,
  token,
}: {
  user?: string | undefined;
  token?: string | undefined;
}): UserRecipient | undefined =>
  user === undefined ? undefined : { kind: "user", user: asUserId(user), token: token ?? "" };

/** The recipient that a verified link names. */
export function recipientOf(members: {
  device?: string | undefined;
  deployment?: string | undefined;
  user?: string | undefined;
  token?: string | undefined;
}): Recipient | undefined {
  const { device, deployment } = members;
  if (device !== undefined) return { kind: "device", device: asDeviceId(device), deployment };
  return userRecipientOf(members);
}

/** A link to the bytes of an artifact, for anyone who has it; at most a day. */
export function downloadLink(
  deps: Deps,
  { tenant, artifact, lifeS, recipient }: DownloadLink,
): Promise<{ uri: string; expire: string }> {
  const path = `/api/devices/v1/deployments/download/artifacts/${encodeURIComponent(tenant)}/${artifact}`;
  return signedLink(deps, { method: "GET", path, lifeS, query: membersOf(recipient) });
}
