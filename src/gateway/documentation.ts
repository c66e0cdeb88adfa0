import type { Context } from "hono";
import type { App, AppEnv } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { PUBLIC } from "../platform/route.ts";
import page from "./documentation.html";
import { pageHeaders } from "./pages.ts";
import { VIEWER_SOURCES } from "./viewer-sources.ts";

const VIEWER_FILES = ["redoc.standalone.js", "redoc.standalone.js.LICENSE.txt"];

/** Headers of the platform's answer that concern the file and not who sent it. */
const FILE_HEADERS = ["Content-Type", "ETag"];

/** A file of the viewer, as `src/local/public-files.ts` placed it. */
async function viewerFile(c: Context<AppEnv>): Promise<Response> {
  const found = await c.env.ASSETS.fetch(c.req.raw);
  if (found.status !== 200 && found.status !== 304) throw new Fault("not_found", "not found");
  const headers = new Headers({ "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff" });
  for (const name of FILE_HEADERS) {
    const value = found.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  return new Response(found.body, { status: found.status, headers });
}

/** The OpenAPI document of the mounted routes and a page to read it, without anything from another host. */
export function mountDocumentation(app: App): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "Token", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
  });
  // Anybody may ask, and making it takes as long as hundreds of other answers.
  let document: string | undefined;
  app.plain(PUBLIC, ["GET"], "/api/openapi.json", (c) => {
    document ??= JSON.stringify(
      app.getOpenAPI31Document({
        openapi: "3.1.0",
        info: { title: "Edgemend", version: "1", description: "Device management and over-the-air updates" },
        security: [{ Token: [] }],
      }),
    );
    return c.body(document, 200, { "Content-Type": "application/json" });
  });
  const headers = pageHeaders(page, VIEWER_SOURCES);
  app.plain(PUBLIC, ["GET"], "/api/docs", (c) => c.body(page, 200, headers));
  for (const file of VIEWER_FILES) app.plain(PUBLIC, ["GET"], `/api/docs/${file}`, viewerFile);
}
