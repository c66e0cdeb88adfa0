import { z } from "@hono/zod-openapi";

/** An inventory attribute by its name. */
export const attribute = {
  scope: z.enum(["inventory", "identity", "tags", "system", "monitor"]),
  name: z.string().min(1).max(1024),
};

export const Attribute = z.strictObject(attribute);
