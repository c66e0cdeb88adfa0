import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { deviceClaimOf } from "../../platform/app.ts";
import type { App, AppEnv } from "../../platform/app-env.ts";
import { Fault } from "../../platform/fault.ts";
import { deviceRoute } from "../../platform/route.ts";
import { describeIssues, faultResponses, jsonBody, jsonContent, refuseInvalid } from "../../platform/wire.ts";
import { nextUpdate, type Instructions } from "../next-update.ts";
import {
  AskingBody,
  AskingBodyV2,
  askingQuery,
  AskingQuery,
  stateOfBody,
  stateOfBodyV2,
  stateOfQuery,
} from "../device-state.ts";

const NEXT_V1 = "/api/devices/v1/deployments/device/deployments/next";
const NEXT_V2 = "/api/devices/v2/deployments/device/deployments/next";

const InstructionsBody = z
  .object({
    id: z.string(),
    type: z.literal("configuration").optional(),
    artifact: z.object({
      id: z.string(),
      artifact_name: z.string(),
      source: z.object({ uri: z.string(), expire: z.string(), method: z.literal("GET").optional() }),
      device_types_compatible: z.array(z.string()),
    }),
    update_control_map: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi("DeploymentInstructions");

const responses = {
  200: { description: "Install this", content: jsonContent(InstructionsBody) },
  204: { description: "Nothing to do" },
  ...faultResponses(400, 401, 409),
};

const common = { tags: ["deployments"], responses };

const askByQuery = deviceRoute({
  ...common,
  method: "get",
  path: NEXT_V1,
  summary: "Ask for the next update",
  request: { query: z.object({ artifact_name: z.string().optional(), device_type: z.string().optional() }) },
});

const SCHEMA = "invalid schema: ";

const askByBody = deviceRoute({
  ...common,
  method: "post",
  path: NEXT_V1,
  summary: "Ask for the next update, telling what the device provides",
  middleware: jsonBody(SCHEMA),
  request: { body: { required: true, content: jsonContent(AskingBody) } },
});

const askByBodyV2 = deviceRoute({
  ...common,
  method: "post",
  path: NEXT_V2,
  summary: "Ask for the next update, telling everything the device provides",
  middleware: jsonBody(SCHEMA),
  request: { body: { required: true, content: jsonContent(AskingBodyV2) } },
});

function parseAsking(c: Context<AppEnv>) {
  const parsed = AskingQuery.safeParse(askingQuery(c.req.url, c.req.header("user-agent")));
  if (parsed.success) return parsed.data;
  throw new Fault("bad_request", describeIssues(parsed.error.issues));
}

const answer = (c: Context<AppEnv>, instructions: Instructions | undefined) =>
  instructions ? c.json(instructions, 200) : c.body(null, 204);

export function mountAsking(app: App): void {
  app.openapi(askByQuery, async (c) => {
    const query = parseAsking(c);
    return answer(c, await nextUpdate(c.var.deps, deviceClaimOf(c), stateOfQuery(query)));
  });
  app.openapi(
    askByBody,
    async (c) => answer(c, await nextUpdate(c.var.deps, deviceClaimOf(c), stateOfBody(c.req.valid("json")))),
    refuseInvalid(),
  );
  app.openapi(
    askByBodyV2,
    async (c) => {
      const body = c.req.valid("json");
      const wants = { controlMap: body.update_control_map === true };
      return answer(c, await nextUpdate(c.var.deps, deviceClaimOf(c), stateOfBodyV2(body), wants));
    },
    refuseInvalid(),
  );
}
