import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { userOf } from "../../platform/app.ts";
import type { App, AppEnv } from "../../platform/app-env.ts";
import { Fault } from "../../platform/fault.ts";
import { userRoute, within } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid } from "../../platform/wire.ts";
import { createDeployment } from "../create.ts";
import type { Wanted } from "../create-targets.ts";
import { NewDeployment, NewDynamicDeployment, NewGroupDeployment } from "../create-schema.ts";

const DEPLOYMENTS = "/api/management/v1/deployments/deployments";

const DEPLOYMENTS_V2 = "/api/management/v2/deployments/deployments";

const BODY = "Validating request body: ";

export const idempotencyHeaders = z.object({
  "idempotency-key": z
    .string()
    .optional()
    .openapi({ description: "Repeating a request with the same key creates nothing and answers the same" }),
});

const common = {
  method: "post" as const,
  tags: ["deployments"],
  middleware: jsonBody(BODY),
  responses: {
    201: {
      description:
        "Created; `Location` names it. A body tells the first 100 devices that the tenant does not have",
    },
    ...faultResponses(400, 401, 403, 409, 422),
  },
};

const create = userRoute(within("deployments:manage"), {
  ...common,
  path: DEPLOYMENTS,
  summary: "Deploy to a list of devices or to all accepted devices",
  request: { headers: idempotencyHeaders, body: { required: true, content: jsonContent(NewDeployment) } },
});

const createForGroup = userRoute(within("deployments:manage"), {
  ...common,
  path: `${DEPLOYMENTS}/group/{name}`,
  summary: "Deploy to the accepted devices of a group",
  request: {
    headers: idempotencyHeaders,
    params: z.object({ name: z.string() }),
    body: { required: true, content: jsonContent(NewGroupDeployment) },
  },
});

const createDynamic = userRoute(within("deployments:manage"), {
  ...common,
  path: DEPLOYMENTS_V2,
  feature: "deployments_v2",
  summary: "Deploy to the devices that a saved filter finds when they ask",
  request: {
    headers: idempotencyHeaders,
    body: { required: true, content: jsonContent(NewDynamicDeployment) },
  },
});

const MAX_KEY = 255;

export function idempotencyKey(c: Context<AppEnv>): string | undefined {
  const key = c.req.header("idempotency-key");
  if (key !== undefined && (key === "" || key.length > MAX_KEY)) {
    throw new Fault("bad_request", `Idempotency-Key: the length must be between 1 and ${MAX_KEY}.`);
  }
  return key;
}

async function answerCreated(c: Context<AppEnv>, wanted: Wanted) {
  const { id, unknownDevices } = await createDeployment(c.var.deps, userOf(c), wanted);
  c.header("Location", `${DEPLOYMENTS}/${id}`);
  return unknownDevices.length > 0 ? c.json({ unknown_devices: unknownDevices }, 201) : c.body(null, 201);
}

export function mountCreating(app: App): void {
  app.openapi(
    createDynamic,
    (c) => {
      const { filter_id: id, max_devices: maxDevices = 0, ...definition } = c.req.valid("json");
      const filter = { id, maxDevices };
      return answerCreated(c, { definition, filter, idempotencyKey: idempotencyKey(c) });
    },
    refuseInvalid(BODY),
  );
  app.openapi(
    create,
    (c) => answerCreated(c, { definition: c.req.valid("json"), idempotencyKey: idempotencyKey(c) }),
    refuseInvalid(BODY),
  );
  app.openapi(
    createForGroup,
    (c) =>
      answerCreated(c, {
        definition: c.req.valid("json"),
        group: c.req.valid("param").name,
        idempotencyKey: idempotencyKey(c),
      }),
    refuseInvalid(BODY),
  );
}
