import { z, type Hook, type RouteConfig } from "@hono/zod-openapi";
import type { Context, Handler } from "hono";
import type { AppEnv, JsonBody, Router } from "./app-env.ts";
import { withMembers, type MemberRules } from "./json-members.ts";
import { Fault } from "./fault.ts";
import { absentBody, describeIssues, readJsonBody } from "./wire.ts";

type Route = RouteConfig & { hide?: boolean };
type RouteHook = Hook<object, AppEnv, string, undefined>;

interface BodyRules<T extends object> extends MemberRules {
  schema: z.ZodType<T>;
  required: boolean;
}

const DEVICE_PATH = /^\/api\/devices\//;

/** What a route says of its JSON body; undefined for routes that read theirs themselves. */
function rulesOf({ path, request }: Route): BodyRules<object> | undefined {
  const content = request?.body?.content["application/json"];
  const schema = content && "schema" in content ? content.schema : undefined;
  if (!(schema instanceof z.ZodType)) return undefined;
  // Every body is an object or a list.
  const body = schema as z.ZodType<object>;
  return { schema: body, required: request?.body?.required ?? false, foldCase: DEVICE_PATH.test(path) };
}

/** The value a schema is to see; of an optional body that is absent or `null` an object without members. */
function valueFor(body: JsonBody, rules: BodyRules<object>): unknown {
  if (body.isAbsent && rules.required) throw absentBody(body.prefix);
  const value = rules.required ? body.value : (body.value ?? {});
  return withMembers(rules.schema, value, rules);
}

/** The JSON body of a request by the rules of its route; the hook, as any other, throws at what is invalid. */
export async function takeJson<T extends object>(
  c: Context<AppEnv>,
  rules: BodyRules<T>,
  hook?: RouteHook,
): Promise<T> {
  const body = c.var.jsonBody ?? (await readJsonBody(c));
  const result = await rules.schema.safeParseAsync(valueFor(body, rules));
  if (result.success) return result.data;
  hook?.({ ...result, target: "json" }, c);
  throw new Fault("bad_request", describeIssues(result.error.issues));
}

/**
 * Has every route with a JSON body take it in one way. The framework's own validator would take a body that is absent for
 * an object without members, refuse one that may be absent, and know no rules for members.
 */
export function takeJsonBodies(app: Router): Router {
  const register = app.openapi;
  const take = (route: Route, handler: Handler<AppEnv>, hook?: RouteHook) => {
    const rules = rulesOf(route);
    if (!rules) return register(route, handler, hook);
    if (!route.hide) app.openAPIRegistry.registerPath(route);
    const { body: _, ...request } = route.request ?? {};
    const validated: Handler<AppEnv> = async (c, next) => {
      c.req.addValidatedData("json", await takeJson(c, rules, hook));
      return handler(c, next);
    };
    return register({ ...route, request, hide: true }, validated, hook);
  };
  app.openapi = take as typeof app.openapi; // its generics are for the handlers' sake and say nothing here
  return app;
}
