import { systemNow } from "../platform/clock.ts";
import type { Context, MiddlewareHandler } from "hono";
import type { App, AppEnv } from "../platform/app-env.ts";
import { inEachDatabase } from "../platform/apart.ts";
import { bareRefusal, faultResponse, newApp } from "../platform/app.ts";
import { makeDeps } from "../app/make-deps.ts";
import type { Env } from "../platform/env.ts";
import { Fault } from "../platform/fault.ts";
import { HTTP } from "../platform/limits.ts";
import { requireFeature } from "../platform/plans.ts";
import { PUBLIC, admitted, type Access } from "../platform/route.ts";
import { makeLater, type Later } from "../platform/later.ts";
import { drainOutbox } from "../platform/send-events.ts";
import { authenticateDevice, authenticateOperator, authenticateUser } from "../platform/access.ts";
import { answerHeaders } from "./answer-headers.ts";
import { networkOfClient } from "./client-network.ts";
import { originOfClient } from "./client-origin.ts";
import { shareDatabase } from "./fair-database.ts";
import { readReplicas } from "./read-replicas.ts";
import { costHeaders } from "./cost.ts";
import { mountDocumentation } from "./documentation.ts";
import { mountConsolePages } from "./console.ts";
import { mountIcon } from "./pages.ts";
import { findUser } from "../useradm/index.ts";
import { mountDomains } from "../app/domains.ts";
import { countUsage } from "./usage.ts";
import { mountProbes } from "./probes.ts";
import { takeBody } from "./body.ts";
import { callsOf, holdHerd, holdWork } from "./rate-limit.ts";
import { answerIdleCheck, isCheck } from "./idle-check.ts";
import { methodsOf, servedUnder } from "./method-index.ts";
import { measure, measureEarly, mountMetrics } from "./measure.ts";
import { demandPathTenant } from "./path-tenant.ts";
import { keepWithin, requireAsked } from "./keep-within.ts";
import { answerSameReport, isReport } from "./same-report.ts";
import { answerKnownDevice, isAuthentication } from "./known-device.ts";
import { requestIdOf } from "./request-id.ts";
import { mountTools } from "./tools/mcp.ts";
import { mountVerify } from "./verify-route.ts";
import { mountVerifyUser } from "./verify-user-route.ts";

export interface GatewayOptions {
  /** The clock; tests hold it still. */
  now?: () => number;
  /** What is to be done after a while; tests do it when their clock is there. */
  after?: Later["after"];
}

const identify =
  (options: GatewayOptions): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    c.set("requestId", requestIdOf(c.req.raw.headers));
    c.set(
      "deps",
      await makeDeps(c.env, {
        requestId: c.var.requestId,
        origin: await originOfClient(c.req.raw, c.env, c.executionCtx),
        later: (work) => c.executionCtx.waitUntil(work),
        network: networkOfClient(c.req.raw, c.env, c.executionCtx),
        after: options.after,
        now: options.now,
      }),
    );
    c.var.deps.cost.objectCalls += callsOf.get(c.req.raw) ?? 0;
    await next();
    c.header("X-MEN-RequestID", c.var.requestId);
  };

const notFound = () => new Fault("not_found", "not found");

async function callerOf(c: Context<AppEnv>, access: Access): Promise<AppEnv["Variables"]["caller"]> {
  if (access.caller === "user") {
    const user = await authenticateUser(c, findUser);
    const query = new URL(c.req.url).search;
    const actor = admitted(user, access, { method: c.req.method, path: c.req.path, query });
    requireFeature(c.var.deps.settings.PLANS, user.subscription, access.feature);
    keepWithin(c, actor, access);
    return actor;
  }
  if (access.caller === "operator") {
    const operator = authenticateOperator(c);
    await demandPathTenant(c);
    return operator;
  }
  if (access.caller !== "device") return undefined;
  const device = await authenticateDevice(c);
  requireFeature(c.var.deps.settings.PLANS, device.subscription, access.feature);
  return device;
}

/** By the route that is to answer; of a path that takes other methods, whoever these are for is told so. */
function accessTo(app: App, c: Context<AppEnv>): Access {
  const access = app.accessOf(c);
  if (access) return access;
  const [other] = servedUnder(app, c.req.path);
  if (!other) throw notFound();
  return other.access.caller === "user" ? { caller: "user", needs: "basic" } : other.access;
}

const admit =
  (app: App): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    const access = accessTo(app, c);
    c.set("access", access);
    c.set("caller", await callerOf(c, access));
    await next();
    requireAsked(c);
  };

const reportCost: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  if (!c.var.deps.settings.LOCAL) return;
  for (const [name, value] of Object.entries(costHeaders(c.var.deps.cost))) c.header(name, value);
};

/** Changes leave their events in the outbox; sending them does not hold up the answer. */
const sendEvents: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  const deps = c.var.deps;
  const { eventsIn } = deps.cost;
  if (eventsIn.size === 0) return;
  const drained = inEachDatabase(
    deps,
    async ({ db }) => {
      await drainOutbox(deps, db.uncounted());
    },
    ({ d1 }) => eventsIn.has(d1),
  );
  deps.later(drained.catch((cause: unknown) => deps.log.error("outbox not drained", { cause })));
};

function answerUnmatched(app: App) {
  return (c: Context<AppEnv>): Response => {
    const methods = methodsOf(app, c.req.path);
    if (methods.length === 0) return faultResponse(c, notFound());
    if (c.req.method === "OPTIONS") {
      const response = new Response(null, { status: 200, headers: { "X-MEN-RequestID": c.var.requestId } });
      for (const method of [...methods, "OPTIONS"]) response.headers.append("Allow", method);
      return response;
    }
    return faultResponse(c, new Fault("method_not_allowed", "method not allowed"));
  };
}

/** The whole server as one app: identify, admit, route, answer. */
export function makeGateway(options: GatewayOptions = {}): App {
  const app = newApp();
  app.onError((cause, c) => {
    const response = faultResponse(c, cause);
    const emptyBody = response.status === 401 && c.var.access?.caller === "device";
    return emptyBody ? faultResponse(c, new Fault("unauthorized", "", { empty: true })) : response;
  });
  app.notFound(answerUnmatched(app));
  app.use(answerHeaders, identify(options), measure, reportCost, sendEvents, countUsage, admit(app));
  app.use(holdHerd, takeBody, holdWork, readReplicas, shareDatabase);
  app.plain(PUBLIC, ["GET"], "/healthz", (c) => c.text("OK"));
  mountProbes(app);
  mountMetrics(app);
  mountDomains(app);
  mountVerify(app);
  mountVerifyUser(app);
  mountTools(app);
  mountDocumentation(app);
  mountIcon(app);
  mountConsolePages(app);
  return app;
}

const EMPTY_TENANT = /^(\/api\/internal\/v\d\w*\/[\w-]+\/tenants?)\/\//;

/** Undoes what routers of the original tolerate: an empty tenant segment, a trailing slash. */
function normalise(request: Request): Request | Response {
  const url = new URL(request.url);
  const tenantPath = url.pathname.replace(EMPTY_TENANT, "$1/default/");
  if (tenantPath !== url.pathname) {
    url.pathname = tenantPath;
    return new Request(url, request);
  }
  if (url.pathname.startsWith("/api/") && url.pathname.endsWith("/") && !url.pathname.endsWith("//")) {
    const location = url.pathname.replace(/\/+$/, "") + url.search;
    return new Response(null, {
      status: request.method === "GET" ? 301 : 307,
      headers: { Location: location, "X-MEN-RequestID": requestIdOf(request.headers) },
    });
  }
  return request;
}

/** The address of a request is put together from its `Host`, which may be anything. */
const malformedHost = ({ headers }: Request): Response =>
  bareRefusal(new Fault("bad_request", "malformed Host header"), requestIdOf(headers));

const longAddress = ({ headers }: Request): Response =>
  bareRefusal(new Fault("address_too_long", "the address is too long"), requestIdOf(headers));

type EarlyAnswer = typeof answerIdleCheck;

export function makeFetch(options: GatewayOptions = {}) {
  const app = makeGateway(options);
  const { now = systemNow, after } = options;
  const early = async (answer: EarlyAnswer, request: Request, env: Env, ctx: ExecutionContext) => {
    const later = { ...makeLater((work) => ctx.waitUntil(work)), ...(after && { after }) };
    const network = networkOfClient(request, env, ctx);
    const began = { beganMs: now(), now, later, network };
    const answered = await answer(request, env, began);
    if (!(answered instanceof Response)) return app.fetch(answered, env, ctx);
    measureEarly(env, request.url, answered.status, began);
    return answered;
  };
  return (request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response> => {
    if (request.url.length > HTTP.urlBytes) return longAddress(request);
    if (!URL.canParse(request.url)) return malformedHost(request);
    if (isCheck(request.url)) return early(answerIdleCheck, request, env, ctx);
    if (isReport(request)) return early(answerSameReport, request, env, ctx);
    if (isAuthentication(request)) return early(answerKnownDevice, request, env, ctx);
    const target = normalise(request);
    return target instanceof Response ? target : app.fetch(target, env, ctx);
  };
}
