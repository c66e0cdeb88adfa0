import { isIP } from "node:net";
import { hostname, networkInterfaces } from "node:os";

const isEveryAddress = (host: string) => host === "0.0.0.0" || host === "::";
const isLoopback = (host: string) => ["localhost", "127.0.0.1", "::1"].includes(host);

const inUrl = (name: string) => (isIP(name) === 6 ? `[${name}]` : name);

/** Names and addresses under which clients may reach a server that listens on `host`. */
export function certificateNames(host: string, extra: string[]): string[] {
  const outward = isEveryAddress(host)
    ? Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
    : [];
  const addresses = outward
    .filter(({ internal, scopeid }) => !internal && !scopeid)
    .map(({ address }) => address);
  const own = isEveryAddress(host) ? addresses : [host];
  return [...new Set(["localhost", "127.0.0.1", "::1", hostname(), ...own, ...extra])];
}

/** The name to show for a server on this machine that listens on `host`. */
export function localName(host: string): string {
  if (isEveryAddress(host) || isLoopback(host)) return "localhost";
  return inUrl(host);
}

/** The name that other machines may know, given ones first; undefined if they cannot reach it. */
export function outwardName(host: string, given: string[]): string | undefined {
  if (isLoopback(host)) return undefined;
  const name = given[0] ?? (isEveryAddress(host) ? hostname() : undefined);
  return name && inUrl(name);
}
