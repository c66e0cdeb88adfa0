import { z } from "@hono/zod-openapi";
import { userOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { pageOf, pageQuery } from "../../platform/paging.ts";
import { userRoute, within } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid } from "../../platform/wire.ts";
import { NewTemplate, Template, TemplateUse } from "../templates/schema.ts";
import {
  createTemplate,
  deployTemplate,
  removeTemplate,
  replaceTemplate,
  template,
  templates,
} from "../templates/templates.ts";
import { idempotencyKey, idempotencyHeaders } from "./create.ts";
import { answerPage } from "./queries.ts";

const TEMPLATES = "/api/management/v1/deployments/rollouts/templates";
const DEPLOYMENTS = "/api/management/v1/deployments/deployments";

const BODY = "Validating request body: ";

const tags = ["rollouts"];
const params = z.object({ id: z.string().max(64) });
const body = { required: true, content: jsonContent(NewTemplate) };
const feature = "deployments_v2" as const;

const list = userRoute(within("deployments:read"), {
  method: "get",
  path: TEMPLATES,
  feature,
  summary: "List templates of deployments",
  tags,
  request: { query: z.object(pageQuery()) },
  responses: {
    200: { description: "A page by name", content: jsonContent(z.array(Template)) },
    ...faultResponses(400, 401, 403),
  },
});

const show = userRoute(within("deployments:read"), {
  method: "get",
  path: `${TEMPLATES}/{id}`,
  feature,
  summary: "Show a template",
  tags,
  request: { params },
  responses: {
    200: { description: "The template", content: jsonContent(Template) },
    ...faultResponses(400, 401, 403, 404),
  },
});

const create = userRoute("deployments:manage", {
  method: "post",
  path: TEMPLATES,
  feature,
  summary: "Make a template",
  tags,
  middleware: jsonBody(BODY),
  request: { body },
  responses: {
    201: { description: "Created; `Location` names it" },
    ...faultResponses(400, 401, 403, 409),
  },
});

const replace = userRoute("deployments:manage", {
  method: "put",
  path: `${TEMPLATES}/{id}`,
  feature,
  summary: "Replace a template",
  tags,
  middleware: jsonBody(BODY),
  request: { params, body },
  responses: { 204: { description: "Replaced" }, ...faultResponses(400, 401, 403, 404, 409) },
});

const remove = userRoute("deployments:manage", {
  method: "delete",
  path: `${TEMPLATES}/{id}`,
  feature,
  summary: "Remove a template",
  tags,
  request: { params },
  responses: { 204: { description: "Removed" }, ...faultResponses(400, 401, 403, 404) },
});

const deploy = userRoute(within("deployments:manage"), {
  method: "post",
  path: `${TEMPLATES}/{id}/deploy`,
  feature,
  summary: "Create a deployment from a template; members given here go before its own",
  tags,
  middleware: jsonBody(BODY),
  request: {
    params,
    headers: idempotencyHeaders,
    body: { required: true, content: jsonContent(TemplateUse) },
  },
  responses: {
    201: { description: "Created; `Location` names it" },
    ...faultResponses(400, 401, 403, 404, 409, 422),
  },
});

export function mountTemplates(app: App): void {
  app.openapi(list, async (c) => {
    const page = pageOf(c.req.valid("query"));
    return c.json(answerPage(c, page, await templates(c.var.deps, userOf(c), page)), 200);
  });
  app.openapi(show, async (c) => c.json(await template(c.var.deps, userOf(c), c.req.valid("param").id), 200));
  app.openapi(
    create,
    async (c) => {
      const id = await createTemplate(c.var.deps, userOf(c), c.req.valid("json"));
      c.header("Location", `${TEMPLATES}/${id}`);
      return c.body(null, 201);
    },
    refuseInvalid(BODY),
  );
  app.openapi(
    replace,
    async (c) => {
      await replaceTemplate(c.var.deps, userOf(c), c.req.valid("param").id, c.req.valid("json"));
      return c.body(null, 204);
    },
    refuseInvalid(BODY),
  );
  app.openapi(remove, async (c) => {
    await removeTemplate(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
  app.openapi(
    deploy,
    async (c) => {
      const { id } = await deployTemplate(c.var.deps, userOf(c), c.req.valid("param").id, {
        use: c.req.valid("json"),
        idempotencyKey: idempotencyKey(c),
      });
      c.header("Location", `${DEPLOYMENTS}/${id}`);
      return c.body(null, 201);
    },
    refuseInvalid(BODY),
  );
}
