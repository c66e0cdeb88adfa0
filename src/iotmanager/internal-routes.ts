import { z } from "@hono/zod-openapi";
import { operatorOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { asDeviceId } from "../platform/ids.ts";
import { operatorRoute } from "../platform/route.ts";
import {
  FaultBody,
  faultResponses,
  jsonBody,
  jsonContent,
  refuseInvalid,
  requiredText,
} from "../platform/wire.ts";
import { isKnownToCloud } from "./device-state.ts";
import { recordEvents } from "./device-events.ts";
import { removeTenantIntegrations } from "./integrations.ts";
import { EVENT_STATUSES } from "./words.ts";

const tags = ["iot-manager internal"];
const INTERNAL = "/api/internal/v1/iot-manager/tenants/{tenantId}";
const PREFIX = "malformed request body: ";
const middleware = jsonBody(PREFIX);
const refuse = refuseInvalid(PREFIX);
const tenantParam = z.object({ tenantId: z.string().max(128) });
const deviceParam = tenantParam.extend({ deviceId: z.string().min(1).max(128) });

const MAX_BULK = 100;
const MAX_ID = 128;

/** A device as device authentication tells of it; the older name of its id comes before the other. */
const Device = z
  .looseObject({ id: z.string().max(MAX_ID).optional(), device_id: z.string().max(MAX_ID).optional() })
  .openapi("ProvisionedDevice");

const accepted = { description: "Integrations will be told" };

const provision = operatorRoute({
  method: "post",
  path: `${INTERNAL}/devices`,
  tags,
  summary: "Tell integrations of a device that is accepted",
  middleware,
  request: { params: tenantParam, body: { required: true, content: jsonContent(Device) } },
  responses: { 202: accepted, ...faultResponses(400, 401, 404, 415) },
});

const decommission = operatorRoute({
  method: "delete",
  path: `${INTERNAL}/devices/{deviceId}`,
  tags,
  summary: "Tell integrations of a device that is gone",
  request: { params: deviceParam },
  responses: { 202: accepted, ...faultResponses(401, 404) },
});

const setStatus = operatorRoute({
  method: "put",
  path: `${INTERNAL}/bulk/devices/status/{status}`,
  tags,
  summary: "Tell integrations of the status of devices",
  middleware,
  request: {
    params: tenantParam.extend({ status: z.string().max(64) }),
    body: {
      required: true,
      content: jsonContent(
        z
          .array(Device, { error: "must be a list" })
          .refine((items) => items.length <= MAX_BULK, {
            error: `too many bulk items: max ${MAX_BULK} items per request`,
            params: { verbatim: true },
          })
          .openapi({ maxItems: MAX_BULK }),
      ),
    },
  },
  responses: { 202: accepted, ...faultResponses(400, 401, 404, 415) },
});

const removeTenant = operatorRoute({
  method: "delete",
  path: INTERNAL,
  tags,
  summary: "Forget all integrations of a tenant",
  request: { params: tenantParam },
  responses: { 204: { description: "Gone" }, ...faultResponses(401) },
});

const MAX_KEY = 16_384;

const preauthorize = operatorRoute({
  method: "post",
  path: `${INTERNAL}/auth`,
  tags,
  summary: "Whether a cloud knows a device by its identity and key",
  middleware,
  request: {
    params: tenantParam,
    body: {
      required: true,
      content: jsonContent(
        z.object({
          external_id: requiredText(1, 1024),
          id_data: z.record(z.string(), z.unknown(), { error: "must be an object" }),
          pubkey: requiredText(1, MAX_KEY),
        }),
      ),
    },
  },
  responses: {
    204: { description: "It does" },
    502: { description: "The cloud does not answer", content: jsonContent(FaultBody) },
    ...faultResponses(400, 401, 404, 415),
  },
});

function idOf({ id, device_id: older }: z.output<typeof Device>) {
  const named = older || id;
  if (!named) throw new Fault("bad_request", "missing device ID");
  return asDeviceId(named);
}

const isStatus = (text: string) => [...EVENT_STATUSES, "decommissioned"].includes(text);

/** The internal API of the service (protocol notes, iot-manager 3), for operators and their scripts. */
export function mountIotManagerInternal(app: App): void {
  app.openapi(
    provision,
    async (c) => {
      const { device_id: _, ...body } = c.req.valid("json");
      const device = idOf(c.req.valid("json"));
      const said = { device, what: "provisioned", data: { ...body, id: device } } as const;
      await recordEvents(c.var.deps, operatorOf(c, c.req.valid("param").tenantId), [said]);
      return c.body(null, 202);
    },
    refuse,
  );
  app.openapi(decommission, async (c) => {
    const { tenantId, deviceId } = c.req.valid("param");
    const device = asDeviceId(deviceId);
    await recordEvents(c.var.deps, operatorOf(c, tenantId), [{ device, what: "gone" }]);
    return c.body(null, 202);
  });
  app.openapi(
    setStatus,
    async (c) => {
      const { tenantId, status } = c.req.valid("param");
      if (!isStatus(status)) throw new Fault("bad_request", `invalid status '${status}'`);
      const said = c.req.valid("json").map((one) => ({ device: idOf(one), what: "status", status }) as const);
      await recordEvents(c.var.deps, operatorOf(c, tenantId), said);
      return c.body(null, 202);
    },
    refuse,
  );
  app.openapi(
    preauthorize,
    async (c) => {
      const { external_id: externalId, id_data: identity, pubkey } = c.req.valid("json");
      const actor = operatorOf(c, c.req.valid("param").tenantId);
      if (!(await isKnownToCloud(c.var.deps, actor, { externalId, identity, pubkey })))
        throw new Fault("unauthorized", "unauthorized");
      return c.body(null, 204);
    },
    refuse,
  );
  app.openapi(removeTenant, async (c) => {
    await removeTenantIntegrations(c.var.deps, operatorOf(c, c.req.valid("param").tenantId));
    return c.body(null, 204);
  });
}
