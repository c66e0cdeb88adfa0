import { z } from "@hono/zod-openapi";
import { deploymentMembers } from "../create-schema.ts";

/** The body of any creation; `group` and `filter_id` tell here what a path tells there. */
export const PreviewRequest = z
  .looseObject({
    ...deploymentMembers,
    group: z.string(),
    filter_id: z.string(),
    max_devices: z.number().int().min(0).max(100_000_000),
  })
  .partial()
  .openapi("DeploymentPreviewRequest");

/** Why a device does not get a deployment, or not now. The first that is true counts. */
export const REASONS = ["unknown", "type", "depends", "has_it", "silent", "earlier_deployment"] as const;

export type Reason = (typeof REASONS)[number];

const count = z.number().int();

const PreviewPhase = z.object({
  devices: count,
  gets: count,
  bytes: z.number(),
  opens: z.string().optional(),
  waits_for: z
    .object({
      after_s: z.number().optional(),
      success: z.object({ percent: z.number(), results: z.number() }).optional(),
      approvals: z.number().optional(),
    })
    .optional(),
  expected: z
    .object({ opens: z.string(), half: z.string(), most: z.string() })
    .optional()
    .openapi({ description: "When it is likely to open, and half and 95 % of its devices to have begun" }),
});

export const Preview = z
  .object({
    devices: count.openapi({ description: "Whom it would be for" }),
    gets: count,
    not: z.array(z.object({ reason: z.enum(REASONS), devices: count, sample: z.array(z.string()) })),
    looked_at: count.openapi({
      description: "Devices that were looked at; with fewer than all, numbers are estimates",
    }),
    is_estimate: z.boolean(),
    first: z.array(z.string()).optional().openapi({
      description: "The first ten in the order of the rollout, where it has one that can be known",
    }),
    bytes: z.number(),
    phases: z.array(PreviewPhase),
    forecast: z
      .object({
        begins: z.string(),
        finish: z.string().openapi({ description: "When 95 % of those who get it are likely to be through" }),
        half_ask_within_s: z.number(),
        most_ask_within_s: z.number(),
        update_s: z.number(),
        assumes: z.array(z.string()),
      })
      .optional(),
    stops: z.array(z.object({ kind: z.string(), phase: count.optional(), description: z.string() })),
  })
  .openapi("DeploymentPreview");

export type Preview = z.output<typeof Preview>;
