import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { bearerToken, isOperator, userOfToken } from "../platform/access.ts";
import type { LiveUser } from "../platform/actor.ts";
import type { App, AppEnv, Declaration } from "../platform/app-env.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { forbidden, hasPermission, PERMISSIONS } from "../platform/permissions.ts";
import { requireFeature } from "../platform/plans.ts";
import { rightsAt, type Address } from "../platform/rights.ts";
import { admitted, publicRoute } from "../platform/route.ts";
import { faultResponses } from "../platform/wire.ts";
import { findUser } from "../useradm/index.ts";
import { requireWithin } from "./keep-within.ts";
import { servedUnder } from "./method-index.ts";

const verifyRoute = (method: "get" | "post") =>
  publicRoute({
    method,
    path: "/api/internal/v1/useradm/auth/verify",
    tags: ["useradm internal"],
    summary:
      "Check the user token in `Authorization` or the cookie `JWT`, and its right to what is forwarded",
    description:
      "For gateways that ask before they forward. Exists only where the operator token is configured. An address that this server does not have is for users with every permission, and for those whose permission set names it.",
    request: {
      headers: z.object({
        "x-forwarded-uri": z.string().optional(),
        "x-forwarded-method": z.string().optional(),
      }),
    },
    responses: {
      200: { description: "The token is live and may" },
      ...faultResponses(400, 401, 402, 403, 404),
    },
  });

/** The user's token, from the cookie where `Authorization` holds the operator's. */
function tokenToVerify(c: Context<AppEnv>): string {
  const cookie = getCookie(c, "JWT");
  const isOperators = c.req.header("authorization") !== undefined && isOperator(c);
  return isOperators && cookie !== undefined ? cookie : bearerToken(c, true);
}

/** What the gateway is about to forward, in the spelling in which this server would be asked. */
function forwardedTo(c: Context<AppEnv>): Address {
  const [uri, method] = [c.req.header("x-forwarded-uri"), c.req.header("x-forwarded-method")];
  if (!uri || !method) throw new Fault("bad_request", "X-Forwarded-Uri and X-Forwarded-Method must be set");
  if (!URL.canParse(uri, "http://forwarded"))
    throw new Fault("bad_request", "X-Forwarded-Uri must be an address");
  const { pathname, search } = new URL(uri, "http://forwarded");
  return { method: method.toUpperCase(), path: pathname, query: search };
}

function paramsIn({ path: pattern }: Declaration, path: string): Record<string, string> {
  const segments = path.split("/");
  return Object.fromEntries(
    pattern
      .split("/")
      .flatMap((name, i) => (name.startsWith(":") ? [[name.slice(1), decoded(segments[i] ?? "")]] : [])),
  );
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

async function requireRight(app: App, deps: Deps, user: LiveUser, address: Address): Promise<void> {
  const route = servedUnder(app, address.path).find(({ method }) => method === address.method);
  if (route?.access.caller === "public") return;
  if (route?.access.caller !== "user") {
    const there = { ...user, rights: rightsAt(user.rights, PERMISSIONS, address) };
    if (!PERMISSIONS.every((one) => hasPermission(there, one))) throw forbidden();
    return;
  }
  const actor = admitted(user, route.access, address);
  requireFeature(deps.settings.PLANS, user.subscription, route.access.feature);
  const { path } = address;
  await requireWithin(deps, actor, route.access, { path, params: () => paramsIn(route, path) });
}

/** The check every user route makes, for those outside. */
export function mountVerifyUser(app: App): void {
  for (const method of ["get", "post"] as const) {
    app.openapi(verifyRoute(method), async (c) => {
      const { deps } = c.var;
      if (!deps.settings.OPERATOR_TOKEN) throw new Fault("not_found", "not found");
      const token = tokenToVerify(c);
      const address = forwardedTo(c);
      await requireRight(app, deps, await userOfToken(deps, token, findUser), address);
      return c.body(null, 200);
    });
  }
}
