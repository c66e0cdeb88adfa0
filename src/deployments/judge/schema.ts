import { z } from "@hono/zod-openapi";
import { attribute } from "../rollout/attribute-schema.ts";
import { FAILURE_MARGIN, LEVEL } from "./levels.ts";

const PERCENT = 100;
const MAX_ATTRIBUTES = 5;

/** What is to be judged. */
export const Judge = z
  .strictObject({
    level_percent: z
      .number()
      .min(0.01)
      .max(10)
      .default(PERCENT * LEVEL)
      .openapi({
        description: "Chance that a release without a fault is stopped, however often one looks",
      }),
    failures: z
      .strictObject({
        margin_percent: z
          .number()
          .min(0)
          .max(50)
          .default(PERCENT * FAILURE_MARGIN),
        usual_percent: z.number().min(0).max(50).optional().openapi({
          description: "Taken for the usual share of failures, instead of what earlier rollouts told",
        }),
      })
      .prefault({}),
    silence: z.boolean().default(true).openapi({
      description: "Whether updated devices fall silent for longer than they and others like them usually do",
    }),
    alerts: z.boolean().default(true).openapi({ description: "Whether updated devices raise more alerts" }),
    attributes: z
      .array(
        z.strictObject({
          ...attribute,
          worse: z.enum(["more", "less"]).default("more").openapi({ description: "Which side is bad" }),
        }),
      )
      .min(1)
      .max(MAX_ATTRIBUTES)
      .refine((all) => new Set(all.map(measureOf)).size === all.length, { error: "each of them once" })
      .optional()
      .openapi({ description: "Numbers that updated devices must not tell more, or less, of" }),
  })
  .openapi("RolloutJudge");

export type Judge = z.output<typeof Judge>;

/** What an attribute is called among the verdicts. */
export const measureOf = ({ scope, name }: { scope: string; name: string }): string => `${scope}/${name}`;

/** Everything that is judged, by the names of its verdicts. */
export const measuresOf = ({ silence, alerts, attributes = [] }: Judge): string[] => [
  FAILURES,
  ...(silence ? [SILENCE] : []),
  ...(alerts ? [ALERTS] : []),
  ...attributes.map(measureOf),
];

export const FAILURES = "failures";
export const SILENCE = "silence";
export const ALERTS = "alerts";
