import { OpenAPIHono, type RouteConfig } from "@hono/zod-openapi";
import type { Context, Handler } from "hono";
import { matchedRoutes } from "hono/route";
import { HTTPException } from "hono/http-exception";
import type { DeviceClaim, OperatorActor, LiveUser } from "./actor.ts";
import type { App, AppEnv, Declaration, Router } from "./app-env.ts";
import { Fault } from "./fault.ts";
import { asTenantId, DEFAULT_TENANT } from "./ids.ts";
import { takeJsonBodies } from "./json-route.ts";
import { makeLog } from "./log.ts";
import { permissionsTold, type Access, type DeclaredRoute } from "./route.ts";
import { refuseInvalid } from "./wire.ts";

const JSON_TYPE = "application/json; charset=utf-8";

/** Some texts quote what was sent, which may be of any length. */
const MAX_FAULT_TEXT = 4096;

/** The wire's error body with the request id; anything that is not a `Fault` tells the log and not the client. */
export function faultResponse(c: Context<AppEnv>, cause: unknown): Response {
  const fault = asFault(cause);
  const requestId = c.var.requestId;
  const headers = new Headers({ "X-MEN-RequestID": requestId, ...fault?.detail.headers });
  if (!fault) {
    // There are no dependencies where the settings or keys of the deployment are at fault.
    const log = c.var.deps?.log ?? makeLog({ request_id: requestId });
    const request = { path: c.req.path, method: c.req.method };
    if (isHangUp(c, cause)) log.info("client went away", request);
    else log.error("request failed", { ...request, cause });
    headers.set("Content-Type", JSON_TYPE);
    return new Response(JSON.stringify({ error: "internal error", request_id: requestId }), {
      status: 500,
      headers,
    });
  }
  if (fault.detail.empty) {
    headers.set("Content-Length", "0");
    return new Response(null, { status: fault.status, headers });
  }
  headers.set("Content-Type", JSON_TYPE);
  const body = fault.detail.body ?? {
    error: fault.publicMessage.slice(0, MAX_FAULT_TEXT),
    ...fault.detail.extra,
    request_id: requestId,
  };
  return new Response(JSON.stringify(body), { status: fault.status, headers });
}

/** The same for what is refused before there is a context. */
export const bareRefusal = ({ status, publicMessage, detail }: Fault, requestId: string): Response =>
  new Response(JSON.stringify({ error: publicMessage, request_id: requestId }), {
    status,
    headers: { "X-MEN-RequestID": requestId, ...detail.headers, "Content-Type": JSON_TYPE },
  });

/** How the runtime words that nobody waits for the answer any more. */
const WENT_AWAY = /client disconnected|disconnected prematurely|abortRead\(\)|ECONNRESET/i;

const isHangUp = (c: Context<AppEnv>, cause: unknown): boolean =>
  c.req.raw.signal.aborted || (cause instanceof Error && WENT_AWAY.test(cause.message));

function asFault(cause: unknown): Fault | undefined {
  if (cause instanceof Fault) return cause;
  // The framework's own refusals are about request syntax only.
  if (cause instanceof HTTPException && cause.status < 500)
    return new Fault("bad_request", "malformed request");
  return undefined;
}

/** Middleware is there for all methods; the first that is not is the route that is to answer. */
const placeOfRoute = (c: Context<AppEnv>): number =>
  matchedRoutes(c).findIndex(({ method }) => method !== "ALL");

/** The parameters of the path as the router will give them to the route that is to answer. */
export function paramsOf(c: Context<AppEnv>): Record<string, string> {
  const { req } = c;
  const here = req.routeIndex;
  req.routeIndex = placeOfRoute(c);
  const params = req.param();
  req.routeIndex = here;
  return params;
}

/** What is mounted, by method and path. */
class Declarations {
  readonly #all = new Map<string, Declaration>();

  add(method: string, path: string, access: Access): void {
    const key = `${method.toUpperCase()} ${path}`;
    if (!this.#all.has(key)) this.#all.set(key, { method: method.toUpperCase(), path, access });
  }

  all = (): readonly Declaration[] => [...this.#all.values()];

  of = (c: Context<AppEnv>): Access | undefined => {
    const route = matchedRoutes(c)[placeOfRoute(c)];
    if (!route) return undefined;
    const declared = this.#all.get(`${route.method} ${route.path}`);
    if (!declared) throw new Error(`${route.method} ${route.path} does not say who may call it`);
    return declared.access;
  };
}

export function newApp(): App {
  const router: Router = takeJsonBodies(new OpenAPIHono<AppEnv>({ defaultHook: refuseInvalid() }));
  const declarations = new Declarations();
  const serve = router.openapi as (...route: unknown[]) => unknown; // its generics are for the handlers' sake and say nothing here
  return Object.assign(router, {
    openapi({ access, feature, body, ...route }: DeclaredRoute, ...rest: unknown[]) {
      const declared = { ...access, ...(feature && { feature }), ...(body && { body }) };
      declarations.add(route.method, route.path.replaceAll(/\{(\w+)\}/g, ":$1"), declared);
      serve({ ...route, ...permissionsTold(access) }, ...rest);
    },
    document(described: RouteConfig & Partial<DeclaredRoute>) {
      const { access: _, feature: __, body: ___, ...route } = described;
      router.openAPIRegistry.registerPath(route);
    },
    plain(access: Access, methods: string[], path: string, ...handlers: Handler<AppEnv>[]) {
      for (const method of methods) declarations.add(method, path, access);
      router.on(methods, [path], ...handlers);
    },
    declarations: declarations.all,
    accessOf: declarations.of,
  }) as unknown as App; // narrower on purpose: a bare route has no way in
}

/** The user of a request on a user route. */
export function userOf(c: Context<AppEnv>): LiveUser {
  const caller = c.var.caller;
  if (caller?.kind !== "user") throw new Error("this route is not listed as a user route");
  return caller;
}

/** The device of a request on a device route; pass it to `asLiveDevice` before acting for it. */
export function deviceClaimOf(c: Context<AppEnv>): DeviceClaim {
  const caller = c.var.caller;
  if (caller?.kind !== "device-claim") throw new Error("this route is not listed as a device route");
  return caller;
}

/** The operator acting in the tenant that the path names; an empty segment or `default` is the default tenant. */
export function operatorOf(c: Context<AppEnv>, tenant?: string): OperatorActor {
  const caller = c.var.caller;
  if (caller?.kind !== "operator") throw new Error("this route is not listed as an operator route");
  return { kind: "operator", tenant: tenant ? asTenantId(tenant) : DEFAULT_TENANT };
}
