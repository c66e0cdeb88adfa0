import type { App } from "../platform/app-env.ts";
import { PUBLIC } from "../platform/route.ts";
import page from "./documentation.html";
import { pageHeaders } from "./pages.ts";

/** The OpenAPI document of the mounted routes and a page to read it, without anything from another host. */
export function mountDocumentation(app: App): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "Token", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
  });
  app.plain(PUBLIC, ["GET"], "/api/openapi.json", (c) =>
    c.json(
      app.getOpenAPI31Document({
        openapi: "3.1.0",
        info: { title: "Edgemend", version: "1", description: "Device management and over-the-air updates" },
        security: [{ Token: [] }],
      }),
    ),
  );
  app.plain(PUBLIC, ["GET"], "/api/docs", (c) => c.body(page, 200, pageHeaders(page)));
}
