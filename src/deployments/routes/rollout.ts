import { z } from "@hono/zod-openapi";
import { userOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { ofDeployment, userRoute } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../../platform/wire.ts";
import { deployToThose } from "../rollout/again.ts";
import { changeRollout } from "../rollout/change.ts";
import { RolloutChange } from "../rollout/rollout-schema.ts";
import { approveDeployment, pauseDeployment, resumeDeployment, widenDeployment } from "../rollout/steer.ts";
import { DeploymentId } from "../schema.ts";

const DEPLOYMENTS = "/api/management/v1/deployments/deployments";

const tags = ["rollouts"];
const params = z.object({ id: DeploymentId });
const steered = { 204: { description: "Done" }, ...faultResponses(400, 401, 403, 404, 409) };
const made = {
  201: { description: "Created; `Location` names it" },
  ...faultResponses(400, 401, 403, 404, 409, 422),
};

const Pause = z.object({ reason: z.string().max(1024).default("") }).openapi("PauseDeployment");
const Revert = z.object({ artifact_name: z.string().min(1).max(4096) }).openapi("RevertDeployment");

const pause = userRoute(ofDeployment("deployments:manage"), {
  method: "post",
  path: `${DEPLOYMENTS}/{id}/pause`,
  summary: "Let no further device begin",
  tags,
  middleware: jsonBody(),
  request: { params, body: { required: true, content: jsonContent(Pause) } },
  responses: steered,
});

const resume = userRoute(ofDeployment("deployments:manage"), {
  method: "post",
  path: `${DEPLOYMENTS}/{id}/resume`,
  summary: "Let devices begin again",
  tags,
  request: { params },
  responses: steered,
});

const approve = userRoute(ofDeployment("deployments:manage"), {
  method: "post",
  path: `${DEPLOYMENTS}/{id}/approve`,
  summary: "Approve the phase that waits for people",
  tags,
  request: { params },
  responses: steered,
});

const widen = userRoute(ofDeployment("deployments:manage"), {
  method: "post",
  path: `${DEPLOYMENTS}/{id}/widen`,
  summary: "Open the next phase now",
  tags,
  request: { params },
  responses: steered,
});

const change = userRoute(ofDeployment("deployments:manage"), {
  method: "patch",
  path: `${DEPLOYMENTS}/{id}/rollout`,
  summary: "Change pace, budgets and windows of a rollout that is running",
  tags,
  middleware: jsonBody(),
  request: { params, body: { required: true, content: jsonContent(RolloutChange) } },
  responses: steered,
});

const retry = userRoute(ofDeployment("deployments:manage"), {
  method: "post",
  path: `${DEPLOYMENTS}/{id}/retry`,
  summary: "Deploy the same to the devices that failed",
  tags,
  request: { params },
  responses: made,
});

const revert = userRoute(ofDeployment("deployments:manage"), {
  method: "post",
  path: `${DEPLOYMENTS}/{id}/revert`,
  summary: "Deploy another release to the devices that were updated",
  tags,
  middleware: jsonBody(),
  request: { params, body: { required: true, content: jsonContent(Revert) } },
  responses: made,
});

export function mountRollouts(app: App): void {
  app.openapi(pause, async (c) => {
    await pauseDeployment(c.var.deps, userOf(c), c.req.valid("param").id, c.req.valid("json").reason);
    return c.body(null, 204);
  });
  app.openapi(resume, async (c) => {
    await resumeDeployment(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
  app.openapi(approve, async (c) => {
    await approveDeployment(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
  app.openapi(widen, async (c) => {
    await widenDeployment(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
  app.openapi(change, async (c) => {
    await changeRollout(c.var.deps, userOf(c), c.req.valid("param").id, c.req.valid("json"));
    return c.body(null, 204);
  });
  app.openapi(retry, async (c) => {
    const id = await deployToThose(c.var.deps, userOf(c), c.req.valid("param").id, { kind: "retry" });
    c.header("Location", `${DEPLOYMENTS}/${id}`);
    return c.body(null, 201);
  });
  app.openapi(revert, async (c) => {
    const { artifact_name: artifactName } = c.req.valid("json");
    const wanted = { kind: "revert" as const, artifactName };
    const id = await deployToThose(c.var.deps, userOf(c), c.req.valid("param").id, wanted);
    c.header("Location", `${DEPLOYMENTS}/${id}`);
    return c.body(null, 201);
  });
}
