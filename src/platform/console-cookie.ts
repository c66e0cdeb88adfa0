import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { AppEnv } from "./app-env.ts";

/** The token of who is signed in to the console. Kept by no other host, over TLS or on this machine only, and from scripts. */
const NAME = "__Host-edgemend";

const COOKIE = { path: "/", secure: true, httpOnly: true, sameSite: "Strict" } as const;
const LIFE_S = 7 * 86_400;

/** A header that no form and no page of another origin can send without being asked about it first. */
const MARK = "x-edgemend-console";

const SAFE = new Set(["GET", "HEAD"]);

/** Whether a page of this server sent the request: browsers that do not tell so tell its origin. */
function isFromOwnPage(c: Context<AppEnv>): boolean {
  const site = c.req.header("sec-fetch-site");
  if (site !== undefined) return site === "same-origin";
  const origin = c.req.header("origin");
  return origin !== undefined && (origin === c.var.deps.origin || origin === new URL(c.req.url).origin);
}

/** The token of the console's cookie, if its own page sent it: a cookie alone is no proof of intent. */
export function consoleToken(c: Context<AppEnv>): string | undefined {
  const token = getCookie(c, NAME);
  if (!token || !isFromOwnPage(c)) return undefined;
  return SAFE.has(c.req.method) || c.req.header(MARK) === "1" ? token : undefined;
}

export const keepForConsole = (c: Context<AppEnv>, token: string): void =>
  setCookie(c, NAME, token, { ...COOKIE, maxAge: LIFE_S });

/** Takes back the cookie from a browser that has it. */
export function forgetForConsole(c: Context<AppEnv>): void {
  if (getCookie(c, NAME) !== undefined) deleteCookie(c, NAME, COOKIE);
}
