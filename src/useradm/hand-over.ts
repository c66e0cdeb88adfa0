import type { Context } from "hono";
import { setCookie } from "hono/cookie";
import type { AppEnv } from "../platform/app-env.ts";

export const UI = "/ui/";

/** Long enough for the web UI to load, which takes the cookie over. */
const HANDED_OVER_S = 300;

/** Gives the web UI a token that it did not ask for itself. */
export function handOver(c: Context<AppEnv>, token: string): void {
  c.header("Cache-Control", "no-store");
  setCookie(c, "JWT", token, {
    path: "/",
    sameSite: "Lax",
    secure: c.var.deps.origin.startsWith("https:"),
    maxAge: HANDED_OVER_S,
  });
}
