import { z } from "@hono/zod-openapi";
import { userOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { pageOf, pageQuery } from "../../platform/paging.ts";
import { ofDeployment, userRoute, within } from "../../platform/route.ts";
import { faultResponses, jsonContent } from "../../platform/wire.ts";
import { failure, FailureDetail, FailureGroup, failures } from "../failures/list.ts";
import { Progress, progress } from "../progress/record.ts";
import { Waiting, waiting } from "../rollout/waiting-groups.ts";
import { DeploymentId } from "../schema.ts";
import { answerPage } from "./queries.ts";

const DEPLOYMENTS = "/api/management/v1/deployments/deployments";
const FAILURES = "/api/management/v1/deployments/rollouts/failures";

const tags = ["rollouts"];
const params = z.object({ id: DeploymentId });
const groups = {
  200: {
    description: "A page, those that came last first",
    content: jsonContent(z.array(FailureGroup)),
  },
};

const listFailures = userRoute(within("deployments:read"), {
  method: "get",
  path: FAILURES,
  summary: "List what failed updates have in common, across deployments",
  tags,
  request: { query: z.object(pageQuery()) },
  responses: { ...groups, ...faultResponses(400, 401, 403) },
});

const showFailure = userRoute(within("deployments:read"), {
  method: "get",
  path: `${FAILURES}/{fingerprint}`,
  summary: "Show the deployments in which devices failed in one way",
  tags,
  request: { params: z.object({ fingerprint: z.string().max(64) }) },
  responses: {
    200: { description: "The group", content: jsonContent(FailureDetail) },
    ...faultResponses(400, 401, 403, 404),
  },
});

const listFailuresOfOne = userRoute(ofDeployment("deployments:read"), {
  method: "get",
  path: `${DEPLOYMENTS}/{id}/failures`,
  summary: "List what the failed updates of a deployment have in common",
  tags,
  request: { params, query: z.object(pageQuery()) },
  responses: { ...groups, ...faultResponses(400, 401, 403, 404) },
});

const showProgress = userRoute(ofDeployment("deployments:read"), {
  method: "get",
  path: `${DEPLOYMENTS}/{id}/progress`,
  summary: "Show how a deployment went on over time, in at most 501 points",
  tags,
  request: { params },
  responses: {
    200: { description: "The points, each with all until then", content: jsonContent(Progress) },
    ...faultResponses(400, 401, 403, 404),
  },
});

const showWaiting = userRoute(ofDeployment("deployments:read"), {
  method: "get",
  path: `${DEPLOYMENTS}/{id}/waiting`,
  summary: "Tell how many devices have not begun, by what keeps them",
  tags,
  request: { params },
  responses: {
    200: { description: "The groups", content: jsonContent(Waiting) },
    ...faultResponses(400, 401, 403, 404),
  },
});

/** What becomes of a deployment. */
export function mountFollowing(app: App): void {
  app.openapi(listFailures, async (c) => {
    const page = pageOf(c.req.valid("query"));
    return c.json(answerPage(c, page, await failures(c.var.deps, userOf(c), {}, page)), 200);
  });
  app.openapi(showFailure, async (c) =>
    c.json(await failure(c.var.deps, userOf(c), c.req.valid("param").fingerprint), 200),
  );
  app.openapi(listFailuresOfOne, async (c) => {
    const page = pageOf(c.req.valid("query"));
    const of = { deployment: c.req.valid("param").id };
    return c.json(answerPage(c, page, await failures(c.var.deps, userOf(c), of, page)), 200);
  });
  app.openapi(showWaiting, async (c) =>
    c.json(await waiting(c.var.deps, userOf(c), c.req.valid("param").id), 200),
  );
  app.openapi(showProgress, async (c) =>
    c.json(await progress(c.var.deps, userOf(c), c.req.valid("param").id), 200),
  );
}
