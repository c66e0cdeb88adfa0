import type { UserActor } from "../platform/actor.ts";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../platform/wire.ts";
import { demandSecondFactorStatement, secondFactorRuleStatement } from "../tenants/index.ts";
import { SignInRules } from "./schema.ts";

const PATH = "/api/management/v1/useradm/settings/sign-in";
const tags = ["useradm extensions"];

const read = userRoute("basic", {
  method: "get",
  path: PATH,
  tags,
  summary: "Get what the tenant demands of whoever signs in",
  responses: { 200: { description: "The rules", content: jsonContent(SignInRules) }, ...faultResponses(401) },
});

const write = userRoute("settings:manage", {
  method: "put",
  path: PATH,
  tags,
  summary:
    "Set what the tenant demands of whoever signs in; holds from the next request on, of old tokens too",
  middleware: jsonBody(),
  request: { body: { required: true, content: jsonContent(SignInRules) } },
  responses: { 204: { description: "Set" }, ...faultResponses(400, 401, 403, 415) },
});

async function demandSecondFactor(deps: Deps, actor: UserActor, isDemanded: boolean): Promise<void> {
  const object = { type: "settings", id: actor.tenant };
  const entry = { action: "update", object, change: `require_2fa: ${isDemanded}` };
  await deps.directory.batch([
    demandSecondFactorStatement(actor.tenant, isDemanded),
    addAuditIfChanged(actor, entry, deps.now()),
  ]);
}

export function mountSignInRules(app: App): void {
  app.openapi(read, async (c) => {
    const isDemanded = await c.var.deps.directory.one(secondFactorRuleStatement(userOf(c).tenant));
    return c.json({ require_2fa: isDemanded }, 200);
  });

  app.openapi(write, async (c) => {
    await demandSecondFactor(c.var.deps, userOf(c), c.req.valid("json").require_2fa);
    return c.body(null, 204);
  });
}
