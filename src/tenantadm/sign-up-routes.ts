import type { Context } from "hono";
import type { App, AppEnv } from "../platform/app-env.ts";
import { PUBLIC, publicRoute, STRANGERS_BODY } from "../platform/route.ts";
import { describeIssues, faultResponses, mediaTypeOf, parseJsonBody } from "../platform/wire.ts";
import { Fault } from "../platform/fault.ts";
import { admitStranger, signUp, SignUp } from "./sign-up.ts";

const LOGIN_PAGE = "/ui/login";

const PATHS = [
  "/api/management/v2/tenantadm/tenants/trial",
  "/api/management/v2/tenantadm/tenants/signup",
] as const;

const routeOf = (path: (typeof PATHS)[number]) =>
  publicRoute({
    method: "post",
    path,
    tags: ["tenantadm"],
    summary: "Open a tenant as a trial; the link in a mail confirms the address",
    request: {
      body: {
        required: true,
        content: {
          "application/json": { schema: SignUp },
          "application/x-www-form-urlencoded": { schema: SignUp },
        },
      },
    },
    responses: {
      202: { description: "The tenant is there; `Location` is the login page" },
      ...faultResponses(400, 401, 405, 409, 415, 429),
    },
  });

async function valuesOf(c: Context<AppEnv>): Promise<unknown> {
  const type = mediaTypeOf(c);
  const text = await c.req.text();
  if (type === "application/x-www-form-urlencoded") return Object.fromEntries(new URLSearchParams(text));
  if (type === "application/json") return parseJsonBody(text);
  throw new Fault("unsupported_media", `unsupported media type ${type}`);
}

/** Both names that the web UI has had for it (protocol notes, tenancy and audit 3). */
export function mountSignUp(app: App): void {
  for (const path of PATHS) {
    app.document(routeOf(path));
    app.plain({ ...PUBLIC, body: STRANGERS_BODY }, ["POST"], path, async (c) => {
      await admitStranger(c.var.deps);
      const input = SignUp.safeParse(await valuesOf(c));
      if (!input.success) throw new Fault("bad_request", describeIssues(input.error.issues));
      await signUp(c.var.deps, input.data);
      return c.body(null, 202, { Location: LOGIN_PAGE });
    });
  }
}
