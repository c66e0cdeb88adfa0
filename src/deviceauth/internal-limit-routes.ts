import { z } from "@hono/zod-openapi";
import { operatorOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { operatorRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid } from "../platform/wire.ts";
import { clearDeviceLimits, deviceLimit, deviceLimits, limitsOfTenants, setDeviceLimits } from "./limits.ts";
import { LimitSchema, TierLimitsSchema } from "./schema.ts";

const base = "/api/internal/v1/devauth";
const tags = ["deviceauth internal"];
const INVALID = "failed to decode limit: ";

const LimitValue = z
  .int({ error: "must be an integer" })
  .min(-1, { error: "must be no less than -1" })
  .max(1_000_000_000, { error: "must be no greater than 1000000000" });

const limitPath = `${base}/tenant/{tenant_id}/limits/{name}`;
const LimitParams = z.object({ tenant_id: z.string(), name: z.string().openapi({ example: "max_devices" }) });

const getLimit = operatorRoute({
  method: "get",
  path: limitPath,
  tags,
  summary: "Show one device limit of a tenant",
  request: { params: LimitParams },
  responses: {
    200: { description: "The limit; -1 means any number", content: jsonContent(LimitSchema) },
    ...faultResponses(400, 401),
  },
});

const putLimit = operatorRoute({
  method: "put",
  path: limitPath,
  tags,
  summary: "Set one device limit of a tenant",
  middleware: jsonBody(INVALID),
  request: {
    params: LimitParams,
    body: { required: true, content: jsonContent(z.object({ limit: LimitValue })) },
  },
  responses: { 204: { description: "Set" }, ...faultResponses(400, 401, 404) },
});

const deleteLimit = operatorRoute({
  method: "delete",
  path: limitPath,
  tags,
  summary: "Take one device limit from a tenant",
  request: { params: LimitParams },
  responses: { 204: { description: "Taken" }, ...faultResponses(400, 401, 404) },
});

const allPath = `${base}/tenant/{tid}/limits`;
const TenantParam = z.object({ tid: z.string() });

const getAll = operatorRoute({
  method: "get",
  path: allPath,
  tags,
  summary: "Show all device limits of a tenant",
  request: { params: TenantParam },
  responses: {
    200: { description: "The limits", content: jsonContent(TierLimitsSchema) },
    ...faultResponses(401),
  },
});

const putAll = operatorRoute({
  method: "put",
  path: allPath,
  tags,
  summary: "Set several device limits of a tenant",
  middleware: jsonBody(INVALID),
  request: {
    params: TenantParam,
    body: {
      required: true,
      content: jsonContent(
        z.array(z.object({ name: z.string({ error: "cannot be blank" }), value: LimitValue })).max(16),
      ),
    },
  },
  responses: { 204: { description: "Set" }, ...faultResponses(400, 401, 404) },
});

const deleteAll = operatorRoute({
  method: "delete",
  path: allPath,
  tags,
  summary: "Take all device limits from a tenant",
  request: { params: TenantParam },
  responses: { 200: { description: "Taken" }, ...faultResponses(401, 404) },
});

const getMany = operatorRoute({
  method: "get",
  path: `${base}/tenant/limits`,
  tags,
  summary: "Show all device limits of several tenants",
  request: {
    query: z.object({
      tenant_id: z.union([z.string(), z.array(z.string()).max(500)], { error: "must be provided" }),
    }),
  },
  responses: {
    200: {
      description: "Limits by tenant",
      content: jsonContent(z.record(z.string(), TierLimitsSchema)),
    },
    ...faultResponses(400, 401),
  },
});

/** The one name that the public document of the wire knows, in the document under its own path. */
const documentStandardLimit = (app: App) => {
  const request = { params: z.object({ tenant_id: z.string() }) };
  const path = `${base}/tenant/{tenant_id}/limits/max_devices`;
  const body = putLimit.request.body;
  app.document({ ...getLimit, path, request });
  app.document({ ...putLimit, path, request: { ...request, body } });
  app.document({ ...deleteLimit, path, request });
};

function mountOneLimit(app: App): void {
  documentStandardLimit(app);
  app.openapi(getLimit, async (c) => {
    const { tenant_id: tenant, name } = c.req.valid("param");
    return c.json({ limit: await deviceLimit(c.var.deps, operatorOf(c, tenant), name) }, 200);
  });
  app.openapi(
    putLimit,
    async (c) => {
      const { tenant_id: tenant, name } = c.req.valid("param");
      const value = c.req.valid("json").limit;
      await setDeviceLimits(c.var.deps, operatorOf(c, tenant), [{ name, value }]);
      return c.body(null, 204);
    },
    refuseInvalid(INVALID),
  );
  app.openapi(deleteLimit, async (c) => {
    const { tenant_id: tenant, name } = c.req.valid("param");
    await setDeviceLimits(c.var.deps, operatorOf(c, tenant), [{ name }]);
    return c.body(null, 204);
  });
}

function mountAllLimits(app: App): void {
  app.openapi(getAll, async (c) =>
    c.json(await deviceLimits(c.var.deps, operatorOf(c, c.req.valid("param").tid)), 200),
  );
  app.openapi(
    putAll,
    async (c) => {
      await setDeviceLimits(c.var.deps, operatorOf(c, c.req.valid("param").tid), c.req.valid("json"));
      return c.body(null, 204);
    },
    refuseInvalid(INVALID),
  );
  app.openapi(deleteAll, async (c) => {
    await clearDeviceLimits(c.var.deps, operatorOf(c, c.req.valid("param").tid));
    return c.body(null, 200);
  });
}

export function mountInternalLimits(app: App): void {
  app.openapi(
    getMany,
    async (c) => {
      const tenants = [c.req.valid("query").tenant_id].flat();
      return c.json(await limitsOfTenants(c.var.deps, tenants), 200);
    },
    refuseInvalid(),
  );
  mountOneLimit(app);
  mountAllLimits(app);
}
