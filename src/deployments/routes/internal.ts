import { z } from "@hono/zod-openapi";
import { operatorOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { Fault } from "../../platform/fault.ts";
import { asDeviceId, isUuid } from "../../platform/ids.ts";
import { pageOf, pageQuery } from "../../platform/paging.ts";
import { operatorRoute } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, verbatim } from "../../platform/wire.ts";
import { prepareForTenant, TenantToPrepare } from "../../tenants/index.ts";
import { deployConfiguration } from "../configuration/deploy.ts";
import { decommissionDevice, historyEntries, lastDeployments, removeAllDeployments } from "../internal.ts";
import { deploymentsQuery, deviceStatuses, firstOnly, several } from "../list-query.ts";
import { deployment, deployments, history } from "../queries.ts";
import {
  ConfigurationRequest,
  DeploymentObject,
  HistoryEntry,
  historyPage,
  LastRequest,
  LastStatuses,
} from "../schema.ts";
import { answerPage, wantedOf } from "./queries.ts";

const INTERNAL = "/api/internal/v1/deployments";
const TENANT = `${INTERNAL}/tenants/{tenant}`;

const tags = ["deployments internal"];
const tenant = z.string();

const addTenant = operatorRoute({
  method: "post",
  path: `${INTERNAL}/tenants`,
  summary: "Make a tenant unless it exists",
  tags,
  middleware: jsonBody(),
  request: {
    body: { required: true, content: jsonContent(TenantToPrepare) },
  },
  responses: { 201: { description: "It is there" }, ...faultResponses(400, 401) },
});

const listForTenant = operatorRoute({
  method: "get",
  path: `${TENANT}/deployments`,
  summary: "List the deployments of a tenant",
  tags,
  request: {
    params: z.object({ tenant }),
    query: z.object({ ...deploymentsQuery, search: firstOnly, ...pageQuery() }),
  },
  responses: {
    200: { description: "A page, newest first", content: jsonContent(z.array(DeploymentObject)) },
    ...faultResponses(400, 401),
  },
});

const removeTenant = operatorRoute({
  method: "delete",
  path: TENANT,
  summary: "Remove all deployments of a tenant",
  tags,
  request: { params: z.object({ tenant }) },
  responses: { 204: { description: "Gone" }, ...faultResponses(401) },
});

const showGroups = operatorRoute({
  method: "get",
  path: `${TENANT}/deployments/{id}/groups`,
  summary: "Show the groups that a deployment is for",
  tags,
  request: { params: z.object({ tenant, id: z.string() }) },
  responses: {
    200: {
      description: "Their names; none if it is for all devices",
      content: jsonContent(z.object({ groups: z.array(z.string()) })),
    },
    ...faultResponses(401, 404),
  },
});

const entriesResponse = {
  200: { description: "A page, newest first", content: jsonContent(z.array(HistoryEntry)) },
  ...faultResponses(400, 401),
};

const listEntries = operatorRoute({
  method: "get",
  path: `${TENANT}/deployments/devices`,
  summary: "Show devices in deployments by the ids of these entries",
  tags,
  request: {
    params: z.object({ tenant }),
    query: z.object({
      id: several.transform((ids, ctx) => {
        if (ids?.some((id) => id !== "")) return ids;
        ctx.addIssue(verbatim("id: cannot be blank"));
        return z.NEVER;
      }),
      ...historyPage,
    }),
  },
  responses: entriesResponse,
});

const showHistory = operatorRoute({
  method: "get",
  path: `${TENANT}/deployments/devices/{id}`,
  summary: "List the deployments of a device",
  tags,
  request: {
    params: z.object({ tenant, id: z.string() }),
    query: z.object({ status: deviceStatuses, ...historyPage }),
  },
  responses: entriesResponse,
});

const decommission = operatorRoute({
  method: "delete",
  path: `${TENANT}/deployments/devices/{id}`,
  summary: "End everything a decommissioned device has open",
  tags,
  request: { params: z.object({ tenant, id: z.string() }) },
  responses: { 204: { description: "Nothing is left open for the device" }, ...faultResponses(401) },
});

const configure = operatorRoute({
  method: "post",
  path: `${TENANT}/configuration/deployments/{deployment}/devices/{device}`,
  summary: "Deploy a configuration to a device",
  tags,
  middleware: jsonBody(),
  request: {
    params: z.object({ tenant, deployment: z.string(), device: z.string() }),
    body: { required: true, content: jsonContent(ConfigurationRequest) },
  },
  responses: { 201: { description: "Created; `Location` names it" }, ...faultResponses(400, 401, 404, 409) },
});

const last = operatorRoute({
  method: "post",
  path: `${TENANT}/devices/deployments/last`,
  summary: "Show the final status that each device reached last",
  tags,
  middleware: jsonBody(),
  request: {
    params: z.object({ tenant }),
    body: { required: true, content: jsonContent(LastRequest) },
  },
  responses: {
    200: { description: "One entry for each device with one", content: jsonContent(LastStatuses) },
    ...faultResponses(400, 401),
  },
});

/** For operators and their scripts; the path names the tenant. */
export function mountInternal(app: App): void {
  app.openapi(addTenant, async (c) => {
    await prepareForTenant(c.var.deps, c.req.valid("json").tenant_id);
    return c.body(null, 201);
  });
  app.openapi(listForTenant, async (c) => {
    const [query, actor] = [c.req.valid("query"), operatorOf(c, c.req.valid("param").tenant)];
    const [page, wanted] = [pageOf(query), { ...wantedOf(query), search: query.search }];
    return c.json(answerPage(c, page, await deployments(c.var.deps, actor, wanted, page)), 200);
  });
  app.openapi(removeTenant, async (c) => {
    await removeAllDeployments(c.var.deps, operatorOf(c, c.req.valid("param").tenant).tenant);
    return c.body(null, 204);
  });
  app.openapi(showGroups, async (c) => {
    const { tenant: segment, id } = c.req.valid("param");
    const { groups = [] } = await deployment(c.var.deps, operatorOf(c, segment), id);
    return c.json({ groups }, 200);
  });
  mountInternalDevices(app);
}

function mountInternalDevices(app: App): void {
  app.openapi(listEntries, async (c) => {
    const [query, actor] = [c.req.valid("query"), operatorOf(c, c.req.valid("param").tenant)];
    const page = pageOf(query);
    return c.json(answerPage(c, page, await historyEntries(c.var.deps, actor, query.id, page)), 200);
  });
  app.openapi(showHistory, async (c) => {
    const { tenant: segment, id } = c.req.valid("param");
    const [query, actor] = [c.req.valid("query"), operatorOf(c, segment)];
    const page = pageOf(query);
    const found = await history(c.var.deps, actor, asDeviceId(id), query.status, page);
    return c.json(answerPage(c, page, found), 200);
  });
  app.openapi(decommission, async (c) => {
    const { tenant: segment, id } = c.req.valid("param");
    await decommissionDevice(c.var.deps, operatorOf(c, segment), asDeviceId(id));
    return c.body(null, 204);
  });
  app.openapi(last, async (c) => {
    const actor = operatorOf(c, c.req.valid("param").tenant);
    return c.json(await lastDeployments(c.var.deps, actor, c.req.valid("json").device_ids), 200);
  });
  app.openapi(configure, async (c) => {
    const { tenant: segment, deployment: id, device } = c.req.valid("param");
    if (!isUuid(id)) throw new Fault("bad_request", "Deployment ID must be a valid UUID");
    const { name, configuration, retries } = c.req.valid("json");
    const wanted = { id, device: asDeviceId(device), name, configuration, retries };
    await deployConfiguration(c.var.deps, operatorOf(c, segment), wanted);
    c.header("Location", `./deployments/${encodeURIComponent(id)}`);
    return c.body(null, 201);
  });
}
