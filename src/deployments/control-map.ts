import { z } from "@hono/zod-openapi";

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
