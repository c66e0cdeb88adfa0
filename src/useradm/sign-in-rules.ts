import type { UserActor } from "../platform/actor.ts";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../platform/wire.ts";
import {
  demandSecondFactorStatement,
  secondFactorRuleStatement,
  type SecondFactorRule,
} from "../tenants/index.ts";
import { SignInRules } from "./sign-in-schema.ts";

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

/** Takes effect at once, also on what is open in the name of users without a second factor. */
async function demandSecondFactor(deps: Deps, actor: UserActor, rule: SecondFactorRule): Promise<void> {
  const object = { type: "settings", id: actor.tenant };
  const ofRoles = rule.roles.length > 0 ? `; of roles: ${rule.roles.join(", ")}` : "";
  const entry = { action: "update", object, change: `require_2fa: ${rule.all}${ofRoles}` };
  const at = deps.now();
  await deps.directory.batch([
    demandSecondFactorStatement(actor.tenant, rule),
    addAuditIfChanged(actor, entry, at),
    addEventIfChanged({ kind: "tenant.rights_changed", tenant: actor.tenant, subject: actor.tenant }, at),
  ]);
}

export function mountSignInRules(app: App): void {
  app.openapi(read, async (c) => {
    const { all, roles } = await c.var.deps.directory.one(secondFactorRuleStatement(userOf(c).tenant));
    return c.json({ require_2fa: all, ...(roles.length > 0 && { require_2fa_roles: [...roles] }) }, 200);
  });

  app.openapi(write, async (c) => {
    const { require_2fa, require_2fa_roles } = c.req.valid("json");
    await demandSecondFactor(c.var.deps, userOf(c), { all: require_2fa, roles: require_2fa_roles ?? [] });
    return c.body(null, 204);
  });
}
