import { z } from "@hono/zod-openapi";
import { attributeTextsStatement, NameText, SCOPES } from "../inventory/index.ts";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses, jsonContent } from "../platform/wire.ts";
import { BASE, tags } from "./parts.ts";

const SHOWN = 20;
const MAX_PREFIX = 256;

const values = userRoute("devices:read", {
  method: "get",
  path: `${BASE}/attributes/values`,
  tags,
  summary: "Texts that an attribute has on some device, for who types a query",
  request: {
    query: z.object({
      scope: z.enum(SCOPES),
      name: NameText,
      prefix: z.string().max(MAX_PREFIX).default("").openapi({ description: "What they begin with" }),
    }),
  },
  responses: {
    200: {
      description: `The first ${SHOWN} in their order; of attributes that the server itself keeps none`,
      content: jsonContent(z.array(z.string())),
    },
    ...faultResponses(400, 401, 403),
  },
});

export function mountValues(app: App): void {
  app.openapi(values, async (c) => {
    const { scope, name, prefix } = c.req.valid("query");
    const { tenant } = userOf(c);
    const found = await c.var.deps
      .db(tenant)
      .one(attributeTextsStatement(tenant, scope, name, SHOWN, prefix));
    return c.json(
      found.map(({ value }) => value),
      200,
    );
  });
}
