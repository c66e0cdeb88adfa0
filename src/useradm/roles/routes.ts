import { z } from "@hono/zod-openapi";
import { userOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { pageOf, pageQuery, setPageHeaders } from "../../platform/paging.ts";
import { userRoute } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../../platform/wire.ts";
import { createDefined, getDefined, listDefined, removeDefined, replaceDefined } from "./roles.ts";
import { NewPermissionSet, NewRole, PermissionSetObject, RoleObject } from "./schema.ts";

const V1 = "/api/management/v1/useradm/roles";
const V2 = "/api/management/v2/useradm/roles";
const SETS = "/api/management/v2/useradm/permission_sets";
const tags = ["useradm"];
const params = z.object({ id: z.string().openapi({ description: "Its name" }) });

interface Form<Written extends z.ZodType, Answered extends z.ZodType> {
  path: string;
  word: string;
  written: Written;
  answered: Answered;
  perPage: number;
}

const readRoutes = <W extends z.ZodType, A extends z.ZodType>(form: Form<W, A>) => ({
  list: userRoute("basic", {
    feature: "rbac",
    method: "get",
    path: form.path,
    tags,
    summary: `List ${form.word}s, the built-in ones first`,
    request: { query: z.object(pageQuery(form.perPage)) },
    responses: {
      200: { description: "A page", content: jsonContent(z.array(form.answered)) },
      ...faultResponses(400, 401),
    },
  }),
  get: userRoute("basic", {
    feature: "rbac",
    method: "get",
    path: `${form.path}/{id}`,
    tags,
    summary: `Get a ${form.word}`,
    request: { params },
    responses: {
      200: { description: "It", content: jsonContent(form.answered) },
      ...faultResponses(401, 404),
    },
  }),
});

const writeRoutes = <W extends z.ZodType, A extends z.ZodType>(form: Form<W, A>) => {
  const body = { required: true, content: jsonContent(form.written) } as const;
  const responses = { 204: { description: "Gone, or never there" }, ...faultResponses(401, 403, 422) };
  return {
    create: userRoute("users:manage", {
      feature: "rbac",
      method: "post",
      path: form.path,
      tags,
      summary: `Create a ${form.word}`,
      middleware: jsonBody(),
      request: { body },
      responses: { 201: { description: "Created" }, ...faultResponses(400, 401, 403, 409, 415, 422) },
    }),
    replace: userRoute("users:manage", {
      feature: "rbac",
      method: "put",
      path: `${form.path}/{id}`,
      tags,
      summary: `Replace a ${form.word}; it keeps its name`,
      middleware: jsonBody(),
      request: { params, body },
      responses: {
        200: { description: "Replaced" },
        202: { description: "Replaced, by the first version" },
        ...faultResponses(400, 401, 403, 404, 415, 422),
      },
    }),
    remove: userRoute("users:manage", {
      feature: "rbac",
      method: "delete",
      path: `${form.path}/{id}`,
      tags,
      summary: `Remove a ${form.word}; who holds it has no rights by it`,
      request: { params },
      responses,
    }),
  };
};

const ROLE = { word: "role", written: NewRole, answered: RoleObject };
const FIRST_VERSION = { ...ROLE, path: V1, perPage: 500 };
const SECOND_VERSION = { ...ROLE, path: V2, perPage: 20 };
const SET = {
  path: SETS,
  word: "permission set",
  written: NewPermissionSet,
  answered: PermissionSetObject,
  perPage: 20,
};

function mountRoles(app: App): void {
  for (const form of [FIRST_VERSION, SECOND_VERSION]) {
    const [{ list, get }, { create, replace, remove }] = [readRoutes(form), writeRoutes(form)];
    const isFirst = form === FIRST_VERSION;

    app.openapi(list, async (c) => {
      const page = pageOf(c.req.valid("query"));
      const { found, hasNext } = await listDefined(c.var.deps, userOf(c), "roles", page);
      setPageHeaders(c, page, { hasNext });
      return c.json(found, 200);
    });

    app.openapi(get, async (c) =>
      c.json(await getDefined(c.var.deps, userOf(c), "roles", c.req.valid("param").id), 200),
    );

    app.openapi(create, async (c) => {
      const role = c.req.valid("json");
      await createDefined(c.var.deps, userOf(c), "roles", role);
      if (isFirst) c.header("Location", `${V1}/${encodeURIComponent(role.name)}`);
      return c.body(null, 201);
    });

    app.openapi(replace, async (c) => {
      const { id } = c.req.valid("param");
      await replaceDefined(c.var.deps, userOf(c), "roles", [id, c.req.valid("json")]);
      return c.body(null, isFirst ? 202 : 200);
    });

    app.openapi(remove, async (c) => {
      await removeDefined(c.var.deps, userOf(c), "roles", c.req.valid("param").id);
      return c.body(null, 204);
    });
  }
}

function mountSets(app: App): void {
  const [{ list, get }, { create, replace, remove }] = [readRoutes(SET), writeRoutes(SET)];

  app.openapi(list, async (c) => {
    const page = pageOf(c.req.valid("query"));
    const { found, hasNext } = await listDefined(c.var.deps, userOf(c), "permission_sets", page);
    setPageHeaders(c, page, { hasNext });
    return c.json(found, 200);
  });

  app.openapi(get, async (c) =>
    c.json(await getDefined(c.var.deps, userOf(c), "permission_sets", c.req.valid("param").id), 200),
  );

  app.openapi(create, async (c) => {
    await createDefined(c.var.deps, userOf(c), "permission_sets", c.req.valid("json"));
    return c.body(null, 201);
  });

  app.openapi(replace, async (c) => {
    const { id } = c.req.valid("param");
    await replaceDefined(c.var.deps, userOf(c), "permission_sets", [id, c.req.valid("json")]);
    return c.body(null, 200);
  });

  app.openapi(remove, async (c) => {
    await removeDefined(c.var.deps, userOf(c), "permission_sets", c.req.valid("param").id);
    return c.body(null, 204);
  });
}

export function mountRolesAndSets(app: App): void {
  mountRoles(app);
  mountSets(app);
}
