import { settingsOf, type Env } from "../platform/env.ts";
import { isTrustedProxy, nearestAddress } from "./client-network.ts";

/** Scheme and host as the client used them, as far as they are told. */
interface Told {
  scheme: string | undefined;
  host: string | undefined;
}

/** A host with or without a port, and nothing that could end it within a link. */
const HOST = /^([a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:\d{1,5})?$/i;
const MAX_HOST_LENGTH = 260;

const listed = (header: string | null): string[] =>
  header === null ? [] : header.split(",").map((element) => element.trim());

/** The parameters of one element of `Forwarded` (RFC 7239). */
function parametersOf(element: string): Map<string, string> {
  const pairs = element.split(";").map((pair): [string, string] => {
    const equals = pair.indexOf("=");
    const value = pair.slice(equals + 1).trim();
    return [pair.slice(0, Math.max(equals, 0)).trim().toLowerCase(), value.replace(/^"(.*)"$/, "$1")];
  });
  return new Map(pairs);
}

/** `for` may carry a port, and an IPv6 address stands in brackets. */
const addressIn = (text: string): string =>
  text.startsWith("[") ? (text.slice(1).split("]")[0] ?? "") : (text.split(":")[0] ?? "");

/**
 * Every proxy of the operator adds to the end of the lists, so that what the first of them saw stands as many places
 * before the end as proxies follow it. What stands further to the front is the client's own invention.
 */
function placeOfFirst(addresses: readonly string[], isProxy: (address: string) => boolean): number {
  let back = 1;
  while (back < addresses.length && isProxy(addresses.at(-back) ?? "")) back++;
  return back;
}

const atPlace = (values: readonly string[], back: number): string | undefined =>
  values.at(-Math.min(back, values.length));

const X_FORWARDED = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"];

/**
 * Proxies that write the older headers hand `Forwarded` through as the client sent it, so it counts only where nothing
 * else is told.
 */
function toldBy(headers: Headers, isProxy: (address: string) => boolean): Told {
  if (X_FORWARDED.some((name) => headers.has(name))) {
    const back = placeOfFirst(listed(headers.get("x-forwarded-for")), isProxy);
    return {
      scheme: atPlace(listed(headers.get("x-forwarded-proto")), back),
      host: atPlace(listed(headers.get("x-forwarded-host")), back),
    };
  }
  const elements = listed(headers.get("forwarded")).map(parametersOf);
  const addresses = elements.map((element) => addressIn(element.get("for") ?? ""));
  const first = elements.at(-placeOfFirst(addresses, isProxy));
  return { scheme: first?.get("proto"), host: first?.get("host") };
}

/** Scheme and host of the request itself; the local TLS listener passes plain HTTP on. */
function ownOrigin(url: URL, env: Env): string {
  const tlsPort = env.LOCAL_HTTPS_PORT;
  return tlsPort !== undefined && (url.port || "443") === tlsPort ? `https://${url.host}` : url.origin;
}

/**
 * Scheme and host as the client sees them, for links. Only proxies that the operator named may say that they differ
 * from those of the request: a client that could would put a host of its choice into links.
 */
export async function originOfClient(request: Request, env: Env, ctx: object): Promise<string> {
  const url = new URL(request.url);
  const own = ownOrigin(url, env);
  const settings = settingsOf(env);
  if (settings.TRUSTED_PROXIES.length === 0) return own;
  const isProxy = (address: string) => isTrustedProxy(address, settings);
  const nearest = await nearestAddress(request, env, ctx);
  if (nearest === undefined || !isProxy(nearest)) return own;
  const { scheme, host } = toldBy(request.headers, isProxy);
  const isHost = host !== undefined && host.length <= MAX_HOST_LENGTH && HOST.test(host);
  const isScheme = /^https?$/i.test(scheme ?? "");
  const base = new URL(own);
  const origin = `${isScheme ? scheme : base.protocol.slice(0, -1)}://${isHost ? host : base.host}`;
  return URL.canParse(origin) ? new URL(origin).origin : own;
}
