import { z } from "@hono/zod-openapi";
import { FAILURE_MARGIN, LEVEL } from "./levels.ts";

const PERCENT = 100;

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
  })
  .openapi("RolloutJudge");

export type Judge = z.output<typeof Judge>;
