import { inEachDatabase } from "../platform/apart.ts";
import { z } from "@hono/zod-openapi";
import { resendEvents } from "../platform/resend-events.ts";
import { operatorOf, userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { forUsers, operatorRoute, userRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid } from "../platform/wire.ts";
import { changeLimit, LIMIT_NAMES, showLimit, showStorage } from "./limits.ts";
import { sweepUploads } from "./objects.ts";
import { endLeases } from "./upload-store.ts";
import { changeSettings, showSettings, StorageSettingsBody, StorageSettingsSchema } from "./settings.ts";

const INTERNAL = "/api/internal/v1/deployments/tenants/{id}";
const LIMITS = "/api/management/v1/deployments/limits";
const SETTINGS_PREFIX = "invalid settings schema: ";
const tags = ["storage"];

const LimitSchema = z
  .object({
    limit: z.number().int().openapi({ description: "Bytes; -1 means no limit" }),
    usage: z.number().int().openapi({ description: "Bytes" }),
  })
  .openapi("StorageLimit");
const TenantLimitSchema = LimitSchema.extend({ tenant_id: z.string() }).openapi("TenantStorageLimit");
const limitResponse = { 200: { description: "The limit", content: jsonContent(LimitSchema) } };

const storageLimitRoute = userRoute("artifacts:read", {
  method: "get",
  path: `${LIMITS}/storage`,
  summary: "What the tenant stores and may store",
  tags,
  responses: limitResponse,
});

const limitParams = z.object({
  id: z.string(),
  name: z.string().openapi({ enum: [...LIMIT_NAMES] }),
});

const getLimitRoute = operatorRoute({
  method: "get",
  path: `${INTERNAL}/limits/{name}`,
  summary: "A limit of a tenant",
  tags,
  request: { params: limitParams },
  responses: {
    200: { description: "The limit", content: jsonContent(TenantLimitSchema) },
    ...faultResponses(400),
  },
});

const putLimitRoute = operatorRoute({
  method: "put",
  path: `${INTERNAL}/limits/{name}`,
  summary: "Set a limit of a tenant; -1 removes it",
  tags,
  middleware: jsonBody(),
  request: {
    params: limitParams,
    body: { required: true, content: jsonContent(z.object({ limit: z.number().int().min(-1) })) },
  },
  responses: { 204: { description: "Set" }, ...faultResponses(400, 404) },
});

const settingsParams = z.object({ id: z.string() });

const getSettingsRoute = operatorRoute({
  method: "get",
  path: `${INTERNAL}/storage/settings`,
  summary: "Storage settings of a tenant with their secrets, or null",
  tags,
  request: { params: settingsParams },
  responses: {
    200: { description: "The settings", content: jsonContent(StorageSettingsSchema.nullable()) },
  },
});

const putSettingsRoute = operatorRoute({
  method: "put",
  path: `${INTERNAL}/storage/settings`,
  summary: "Keep storage settings of a tenant; an empty object removes them",
  tags,
  middleware: jsonBody(SETTINGS_PREFIX),
  request: {
    params: settingsParams,
    body: { required: true, content: jsonContent(StorageSettingsBody) },
  },
  responses: { 204: { description: "Kept" }, ...faultResponses(400) },
});

const sweepRoute = operatorRoute({
  method: "post",
  path: "/api/operator/v1/sweep-uploads",
  summary:
    "End all uploads that were under way when the server stopped, and go on with what its jobs had begun; only for a server that has just started",
  tags,
  responses: {
    200: {
      description: "How many objects were removed",
      content: jsonContent(z.object({ removed: z.number().int() })),
    },
  },
});

const limitName = (name: string) => {
  const known = LIMIT_NAMES.find((one) => one === name);
  if (!known) throw new Fault("bad_request", `unsupported limit ${name}`);
  return known;
};

export function mountStorageAdministration(app: App): void {
  app.openapi(storageLimitRoute, async (c) => c.json(await showStorage(c.var.deps, userOf(c)), 200));
  app.plain(forUsers("artifacts:read"), ["GET"], `${LIMITS}/:name`, (c) => {
    throw new Fault("bad_request", `unsupported limit ${c.req.param("name")}`);
  });
  app.openapi(getLimitRoute, async (c) => {
    const { id, name } = c.req.valid("param");
    const actor = operatorOf(c, id);
    const limit = await showLimit(c.var.deps, actor, limitName(name));
    return c.json({ tenant_id: actor.tenant, ...limit }, 200);
  });
  app.openapi(putLimitRoute, async (c) => {
    const { id, name } = c.req.valid("param");
    await changeLimit(c.var.deps, operatorOf(c, id), limitName(name), c.req.valid("json").limit);
    return c.body(null, 204);
  });
  app.openapi(getSettingsRoute, async (c) =>
    c.json(await showSettings(c.var.deps, operatorOf(c, c.req.valid("param").id)), 200),
  );
  app.openapi(
    putSettingsRoute,
    async (c) => {
      await changeSettings(c.var.deps, operatorOf(c, c.req.valid("param").id), c.req.valid("json"));
      return c.body(null, 204);
    },
    (result) => {
      refuseInvalid(SETTINGS_PREFIX)(result);
      return undefined;
    },
  );
  app.openapi(sweepRoute, async (c) => {
    operatorOf(c);
    const { deps } = c.var;
    // Jobs go on first: they hang on nothing that the sweep finds.
    await inEachDatabase(deps, async ({ db }) => {
      await db.one(endLeases());
    });
    await resendEvents(deps).catch((cause: unknown) => deps.log.error("events not sent again", { cause }));
    return c.json(await sweepUploads(deps, { deadBeforeMs: deps.now() }), 200);
  });
}
