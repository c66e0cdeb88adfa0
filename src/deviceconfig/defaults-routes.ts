import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { pageOf, pageQuery, setPageHeaders } from "../platform/paging.ts";
import { ofGroup, userRoute, within } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid } from "../platform/wire.ts";
import { getDefaults, listDefaults, removeDefaults, setDefaults, type Defaults } from "./defaults.ts";
import type { Source } from "./defaults-store.ts";
import { deployToMembers } from "./deploy.ts";
import {
  Configuration,
  DefaultConfiguration,
  DeployToMembersRequest,
  Priority,
  StartedRunBody,
} from "./schema.ts";

const tags = ["deviceconfig"];
const middleware = jsonBody("malformed request body: ");

const toWire = (kind: Source["kind"], { id, priority, ...rest }: Defaults) =>
  kind === "group" ? { group: id, ...rest } : { filter: id, priority, ...rest };

const CONFIGURE = "devices:configure";

/** The same routes for groups, which are known by name, and for saved filters, known by id. */
const routesOf = (kind: Source["kind"]) => {
  const list = `/api/management/v1/deviceconfig/configurations/${kind}` as const;
  const path = `${list}/{id}` as const;
  const params = z.object({ id: z.string().min(1).max(256) });
  // A saved filter finds devices of all groups, so that its values are for those alone who may configure all.
  const one = kind === "group" ? ofGroup("devices:configure", "id") : CONFIGURE;
  const some = kind === "group" ? within(CONFIGURE) : CONFIGURE;
  return {
    list: userRoute(some, {
      feature: "configuration",
      method: "get",
      path: list,
      summary: `Configurations by ${kind} (extension)`,
      tags,
      request: { query: z.object(pageQuery()) },
      responses: {
        200: { description: "In the order of names", content: jsonContent(z.array(DefaultConfiguration)) },
        ...faultResponses(400, 401, 403),
      },
    }),
    get: userRoute(one, {
      feature: "configuration",
      method: "get",
      path,
      summary: `Values for all devices of a ${kind} (extension)`,
      tags,
      request: { params },
      responses: {
        200: { description: "Values", content: jsonContent(DefaultConfiguration) },
        ...faultResponses(401, 403, 404),
      },
    }),
    put: userRoute(one, {
      feature: "configuration",
      method: "put",
      path,
      summary: `Set values for all devices of a ${kind}, without deploying them (extension)`,
      tags,
      middleware,
      request: {
        params,
        query: z.object({ priority: Priority }),
        body: { required: true, content: jsonContent(Configuration) },
      },
      responses: { 204: { description: "Set" }, ...faultResponses(400, 401, 403, 404, 413, 415, 422) },
    }),
    remove: userRoute(one, {
      feature: "configuration",
      method: "delete",
      path,
      summary: `Forget the values of a ${kind} (extension)`,
      tags,
      request: { params },
      responses: { 204: { description: "Gone" }, ...faultResponses(401, 403, 404) },
    }),
    deploy: userRoute(one, {
      feature: "configuration",
      method: "post",
      path: `${path}/deploy`,
      summary: `Deploy what is wanted of the devices of a ${kind} to those that do not have it (extension)`,
      tags,
      middleware,
      request: { params, body: { content: jsonContent(DeployToMembersRequest) } },
      responses: {
        202: {
          description: "Each of them will get a deployment of its own",
          content: jsonContent(StartedRunBody),
        },
        ...faultResponses(400, 401, 403, 404, 415),
      },
    }),
  };
};

export function mountDefaults(app: App): void {
  for (const kind of ["group", "filter"] as const) mountSource(app, kind);
}

function mountSource(app: App, kind: Source["kind"]): void {
  const routes = routesOf(kind);
  app.openapi(routes.list, async (c) => {
    const page = pageOf(c.req.valid("query"));
    const { defaults, hasNext } = await listDefaults(c.var.deps, userOf(c), kind, page);
    setPageHeaders(c, page, { hasNext });
    return c.json(
      defaults.map((one) => toWire(kind, one)),
      200,
    );
  });
  app.openapi(routes.get, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(toWire(kind, await getDefaults(c.var.deps, userOf(c), { kind, id })), 200);
  });
  app.openapi(routes.put, async (c) => {
    const { id } = c.req.valid("param");
    const { priority } = c.req.valid("query");
    await setDefaults(c.var.deps, userOf(c), { kind, id }, { values: c.req.valid("json"), priority });
    return c.body(null, 204);
  });
  app.openapi(routes.remove, async (c) => {
    await removeDefaults(c.var.deps, userOf(c), { kind, id: c.req.valid("param").id });
    return c.body(null, 204);
  });
  app.openapi(
    routes.deploy,
    async (c) => {
      const source = { kind, id: c.req.valid("param").id };
      return c.json(await deployToMembers(c.var.deps, userOf(c), source, c.req.valid("json")), 202);
    },
    refuseInvalid("invalid request body: "),
  );
}
