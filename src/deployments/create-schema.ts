import { z } from "@hono/zod-openapi";
import { requiredText, verbatim } from "../platform/wire.ts";
import { UpdateControlMap } from "./control-map.ts";
import { Phases, UniformPhases } from "./rollout/phase-schema.ts";
import { Rollout } from "./rollout/rollout-schema.ts";

const name = requiredText(1, 256);
const artifactName = requiredText(1, 4096);

const MAX_DEVICES = 100_000;
export const MAX_RETRIES = 100;

const common = {
  phases: Phases.optional(),
  uniform_phases: UniformPhases.optional(),
  retries: z.number().int().min(0).max(MAX_RETRIES).default(0),
  update_control_map: UpdateControlMap.optional(),
  autogenerate_delta: z.boolean().optional(),
  rollout: Rollout.optional(),
};

/** Members of a creation. */
export const deploymentMembers = {
  name,
  artifact_name: artifactName,
  force_installation: z.boolean().default(false),
  ...common,
  devices: z
    .array(z.string().min(1, { error: "cannot be blank" }))
    .max(MAX_DEVICES)
    .optional(),
  all_devices: z.boolean().optional(),
};

const NEITHER = "Invalid deployments definition: provide list of devices or set all_devices flag";
const BOTH = "Invalid deployments definition: list of devices provided togheter with all_devices flag";
const GROUP =
  "The deployment for group constructor should have neither list of devices nor all_devices flag set";

export const NewDeployment = z
  .object(deploymentMembers)
  .superRefine((value, ctx) => {
    if (ctx.issues.length > 0) return;
    const listed = (value.devices?.length ?? 0) > 0;
    if (listed && value.all_devices) ctx.addIssue(verbatim(BOTH));
    if (!listed && !value.all_devices) ctx.addIssue(verbatim(NEITHER));
  })
  .openapi("NewDeployment");

export const NewGroupDeployment = z
  .object(deploymentMembers)
  .superRefine((value, ctx) => {
    if (ctx.issues.length > 0) return;
    if ((value.devices?.length ?? 0) > 0 || value.all_devices) ctx.addIssue(verbatim(GROUP));
  })
  .openapi("NewDeploymentForGroup");

export type NewDeployment = z.output<typeof NewDeployment>;

/** For whatever devices a saved filter finds when they ask. */
export const NewDynamicDeployment = z
  .object({
    name,
    artifact_name: artifactName,
    force_installation: z.boolean().default(false),
    filter_id: requiredText(1, 256),
    max_devices: z.number().int().min(0).max(100_000_000).optional(),
    ...common,
  })
  .openapi("NewDynamicDeployment");

export type NewDynamicDeployment = z.output<typeof NewDynamicDeployment>;
