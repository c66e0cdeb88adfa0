import { canonicalBytes } from "../platform/base64url.ts";
import { toSeconds } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";

/**
 * A cookie that says: with this browser somebody has logged in as this user before. It proves nothing but that guesses
 * made elsewhere are not counted against its holder, whose own are counted apart.
 */
export const DEVICE_COOKIE = "known_device";

export const DEVICE_COOKIE_LIFE_S = 180 * 86_400;

/** No link begins like this, so that neither is ever taken for the other although they share a key. */
const messageOf = (email: string, nonce: string, expiryS: string) =>
  new TextEncoder().encode(`known device\n${email}\n${nonce}\n${expiryS}`);

/** The cookie for a browser that has just logged in. */
export async function makeDeviceCookie(deps: Deps, email: string): Promise<string> {
  const [key] = deps.keys.linkSecrets;
  if (!key) throw new Error("no key to sign cookies with");
  const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString("base64url");
  const expiryS = String(toSeconds(deps.now()) + DEVICE_COOKIE_LIFE_S);
  const mac = await crypto.subtle.sign("HMAC", key, messageOf(email, nonce, expiryS));
  return [expiryS, nonce, Buffer.from(mac).toString("base64url")].join(".");
}

const COOKIE = /^(\d{1,12})\.([\w-]{16})\.([\w-]{43})$/;

/** What the holder of a valid cookie is counted by; undefined for any other cookie. */
export async function knownDeviceOf(
  deps: Deps,
  email: string,
  cookie: string | undefined,
): Promise<string | undefined> {
  const [, expiryS = "", nonce = "", signature = ""] = COOKIE.exec(cookie ?? "") ?? [];
  const mac = canonicalBytes(signature);
  if (nonce === "" || !mac || Number(expiryS) <= toSeconds(deps.now())) return undefined;
  const message = messageOf(email, nonce, expiryS);
  const checks = await Promise.all(
    deps.keys.linkSecrets.map((key) => crypto.subtle.verify("HMAC", key, mac, message)),
  );
  return checks.includes(true) ? nonce : undefined;
}
