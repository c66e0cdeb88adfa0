import { z } from "@hono/zod-openapi";
import type { Actor } from "../../platform/actor.ts";
import { addAudit } from "../../platform/audit.ts";
import type { Deps } from "../../platform/deps.ts";
import { setSettings, settingsOf } from "../store/settings.ts";

const MAX_APPROVALS = 10;

export const RolloutSettings = z
  .object({
    approvals: z
      .int()
      .min(0)
      .max(MAX_APPROVALS)
      .openapi({ description: "People besides its creator who approve a deployment before it starts" }),
  })
  .openapi("RolloutSettings");

export const readSettings = (deps: Deps, { tenant }: Actor): Promise<{ approvals: number }> =>
  deps.db(tenant).one(settingsOf(tenant));

export async function writeSettings(
  deps: Deps,
  actor: Actor,
  { approvals }: { approvals: number },
): Promise<void> {
  const { tenant } = actor;
  const entry = {
    action: "update",
    object: { type: "rollout_settings", id: tenant },
    change: `approvals: ${approvals}`,
  };
  await deps.db(tenant).batch([setSettings(tenant, approvals), addAudit(actor, entry, deps.now())]);
}
