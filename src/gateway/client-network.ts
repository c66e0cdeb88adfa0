import { settingsOf, type Env, type Settings } from "../platform/env.ts";
import { networkOf, splitPeer } from "../platform/network.ts";

/** The connection of a request as the local runtime tells it; no header can change it. */
const peerOf = (request: Request): string | undefined => {
  const clientIp = request.cf?.["clientIp"];
  return typeof clientIp === "string" ? clientIp : undefined;
};

type Fetch = (request: Request, env: Env, ctx: ExecutionContext) => Response | Promise<Response>;

const passedOn = new WeakSet<object>();

/** What the local TLS listener passes on comes by an entry of its own. */
export const behindTls =
  (fetch: Fetch): Fetch =>
  (request, env, ctx) => {
    passedOn.add(ctx);
    return fetch(request, env, ctx);
  };

/**
 * Where the TLS listener accepted the connection, the process around the runtime knows the client. Nobody else is asked
 * about: an answer costs more than the runtime needs for a whole request that is refused.
 */
async function addressOfPeer(env: Env, ctx: object, peer: string): Promise<string> {
  const { address, port } = splitPeer(peer);
  if (!env.HOST_PROCESS || !passedOn.has(ctx)) return address;
  const answer = await env.HOST_PROCESS.fetch(`http://host/peers/${port}`);
  return answer.ok ? answer.text() : address;
}

/** Whether the operator named the address as a proxy of its own. */
export const isTrustedProxy = (address: string, settings: Settings): boolean =>
  settings.TRUSTED_PROXIES.includes(networkOf(address) ?? address);

/** Who the request came from at last: the client, or the proxy nearest to the server. */
export async function nearestAddress(request: Request, env: Env, ctx: object): Promise<string | undefined> {
  const settings = settingsOf(env);
  // The platform's edge sets this header itself. Nobody does so for a local server, where a client may write anything.
  if (!settings.LOCAL) return request.headers.get("cf-connecting-ip") ?? undefined;
  const peer = peerOf(request);
  return peer === undefined ? undefined : addressOfPeer(env, ctx, peer);
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

async function find(request: Request, env: Env, ctx: object): Promise<string | undefined> {
  const settings = settingsOf(env);
  const address = await nearestAddress(request, env, ctx);
  if (address === undefined) return undefined;
  // At the edge the nearest is the client.
  if (!settings.LOCAL) return networkOf(address);
  return networkOf(addressBehindProxies(address, request.headers.get("x-forwarded-for"), settings));
}

/** The network a request comes from, looked up at most once; undefined where the platform does not tell. */
export function networkOfClient(request: Request, env: Env, ctx: object): () => Promise<string | undefined> {
  let found: Promise<string | undefined> | undefined;
  return () => (found ??= find(request, env, ctx));
}
