import { z } from "@hono/zod-openapi";
import { requiredText, verbatim } from "../../platform/wire.ts";
import { deploymentMembers } from "../create-schema.ts";

const { devices: _devices, ...members } = deploymentMembers;

/** Members of a creation, all optional, with whom it is for. */
const TemplateBody = z
  .strictObject({
    ...members,
    group: requiredText(1, 1024),
    filter_id: requiredText(1, 256),
    max_devices: z.number().int().min(0).max(100_000_000),
  })
  .partial()
  .superRefine((value, ctx) => {
    const whom = [value.all_devices || undefined, value.group, value.filter_id];
    if (whom.filter((one) => one !== undefined).length > 1)
      ctx.addIssue(verbatim("one of all_devices, group and filter_id tells whom a deployment is for."));
  })
  .openapi("DeploymentTemplateBody");

export const NewTemplate = z
  .object({ name: requiredText(1, 256), body: TemplateBody })
  .openapi("NewDeploymentTemplate");

export type NewTemplate = z.output<typeof NewTemplate>;

export const Template = z
  .object({
    id: z.string(),
    name: z.string(),
    body: z.record(z.string(), z.unknown()),
    created: z.string(),
    updated: z.string(),
  })
  .openapi("DeploymentTemplate");

export type Template = z.output<typeof Template>;

/** What a use of a template says besides, or instead. */
export const TemplateUse = z.record(z.string().max(64), z.unknown()).openapi("DeploymentTemplateUse");
