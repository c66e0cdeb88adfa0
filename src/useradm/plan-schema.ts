import { z } from "@hono/zod-openapi";

const Plan = z
  .object({
    name: z.string(),
    display_name: z.string(),
    features: z.record(z.string(), z.boolean()),
  })
  .openapi("Plan");

export const Plans = z.array(Plan);
export const PlanBinding = z
  .object({
    plan: Plan,
    limits: z.object({ devices: z.int(), users: z.int(), audit_logs_days: z.int() }),
  })
  .openapi("PlanBinding");
export const UserLimits = z
  .object({ users: z.object({ count: z.int(), max: z.int() }) })
  .openapi("UserLimits");
