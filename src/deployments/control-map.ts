import { z } from "@hono/zod-openapi";
import type { MapRow } from "./store/device-status.ts";

const State = z.strictObject({
  action: z.enum(["continue", "force_continue", "pause", "fail"]).optional(),
  on_map_expire: z.enum(["continue", "force_continue", "fail"]).optional(),
  on_action_executed: z.enum(["continue", "force_continue", "pause", "fail"]).optional(),
});

const STATES = ["ArtifactInstall_Enter", "ArtifactReboot_Enter", "ArtifactCommit_Enter"] as const;

/**
 * Tells a device where to pause during an update (protocol notes, deployments 3.1). Refused when a device would refuse
 * it; the deployment's id takes the place of any id.
 */
export const UpdateControlMap = z
  .strictObject({
    id: z.string().optional(),
    priority: z.number().int().min(-10).max(10).optional(),
    states: z.partialRecord(z.enum(STATES), State).optional(),
  })
  .openapi("UpdateControlMap");

export type UpdateControlMap = z.output<typeof UpdateControlMap>;

/** It downloads, and waits; should the server be away for longer than a map holds, it must not install at any time. */
const UNTIL_OPEN = { action: "pause", on_map_expire: "fail" } as const;

/** What a device is told of where to pause: by a person, and by a window that is yet to open. Nothing where neither does. */
export function mapFor(row: MapRow): Record<string, unknown> | undefined {
  const [id, own] = [row.deployment_id, row.update_control_map];
  if (own === null && row.waits_to_install === null) return undefined;
  const map = JSON.parse(own ?? "{}") as UpdateControlMap; // validated when it was stored
  if (row.waits_to_install === null) return { ...map, id };
  const install = map.states?.ArtifactInstall_Enter;
  const isPerson = install?.action === "pause" || install?.action === "fail";
  if (isPerson) return { ...map, id };
  const now = row.waits_to_install === 1 ? UNTIL_OPEN : (install ?? { action: "continue" });
  return { ...map, id, states: { ...map.states, ArtifactInstall_Enter: now } };
}
