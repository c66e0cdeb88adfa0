import { createHash } from "node:crypto";
import type { Context } from "hono";
import type { AppEnv } from "../../platform/app-env.ts";
import type { UserActor } from "../../platform/actor.ts";
import { addAuditIfChanged } from "../../platform/audit.ts";
import { credentialsOf } from "../../platform/authorization.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { newId, type TenantId } from "../../platform/ids.ts";
import { addonsFrom, requireFeature } from "../../platform/plans.ts";
import { requireAllRights } from "../roles/giving.ts";
import {
  addScimTokenStatement,
  removeScimTokenStatement,
  scimCallerStatement,
  scimTokensStatement,
  stampScimTokenStatement,
  type ScimCaller,
  type ScimToken,
} from "./store.ts";

/** Two providers, and one of each to replace theirs. */
const MAX_TOKENS = 5;
const SECRET_BYTES = 32;
const PREFIX = "scim_";
const TOKEN = /^scim_[\w-]{43}$/;
const STAMP_EVERY_MS = 5 * 60_000;

const digestOf = (token: string) => createHash("sha256").update(token).digest("base64url");

const objectOf = (id: string) => ({ type: "scim_token", id });

export const listScimTokens = (deps: Deps, actor: UserActor): Promise<ScimToken[]> =>
  deps.directory.one(scimTokensStatement(actor.tenant));

/** The token is in the answer, and nowhere afterwards. */
export async function createScimToken(
  deps: Deps,
  actor: UserActor,
  name: string,
): Promise<ScimToken & { token: string }> {
  requireAllRights(actor, "making a token that gives any role");
  const random = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  const token = PREFIX + Buffer.from(random).toString("base64url");
  const record = { id: newId(), name, digest: digestOf(token), createdMs: deps.now() };
  const entry = { action: "create", object: objectOf(record.id), change: `Made SCIM token ${name}` };
  const [added] = await deps.directory.batch([
    addScimTokenStatement(actor.tenant, record, MAX_TOKENS),
    addAuditIfChanged(actor, entry, deps.now()),
  ]);
  if (added === 0) throw new Fault("unprocessable", `a tenant has at most ${MAX_TOKENS} SCIM tokens`);
  return { id: record.id, name, createdMs: record.createdMs, lastUsedMs: null, token };
}

/** Removing an unknown one succeeds. */
export async function removeScimToken(deps: Deps, actor: UserActor, id: string): Promise<void> {
  await deps.directory.batch([
    removeScimTokenStatement(actor.tenant, id),
    addAuditIfChanged(actor, { action: "delete", object: objectOf(id) }, deps.now()),
  ]);
}

const MAX_CALLS = 250;
const WINDOW_MS = 10_000;
const MAX_REMEMBERED = 1000;

/** Calls of each tenant within the window, by configuration and isolate; losing them is harmless. */
const calls = new WeakMap<Deps["settings"], Map<TenantId, { sinceMs: number; count: number }>>();

function refuseOften({ settings, now }: Deps, tenant: TenantId): void {
  const counts = calls.get(settings) ?? new Map<TenantId, { sinceMs: number; count: number }>();
  calls.set(settings, counts);
  if (counts.size > MAX_REMEMBERED) counts.clear();
  const known = counts.get(tenant);
  const isOver = !known || now() - known.sinceMs >= WINDOW_MS || known.sinceMs > now();
  const window = isOver ? { sinceMs: now(), count: 0 } : known;
  window.count += 1;
  counts.set(tenant, window);
  if (window.count > MAX_CALLS)
    throw new Fault("rate_limited", "too many requests", {
      headers: { "Retry-After": String(Math.ceil((window.sinceMs + WINDOW_MS - now()) / 1000)) },
    });
}

function stampUse(deps: Deps, { tenant, tokenId, lastUsedMs }: ScimCaller): void {
  if (lastUsedMs !== null && deps.now() - lastUsedMs < STAMP_EVERY_MS) return;
  const stamp = deps.directory.uncounted().one(stampScimTokenStatement(tenant, tokenId, deps.now()));
  deps.later(stamp.catch((cause: unknown) => deps.log.error("token use not stamped", { cause })));
}

/** The tenant that a provider's token is for, if its plan has single sign-on. */
export async function tenantOfToken(c: Context<AppEnv>): Promise<TenantId> {
  const { deps } = c.var;
  const token = credentialsOf("bearer", c.req.header("authorization")) ?? "";
  const caller = TOKEN.test(token)
    ? await deps.directory.one(scimCallerStatement(digestOf(token)))
    : undefined;
  if (!caller) throw new Fault("unauthorized", "the token is missing, unknown or revoked");
  refuseOften(deps, caller.tenant);
  const { plan, addons, trialEndsMs } = caller;
  const trial = (trialEndsMs ?? 0) > deps.now();
  requireFeature(deps.settings.PLANS, { plan, addons: addonsFrom(JSON.parse(addons)), trial }, "sso");
  stampUse(deps, caller);
  return caller.tenant;
}
