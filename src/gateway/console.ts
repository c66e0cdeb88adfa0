import type { Context } from "hono";
import type { App, AppEnv } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { PUBLIC } from "../platform/route.ts";

/** Nothing runs or is shown but what was built with the console; nobody frames it, and no text becomes markup or script. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const PAGE_HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy":
    "camera=(), geolocation=(), microphone=(), payment=(), usb=(), clipboard-write=(self), publickey-credentials-get=(self), publickey-credentials-create=(self)",
  "Referrer-Policy": "no-referrer",
  "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-cache",
};

const FILE_HEADERS = {
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "public, max-age=31536000, immutable",
};

/** Pages of the console; all of them are one document, which reads the address. Under each, pages of single things. */
export const PAGES = [
  "admission",
  "alerts",
  "audit",
  "deployments",
  "devices",
  "integrations",
  "login",
  "releases",
  "sessions",
  "settings",
  "tenants",
  "welcome",
];

/** A file as it was built. The request is made anew: what the browser wants of the page is not what is wanted of the file. */
async function built(c: Context<AppEnv>, path: string, headers: Record<string, string>): Promise<Response> {
  const known = c.req.header("if-none-match");
  const asked = new Request(new URL(path, c.req.url), known ? { headers: { "If-None-Match": known } } : {});
  const found = await c.env.ASSETS.fetch(asked);
  if (found.status !== 200 && found.status !== 304) throw new Fault("not_found", "not found");
  const answer = new Response(found.body, { status: found.status, headers });
  for (const name of ["ETag", ...(headers["Content-Type"] ? [] : ["Content-Type"])]) {
    const value = found.headers.get(name);
    if (value !== null) answer.headers.set(name, value);
  }
  return answer;
}

/** The console: its page at every address of its own, and the files that the page names. */
export function mountConsolePages(app: App): void {
  const page = (c: Context<AppEnv>) => built(c, "/index.html", PAGE_HEADERS);
  for (const path of ["/", ...PAGES.flatMap((name) => [`/${name}`, `/${name}/*`])])
    app.plain(PUBLIC, ["GET"], path, page);
  app.plain(PUBLIC, ["GET"], "/assets/*", (c) => built(c, c.req.path, FILE_HEADERS));
}
