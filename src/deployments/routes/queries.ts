import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { userOf } from "../../platform/app.ts";
import type { App, AppEnv } from "../../platform/app-env.ts";
import { pageOf, pageQuery, setPageHeaders, type Page } from "../../platform/paging.ts";
import { userRoute, within, ofDeployment } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../../platform/wire.ts";
import { deploymentsQuery, firstOnly, several } from "../list-query.ts";
import { deployment, deployments, statistics, statisticsList, type Listed } from "../queries.ts";
import { deploymentsNamed } from "../find-by-name.ts";
import { DeploymentId, DeploymentObject, StatisticsQuery, StatusCounts } from "../schema.ts";

const V1 = "/api/management/v1/deployments/deployments";
const V2 = "/api/management/v2/deployments/deployments";

const listResponses = {
  200: { description: "A page, newest first", content: jsonContent(z.array(DeploymentObject)) },
  ...faultResponses(400, 401, 403),
};

const listV1 = userRoute(within("deployments:read"), {
  method: "get",
  path: V1,
  summary: "List deployments",
  tags: ["deployments"],
  request: { query: z.object({ ...deploymentsQuery, search: firstOnly, ...pageQuery() }) },
  responses: listResponses,
});

const listV2 = userRoute(within("deployments:read"), {
  method: "get",
  path: V2,
  summary: "List deployments by id, name or device",
  tags: ["deployments"],
  request: {
    query: z.object({
      ...deploymentsQuery,
      id: several,
      name: several,
      id_attribute: firstOnly,
      id_scope: firstOnly,
      ...pageQuery(),
    }),
  },
  responses: listResponses,
});

const show = userRoute(ofDeployment("deployments:read"), {
  method: "get",
  path: `${V1}/{id}`,
  summary: "Show a deployment",
  tags: ["deployments"],
  request: { params: z.object({ id: DeploymentId }) },
  responses: {
    200: { description: "The deployment", content: jsonContent(DeploymentObject) },
    ...faultResponses(400, 401, 403, 404),
  },
});

const showStatistics = userRoute(ofDeployment("deployments:read"), {
  method: "get",
  path: `${V1}/{id}/statistics`,
  summary: "Count a deployment's devices by status",
  tags: ["deployments"],
  request: { params: z.object({ id: DeploymentId }) },
  responses: {
    200: { description: "Devices by status", content: jsonContent(StatusCounts) },
    ...faultResponses(400, 401, 403, 404),
  },
});

const listStatistics = userRoute(within("deployments:read"), {
  method: "post",
  path: `${V1}/statistics/list`,
  summary: "Count the devices of several deployments by status",
  tags: ["deployments"],
  middleware: jsonBody(),
  request: { body: { required: true, content: jsonContent(StatisticsQuery) } },
  responses: {
    200: {
      description: "Devices by status for each deployment found",
      content: jsonContent(
        z.union([z.array(z.object({ id: z.string(), stats: StatusCounts })), z.object({}).strict()]),
      ),
    },
    ...faultResponses(400, 401, 403, 404),
  },
});

export function answerPage<T>(c: Context<AppEnv>, page: Page, listed: Listed<T>): T[] {
  setPageHeaders(c, page, listed);
  return listed.items;
}

export function mountReading(app: App): void {
  app.openapi(listV1, async (c) => {
    const query = c.req.valid("query");
    const page = pageOf(query);
    const wanted = { ...wantedOf(query), search: query.search };
    return c.json(answerPage(c, page, await deployments(c.var.deps, userOf(c), wanted, page)), 200);
  });
  app.openapi(listV2, async (c) => {
    const query = c.req.valid("query");
    const page = pageOf(query);
    const wanted = { ...wantedOf(query), ids: query.id, names: query.name };
    const found = await deploymentsNamed(c.var.deps, userOf(c), wanted, query, page);
    return c.json(answerPage(c, page, found), 200);
  });
  app.openapi(listStatistics, async (c) => {
    const { deployment_ids: ids } = c.req.valid("json");
    if (ids.length === 0) return c.json({}, 200);
    return c.json(await statisticsList(c.var.deps, userOf(c), ids), 200);
  });
  app.openapi(show, async (c) => {
    const id = c.req.valid("param").id;
    return c.json(await deployment(c.var.deps, userOf(c), id), 200);
  });
  app.openapi(showStatistics, async (c) => {
    const id = c.req.valid("param").id;
    return c.json(await statistics(c.var.deps, userOf(c), id), 200);
  });
}

export const wantedOf = (query: {
  status: "pending" | "inprogress" | "scheduled" | "finished" | undefined;
  type: "software" | "configuration" | undefined;
  created_before: number | undefined;
  created_after: number | undefined;
  sort: boolean;
}) => ({
  status: query.status,
  type: query.type,
  createdFromMs: query.created_after,
  createdToMs: query.created_before,
  ascending: query.sort,
});
