import { z } from "@hono/zod-openapi";
import { userOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { rfc3339 } from "../../platform/clock.ts";
import { oneLine } from "../../platform/mail.ts";
import { userRoute } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../../platform/wire.ts";
import { mountScimResources } from "./routes.ts";
import type { ScimToken as StoredToken } from "./store.ts";
import { createScimToken, listScimTokens, removeScimToken } from "./tokens.ts";

const PATH = "/api/management/v1/useradm/settings/scim/tokens";
const tags = ["scim"];
const feature = "sso" as const;
const MAX_NAME = 64;

const NewScimToken = z
  .object({
    name: z
      .string({ error: "cannot be blank" })
      .max(MAX_NAME, { error: `the length must be no more than ${MAX_NAME}` })
      .transform(oneLine)
      .refine((name) => name !== "", { error: "cannot be blank" })
      .openapi({ type: "string", minLength: 1, maxLength: MAX_NAME }),
  })
  .openapi("NewScimToken");
const ScimToken = z
  .object({ id: z.string(), name: z.string(), created_ts: z.string(), last_used: z.string().optional() })
  .openapi("ScimToken");
const MadeScimToken = ScimToken.extend({ token: z.string() }).openapi("MadeScimToken");

const list = userRoute("users:manage", {
  method: "get",
  path: PATH,
  tags,
  feature,
  summary: "List the tokens by which identity providers keep the users of the tenant",
  responses: {
    200: { description: "Tokens, without what they are", content: jsonContent(z.array(ScimToken)) },
    ...faultResponses(401, 403),
  },
});

const create = userRoute("users:manage", {
  method: "post",
  path: PATH,
  tags,
  feature,
  summary: "Make a token for an identity provider",
  middleware: jsonBody(),
  request: { body: { required: true, content: jsonContent(NewScimToken) } },
  responses: {
    201: { description: "The token, shown this once", content: jsonContent(MadeScimToken) },
    ...faultResponses(400, 401, 403, 415, 422),
  },
});

const remove = userRoute("users:manage", {
  method: "delete",
  path: `${PATH}/{id}`,
  tags,
  feature,
  summary: "Revoke a token of an identity provider",
  request: { params: z.object({ id: z.string() }) },
  responses: { 204: { description: "Gone, or never there" }, ...faultResponses(401, 403) },
});

const toWire = ({ id, name, createdMs, lastUsedMs }: StoredToken): z.input<typeof ScimToken> => ({
  id,
  name,
  created_ts: rfc3339(createdMs),
  ...(lastUsedMs === null ? {} : { last_used: rfc3339(lastUsedMs) }),
});

export function mountScim(app: App): void {
  mountScimResources(app);

  app.openapi(list, async (c) => c.json((await listScimTokens(c.var.deps, userOf(c))).map(toWire), 200));

  app.openapi(create, async (c) => {
    const made = await createScimToken(c.var.deps, userOf(c), c.req.valid("json").name);
    return c.json({ ...toWire(made), token: made.token }, 201, { "Cache-Control": "no-store" });
  });

  app.openapi(remove, async (c) => {
    await removeScimToken(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
}
