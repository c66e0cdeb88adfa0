import { z } from "@hono/zod-openapi";
import { deviceClaimOf, userOf } from "../platform/app.ts";
import { deployConfiguration } from "./deploy.ts";
import type { App } from "../platform/app-env.ts";
import { asDeviceId } from "../platform/ids.ts";
import { deviceRoute, userRoute, ofDevice } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid } from "../platform/wire.ts";
import { mountDefaults } from "./defaults-routes.ts";
import { mountDeviceconfigInternal } from "./internal-routes.ts";
import {
  Configuration,
  ConfigurationRecord,
  DeployAnswer,
  DeployRequest,
  EffectiveConfiguration,
} from "./schema.ts";
import {
  configurationForDevice,
  configurationRecord,
  configureDevice,
  effectiveConfiguration,
  reportConfiguration,
} from "./configurations.ts";

const tags = ["deviceconfig"];
const DEVICE = "/api/devices/v1/deviceconfig/configuration";
const RECORD = "/api/management/v1/deviceconfig/configurations/device/{id}";

const middleware = jsonBody("malformed request body: ");
const param = z.object({ id: z.string().min(1).max(128) });
const configuration = { required: true, content: jsonContent(Configuration) };
const plain = z.record(z.string(), z.string());

const deviceGet = deviceRoute({
  feature: "configuration",
  method: "get",
  path: DEVICE,
  summary: "What is wanted of the device",
  tags,
  responses: {
    200: { description: "Its configuration", content: jsonContent(plain) },
    401: { description: "Token not live; empty body" },
  },
});

const devicePut = deviceRoute({
  feature: "configuration",
  method: "put",
  path: DEVICE,
  summary: "Tell what the device runs with",
  tags,
  middleware,
  request: { body: configuration },
  responses: {
    204: { description: "Noted" },
    401: { description: "Token not live; empty body" },
    ...faultResponses(400, 413, 415),
  },
});

const get = userRoute(ofDevice("devices:configure"), {
  feature: "configuration",
  method: "get",
  path: RECORD,
  summary: "Wanted and reported configuration of a device",
  tags,
  request: { params: param },
  responses: {
    200: { description: "Its record", content: jsonContent(ConfigurationRecord) },
    ...faultResponses(401, 403, 404),
  },
});

const put = userRoute(ofDevice("devices:configure"), {
  feature: "configuration",
  method: "put",
  path: RECORD,
  summary: "Set what is wanted of a device, without deploying it",
  tags,
  middleware,
  request: { params: param, body: configuration },
  responses: { 204: { description: "Set" }, ...faultResponses(400, 401, 403, 404, 413, 415) },
});

const deploy = userRoute(ofDevice("devices:configure"), {
  feature: "configuration",
  method: "post",
  path: `${RECORD}/deploy`,
  summary: "Deploy what is wanted of a device",
  tags,
  middleware,
  request: { params: param, body: { content: jsonContent(DeployRequest) } },
  responses: {
    200: { description: "The deployment", content: jsonContent(DeployAnswer) },
    ...faultResponses(400, 401, 403, 404, 415),
  },
});

const effective = userRoute(ofDevice("devices:configure"), {
  feature: "configuration",
  method: "get",
  path: `${RECORD}/effective`,
  summary: "What a device should run with and whether it does (extension)",
  tags,
  request: { params: param },
  responses: {
    200: { description: "Own values over inherited ones", content: jsonContent(EffectiveConfiguration) },
    ...faultResponses(401, 403, 404),
  },
});

export function mountDeviceconfig(app: App): void {
  app.openapi(deviceGet, async (c) =>
    c.json(await configurationForDevice(c.var.deps, deviceClaimOf(c)), 200),
  );
  app.openapi(devicePut, async (c) => {
    await reportConfiguration(c.var.deps, deviceClaimOf(c), c.req.valid("json"));
    return c.body(null, 204);
  });
  app.openapi(get, async (c) =>
    c.json(await configurationRecord(c.var.deps, userOf(c), asDeviceId(c.req.valid("param").id)), 200),
  );
  app.openapi(put, async (c) => {
    await configureDevice(c.var.deps, userOf(c), asDeviceId(c.req.valid("param").id), c.req.valid("json"));
    return c.body(null, 204);
  });
  app.openapi(
    deploy,
    async (c) => {
      const { retries, update_control_map: updateControlMap } = c.req.valid("json");
      const device = asDeviceId(c.req.valid("param").id);
      const id = await deployConfiguration(c.var.deps, userOf(c), device, { retries, updateControlMap });
      return c.json({ deployment_id: id }, 200);
    },
    refuseInvalid("invalid request body: "),
  );
  app.openapi(effective, async (c) =>
    c.json(await effectiveConfiguration(c.var.deps, userOf(c), asDeviceId(c.req.valid("param").id)), 200),
  );
  mountDefaults(app);
  mountDeviceconfigInternal(app);
}
