import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import type { TenantId } from "../platform/ids.ts";

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

export type LinkVerdict = "valid" | "expired" | "forged";

/** Checks a request against the link it came by. Query members that are not named here are not part of the permission. */
export async function verifyLink(
  deps: Deps,
  url: URL,
  link: { method: string; query?: readonly string[] },
): Promise<LinkVerdict> {
  const expire = url.searchParams.get(EXPIRE) ?? "";
  const signature = Buffer.from(url.searchParams.get(SIGNATURE) ?? "", "base64url");
  const query = (link.query ?? [])
    .filter((name) => url.searchParams.has(name))
    .map((name) => [name, url.searchParams.get(name) ?? ""] as const);
  const message = messageOf({ method: link.method, path: url.pathname, expire, query });
  const checks = await Promise.all(
    deps.keys.linkSecrets.map((key) => crypto.subtle.verify("HMAC", key, signature, message)),
  );
  if (!checks.includes(true)) return "forged";
  return Date.parse(expire) > deps.now() ? "valid" : "expired";
}

export const DOWNLOAD_QUERY = ["deployment", "device"] as const;

export interface DownloadLink {
  tenant: TenantId;
  artifact: string;
  artifactName: string;
  lifeS: number;
  /** A link given to a device dies with the device, and with the deployment it was given for. */
  deployment?: string;
  device?: string;
}

/** A link to the bytes of an artifact, for anyone who has it; at most a day. */
export function downloadLink(
  deps: Deps,
  { tenant, artifact, lifeS, deployment, device }: DownloadLink,
): Promise<{ uri: string; expire: string }> {
  const path = `/api/devices/v1/deployments/download/artifacts/${encodeURIComponent(tenant)}/${artifact}`;
  const query = [
    ...(deployment === undefined ? [] : [["deployment", deployment] as const]),
    ...(device === undefined ? [] : [["device", device] as const]),
  ];
  return signedLink(deps, { method: "GET", path, lifeS, query });
}
