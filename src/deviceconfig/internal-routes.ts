import { z } from "@hono/zod-openapi";
import { operatorOf } from "../platform/app.ts";
import { deployConfiguration } from "./deploy.ts";
import type { App } from "../platform/app-env.ts";
import { asDeviceId } from "../platform/ids.ts";
import { operatorRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid } from "../platform/wire.ts";
import { prepareForTenant, TenantToPrepare } from "../tenants/index.ts";
import { Configuration, DeployAnswer, DeployRequest } from "./schema.ts";
import {
  addConfigurationRecord,
  configureDevice,
  removeDeviceConfiguration,
  removeTenantConfigurations,
} from "./configurations.ts";

const tags = ["deviceconfig internal"];
const INTERNAL = "/api/internal/v1/deviceconfig";
const middleware = jsonBody("malformed request body: ");
const tenantParam = z.object({ tenantId: z.string().max(128) });
const deviceParam = tenantParam.extend({ deviceId: z.string().min(1).max(128) });
const requiredId = z.string({ error: "cannot be blank" }).min(1, { error: "cannot be blank" });

const addTenant = operatorRoute({
  method: "post",
  path: `${INTERNAL}/tenants`,
  summary: "Make a tenant unless it exists",
  tags,
  middleware,
  request: { body: { required: true, content: jsonContent(TenantToPrepare) } },
  responses: { 201: { description: "It is there" }, ...faultResponses(400, 401) },
});

const removeTenant = operatorRoute({
  method: "delete",
  path: `${INTERNAL}/tenants/{tenantId}`,
  summary: "Forget all configurations of a tenant",
  tags,
  request: { params: tenantParam },
  responses: { 204: { description: "Gone" }, ...faultResponses(401) },
});

const addDevice = operatorRoute({
  method: "post",
  path: `${INTERNAL}/tenants/{tenantId}/devices`,
  summary: "Make the record of a device",
  tags,
  middleware,
  request: {
    params: tenantParam,
    body: { required: true, content: jsonContent(z.object({ device_id: requiredId })) },
  },
  responses: { 201: { description: "Made" }, ...faultResponses(400, 401, 404, 409) },
});

const removeDevice = operatorRoute({
  method: "delete",
  path: `${INTERNAL}/tenants/{tenantId}/devices/{deviceId}`,
  summary: "Forget the configuration of a device",
  tags,
  request: { params: deviceParam },
  responses: { 204: { description: "Gone" }, ...faultResponses(401, 404) },
});

const merge = operatorRoute({
  method: "patch",
  path: `${INTERNAL}/tenants/{tenantId}/configurations/device/{deviceId}`,
  summary: "Complete what is wanted of a device",
  tags,
  middleware,
  request: { params: deviceParam, body: { required: true, content: jsonContent(Configuration) } },
  responses: { 204: { description: "Merged" }, ...faultResponses(400, 401, 404) },
});

const deploy = operatorRoute({
  method: "post",
  path: `${INTERNAL}/tenants/{tenantId}/configurations/device/{deviceId}/deploy`,
  summary: "Deploy what is wanted of a device",
  tags,
  middleware,
  request: { params: deviceParam, body: { content: jsonContent(DeployRequest) } },
  responses: {
    200: { description: "The deployment", content: jsonContent(DeployAnswer) },
    ...faultResponses(400, 401, 404),
  },
});

/** Mender's internal API of the service (protocol notes, deviceconfig 4), for operators and their scripts. */
export function mountDeviceconfigInternal(app: App): void {
  app.openapi(addTenant, async (c) => {
    await prepareForTenant(c.var.deps, c.req.valid("json").tenant_id);
    return c.body(null, 201);
  });
  app.openapi(removeTenant, async (c) => {
    const { tenant } = operatorOf(c, c.req.valid("param").tenantId);
    await removeTenantConfigurations(c.var.deps, tenant);
    return c.body(null, 204);
  });
  app.openapi(addDevice, async (c) => {
    const { tenant } = operatorOf(c, c.req.valid("param").tenantId);
    await addConfigurationRecord(c.var.deps, tenant, asDeviceId(c.req.valid("json").device_id));
    return c.body(null, 201);
  });
  app.openapi(removeDevice, async (c) => {
    const { tenantId, deviceId } = c.req.valid("param");
    await removeDeviceConfiguration(c.var.deps, operatorOf(c, tenantId).tenant, asDeviceId(deviceId));
    return c.body(null, 204);
  });
  app.openapi(merge, async (c) => {
    const { tenantId, deviceId } = c.req.valid("param");
    await configureDevice(
      c.var.deps,
      operatorOf(c, tenantId),
      asDeviceId(deviceId),
      c.req.valid("json"),
      "merge",
    );
    return c.body(null, 204);
  });
  app.openapi(
    deploy,
    async (c) => {
      const { tenantId, deviceId } = c.req.valid("param");
      const { retries, update_control_map: updateControlMap } = c.req.valid("json");
      const actor = operatorOf(c, tenantId);
      const id = await deployConfiguration(c.var.deps, actor, asDeviceId(deviceId), {
        retries,
        updateControlMap,
      });
      return c.json({ deployment_id: id }, 200);
    },
    refuseInvalid("invalid request body: "),
  );
}
