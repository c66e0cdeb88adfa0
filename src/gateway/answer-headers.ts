import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../platform/app-env.ts";

/**
 * What every answer to users, operators and their scripts carries, faults included: no cache keeps it, and no browser takes
 * it for a page. Devices and download links go without, since their clients look at little and links are meant to be cached
 * and shown; pages bring their own.
 */
const HEADERS: Readonly<Record<string, string>> = {
  "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
  "X-Content-Type-Options": "nosniff",
  "X-XSS-Protection": "1; mode=block",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
};

const PATHS = /^\/(api\/(management|internal|operator|storage|v1)|status|mcp)(\/|$)/;

/** A header that a route has set for a reason of its own stays. */
export const answerHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  if (!PATHS.test(c.req.path)) return;
  for (const [name, value] of Object.entries(HEADERS)) if (!c.res.headers.has(name)) c.header(name, value);
};
