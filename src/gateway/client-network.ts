import { settingsOf, type Env, type Settings } from "../platform/env.ts";
import { isLoopback, networkOf, splitPeer } from "../platform/network.ts";

/** The connection of a request as the local runtime tells it; no header can change it. */
const peerOf = (request: Request): string | undefined => {
  const clientIp = request.cf?.["clientIp"];
  return typeof clientIp === "string" ? clientIp : undefined;
};

/** Connections of the local TLS listener come from the machine itself; the process that accepted them knows the client. */
async function addressOfPeer(env: Env, settings: Settings, peer: string): Promise<string> {
  const { address, port } = splitPeer(peer);
  const isOwn = isLoopback(address) || address === settings.LOCAL_ADDRESS;
  if (!env.HOST_PROCESS || !isOwn) return address;
  const answer = await env.HOST_PROCESS.fetch(`http://host/peers/${port}`);
  return answer.ok ? answer.text() : address;
}

/** Whether the operator named the address as a proxy of its own. */
export const isTrustedProxy = (address: string, settings: Settings): boolean =>
  settings.TRUSTED_PROXIES.includes(networkOf(address) ?? address);

/** Who the request came from at last: the client, or the proxy nearest to the server. */
export async function nearestAddress(request: Request, env: Env): Promise<string | undefined> {
  const settings = settingsOf(env);
  // The platform's edge sets this header itself. Nobody does so for a local server, where a client may write anything.
  if (!settings.LOCAL) return request.headers.get("cf-connecting-ip") ?? undefined;
  const peer = peerOf(request);
  return peer === undefined ? undefined : addressOfPeer(env, settings, peer);
}

/** The address that the operator's own proxies were asked from: each adds the one it saw to the end of the list. */
function addressBehindProxies(address: string, forwarded: string | null, settings: Settings): string {
  const hops = (forwarded ?? "").split(",").map((hop) => hop.trim());
  let seen = address;
  while (isTrustedProxy(seen, settings) && hops.length > 0) {
    const hop = hops.pop() ?? "";
    if (networkOf(hop) === undefined) break;
    seen = hop;
  }
  return seen;
}

async function find(request: Request, env: Env): Promise<string | undefined> {
  const settings = settingsOf(env);
  const address = await nearestAddress(request, env);
  if (address === undefined) return undefined;
  // At the edge the nearest is the client.
  if (!settings.LOCAL) return networkOf(address);
  return networkOf(addressBehindProxies(address, request.headers.get("x-forwarded-for"), settings));
}

/** The network a request comes from, looked up at most once; undefined where the platform does not tell. */
export function networkOfClient(request: Request, env: Env): () => Promise<string | undefined> {
  let found: Promise<string | undefined> | undefined;
  return () => (found ??= find(request, env));
}
