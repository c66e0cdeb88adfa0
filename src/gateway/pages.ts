import { createHash } from "node:crypto";
import type { App } from "../platform/app-env.ts";
import { PUBLIC } from "../platform/route.ts";

/** Where parts of a page may come from, beyond what is written into it, by the directive's name before `-src`. */
export type Sources = Partial<Record<"script" | "style" | "img" | "worker", string>>;

const hashesOf = (html: string, element: "style" | "script"): string[] =>
  [...html.matchAll(new RegExp(`<${element}>([\\s\\S]*?)</${element}>`, "g"))].map(
    ([, text = ""]) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`,
  );

const directive = (name: string, ...sources: (string | undefined)[]): string => {
  const given = sources.filter((source) => source !== undefined);
  return `${name} ${given.join(" ") || "'none'"}`;
};

/** A page of our own: nothing runs in it but what was written into it and what it names, nobody frames it. */
export function pageHeaders(html: string, sources: Sources = {}): Record<string, string> {
  const policy = [
    "default-src 'none'",
    directive("script-src", ...hashesOf(html, "script"), sources.script),
    directive("style-src", ...hashesOf(html, "style"), sources.style),
    directive("img-src", "'self'", sources.img),
    directive("worker-src", sources.worker),
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": policy.join("; "),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
  };
}

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0b5d57"/><path d="M9 9h14M9 16h9M9 23h14" stroke="#fff" stroke-width="3" stroke-linecap="round"/><circle cx="23" cy="16" r="2.5" fill="#7fe0c8"/></svg>`;

/** The icon of all pages. */
export function mountIcon(app: App): void {
  app.plain(PUBLIC, ["GET"], "/favicon.svg", (c) =>
    c.body(ICON, 200, { "Content-Type": "image/svg+xml", "Cache-Control": "public, max-age=86400" }),
  );
}
