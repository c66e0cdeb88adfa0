import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, requiredText } from "../platform/wire.ts";
import { distrustKey, listTrustedKeys, trustKey } from "./trusted-keys.ts";

const BASE = "/api/management/v1/deployments/trusted-keys";
const tags = ["releases"];

const KeySchema = z
  .object({ id: z.string(), name: z.string(), public_key: z.string(), created: z.string() })
  .openapi("TrustedKey");

const listRoute = userRoute("artifacts:read", {
  method: "get",
  path: BASE,
  summary: "Keys whose signature every new artifact must carry; none means that all artifacts are taken",
  tags,
  responses: { 200: { description: "The keys", content: jsonContent(z.array(KeySchema)) } },
});

const addRoute = userRoute("settings:manage", {
  method: "post",
  path: BASE,
  summary: "Trust a key (RSA or ECDSA, PEM)",
  tags,
  middleware: jsonBody(),
  request: {
    body: {
      required: true,
      content: jsonContent(z.object({ name: requiredText(1, 256), public_key: requiredText(1, 8192) })),
    },
  },
  responses: {
    201: { description: "Trusted", headers: z.object({ Location: z.string() }) },
    ...faultResponses(400, 409, 422),
  },
});

const removeRoute = userRoute("settings:manage", {
  method: "delete",
  path: `${BASE}/{id}`,
  summary: "Trust a key no more; artifacts that are there stay",
  tags,
  request: { params: z.object({ id: z.string() }) },
  responses: { 204: { description: "Removed" }, ...faultResponses(404) },
});

export function mountTrustedKeys(app: App): void {
  app.openapi(listRoute, async (c) => c.json(await listTrustedKeys(c.var.deps, userOf(c)), 200));
  app.openapi(addRoute, async (c) => {
    const id = await trustKey(c.var.deps, userOf(c), c.req.valid("json"));
    return c.body(null, 201, { Location: `${BASE}/${id}` });
  });
  app.openapi(removeRoute, async (c) => {
    await distrustKey(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
}
