import { beforeAll, describe, expect, it } from "vitest";
import { makeGateway } from "../../src/gateway/gateway.ts";
import { ADDONS, type Feature } from "../../src/platform/plans.ts";
import { signToken } from "../../src/platform/tokens.ts";
import { aDevice, aUser } from "../support/actors.ts";
import { env, Server } from "../support/server.ts";

/** What the built-in plans leave out, as the notes have it; nothing is looked up. */
const PAID: Partial<Record<Feature, readonly string[]>> = {
  monitoring: ["professional", "enterprise"],
  audit_logs: ["enterprise"],
  rbac: ["enterprise"],
  sso: ["enterprise"],
  user_assign: ["enterprise"],
  dynamic_groups: ["enterprise"],
  deployments_v2: ["enterprise"],
  manifests: ["enterprise"],
  session_playback: ["enterprise"],
};
const NEEDS_ADDON: Partial<Record<Feature, string>> = {
  configuration: "configure",
  terminal: "troubleshoot",
  session_playback: "troubleshoot",
  monitoring: "monitor",
};
const REFUSED_402: readonly Feature[] = ["manifests"];

const TENANTS = [
  { plan: "os", addons: ADDONS, trial: false },
  { plan: "professional", addons: ADDONS, trial: false },
  { plan: "enterprise", addons: ADDONS, trial: false },
  { plan: "enterprise", addons: [], trial: false },
  { plan: "os", addons: [], trial: true },
];
type Tenant = (typeof TENANTS)[number];

const includes = ({ plan, addons, trial }: Tenant, feature: Feature): boolean => {
  const addon = NEEDS_ADDON[feature];
  const isThere = addon === undefined || addons.some((one) => one === addon);
  return trial || (isThere && (PAID[feature]?.includes(plan) ?? true));
};

const gated = makeGateway()
  .declarations()
  .flatMap(({ method, path, access: { caller, feature } }) =>
    feature === undefined
      ? []
      : [
          {
            method,
            path: path.replaceAll(/:\w+|\{\w+\}/g, "3f8a1f0e-3f5f-4f0a-9d43-5b1ff4a2b001"),
            caller,
            feature,
          },
        ],
  );

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});

/** Tokens of a user and of a device of such a tenant. */
async function tokensOf({ plan, addons, trial }: Tenant, tenant: string): Promise<Record<string, string>> {
  const user = await aUser(server, { tenant });
  const device = await aDevice(server, { tenant });
  const ends = trial ? server.now + 60_000 : null;
  await env.DB.prepare("UPDATE tenants SET plan = ?, addons = ?, trial_ends_ms = ? WHERE tenant_id = ?")
    .bind(plan, JSON.stringify(addons), ends, tenant)
    .run();
  const claims = {
    sub: device.id,
    jti: device.authSet,
    iss: "Mender",
    iat: Math.floor(server.now / 1000),
    "mender.device": true,
    "mender.tenant": tenant,
    "mender.plan": plan,
    "mender.trial": trial,
    "mender.addons": addons.map((name) => ({ name, enabled: true })),
  };
  return { user: user.token, device: await signToken((await server.deps()).keys, claims) };
}

describe("what the built-in plans leave out", () => {
  it("is asked for by many routes, of users and of devices", () => {
    expect(gated.length).toBeGreaterThan(40);
    expect(new Set(gated.map(({ caller }) => caller))).toEqual(new Set(["user", "device"]));
  });

  it.each(TENANTS.map((tenant, i) => ({ ...tenant, name: `t${i}` })))(
    "is refused on $plan with $addons, trial $trial, and nothing else is",
    async (tenant) => {
      const tokens = await tokensOf(tenant, tenant.name);
      const wrong: string[] = [];
      for (const { method, path, caller, feature } of gated) {
        const answer = await server.call(method, path, { token: tokens[caller] });
        const text = `the plan of the tenant does not include ${feature}`;
        const isRefused = answer.text.includes(text);
        const status = REFUSED_402.includes(feature) ? 402 : 403;
        const isRight = includes(tenant, feature)
          ? !isRefused && answer.status < 500
          : isRefused && answer.status === status;
        if (!isRight) wrong.push(`${method} ${path} (${feature}): ${answer.status} ${answer.text}`);
      }
      expect(wrong).toEqual([]);
    },
  );
});
