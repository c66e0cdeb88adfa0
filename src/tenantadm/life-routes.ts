import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { asTenantId } from "../platform/ids.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../platform/wire.ts";
import { cancelTenant, ownOrChild, startRemoval } from "./life.ts";
import { ActiveStatus, CancelRequest, IdParam, PlanChangeRequest, SupportRequest } from "./schema.ts";
import { askForPlan, askSupport } from "./support.ts";

const tags = ["tenantadm"];
const BASE = "/api/management/v2/tenantadm";
const ONE = `${BASE}/tenants/{id}` as const;

const accepted = { 202: { description: "Accepted" } };
const bodyOf = <T extends z.ZodType>(schema: T) =>
  ({ required: true, content: jsonContent(schema) }) as const;

const cancel = userRoute("tenants:manage", {
  method: "post",
  path: `${ONE}/cancel`,
  tags,
  summary: "Cancel the own tenant or a child: a trial ends at once, others after the time of grace",
  middleware: jsonBody(),
  request: { params: IdParam, body: bodyOf(CancelRequest) },
  responses: { ...accepted, ...faultResponses(400, 401, 403, 409, 415) },
});

const plan = userRoute("tenants:manage", {
  method: "post",
  path: `${ONE}/plan`,
  tags,
  summary: "Ask the operator for another plan",
  middleware: jsonBody(),
  request: { params: IdParam, body: bodyOf(PlanChangeRequest) },
  responses: { ...accepted, ...faultResponses(400, 401, 403, 409, 415) },
});

const activate = userRoute("tenants:manage", {
  method: "put",
  path: `${ONE}/status`,
  tags,
  summary: "Confirm that a tenant is active; a suspended one is the operator's to take up again",
  middleware: jsonBody(),
  request: { params: IdParam, body: bodyOf(ActiveStatus) },
  responses: { ...accepted, ...faultResponses(400, 401, 403, 409, 415) },
});

const startRemove = userRoute("tenants:manage", {
  method: "post",
  path: `${ONE}/remove/start`,
  tags,
  summary: "Remove a child, or the own tenant, with everything it has",
  request: { params: IdParam },
  responses: { ...accepted, ...faultResponses(401, 403, 409, 422) },
});

const remove = userRoute("tenants:manage", {
  method: "delete",
  path: ONE,
  tags,
  summary: "Remove a suspended child with everything it has",
  request: { params: IdParam },
  responses: { 204: { description: "It will be gone soon" }, ...faultResponses(401, 403, 405, 409) },
});

const support = userRoute("basic", {
  method: "post",
  path: `${BASE}/contact/support`,
  tags,
  summary: "Send a mail to those who run the installation",
  middleware: jsonBody(),
  request: { body: bodyOf(SupportRequest) },
  responses: { ...accepted, ...faultResponses(400, 401, 415, 422) },
});

export function mountLife(app: App): void {
  app.openapi(cancel, async (c) => {
    const { id } = c.req.valid("param");
    await cancelTenant(c.var.deps, userOf(c), asTenantId(id), c.req.valid("json").reason);
    return c.body(null, 202);
  });
  app.openapi(plan, async (c) => {
    const { id } = c.req.valid("param");
    await askForPlan(c.var.deps, userOf(c), asTenantId(id), c.req.valid("json"));
    return c.body(null, 202);
  });
  app.openapi(activate, async (c) => {
    const tenant = await ownOrChild(c.var.deps, userOf(c), asTenantId(c.req.valid("param").id));
    if (tenant.status !== "active") throw new Fault("conflict", "the tenant was suspended");
    return c.body(null, 202);
  });
  app.openapi(startRemove, async (c) => {
    const actor = userOf(c);
    const tenant = await ownOrChild(c.var.deps, actor, asTenantId(c.req.valid("param").id));
    await startRemoval(c.var.deps, actor, tenant);
    return c.body(null, 202);
  });
  app.openapi(remove, async (c) => {
    const actor = userOf(c);
    const tenant = await ownOrChild(c.var.deps, actor, asTenantId(c.req.valid("param").id));
    if (tenant.status === "active")
      throw new Fault("method_not_allowed", "only a suspended tenant can be removed");
    await startRemoval(c.var.deps, actor, tenant);
    return c.body(null, 204);
  });
  app.openapi(support, async (c) => {
    await askSupport(c.var.deps, userOf(c), c.req.valid("json"));
    return c.body(null, 202);
  });
}
