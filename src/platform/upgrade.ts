import type { Context } from "hono";
import type { AppEnv } from "./app-env.ts";
import { Fault } from "./fault.ts";

const WEBSOCKET_VERSION = "13";

export function requireUpgrade(c: Context<AppEnv>): void {
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket")
    throw new Fault("bad_request", "expected a WebSocket upgrade");
  // The runtime would refuse it as well, but only once the socket counts as open.
  const version = c.req.header("sec-websocket-version") ?? WEBSOCKET_VERSION;
  if (version !== WEBSOCKET_VERSION) throw new Fault("bad_request", "unsupported version of WebSocket");
}

/** A page of another origin must not open a socket with the user's cookie; callers that are no browsers send no origin. */
export function requireOrigin(c: Context<AppEnv>): void {
  const origin = c.req.header("origin");
  if (origin === undefined || origin === c.var.deps.origin) return;
  const host = c.req.header("host");
  if (host !== undefined && origin === `https://${host}`) return;
  if (!c.var.deps.settings.ALLOWED_ORIGINS.includes(origin))
    throw new Fault("forbidden", "origin not allowed");
}
