import { z } from "@hono/zod-openapi";
import { verbatim } from "../platform/wire.ts";
import type { AuditFilter } from "./store.ts";

export const number = (name: string) =>
  z
    .string()
    .optional()
    .transform((text, ctx) => {
      if (text === undefined) return undefined;
      if (/^\d{1,12}$/.test(text)) return Number(text);
      ctx.addIssue(verbatim(`invalid ${name} query: ${JSON.stringify(text)}`));
      return z.NEVER;
    })
    .openapi({ type: "integer" });

export const FILTERS = {
  created_after: number("created_after"),
  created_before: number("created_before"),
  actor_id: z.string().optional(),
  actor_type: z.string().optional(),
  actor_email: z.string().optional(),
  object_id: z.string().optional(),
  object_type: z.string().optional(),
  object_deployment_name: z.string().optional(),
  extended: z
    .enum(["true", "false"])
    .default("false")
    .openapi({ description: "An extension: entries that the original does not write, too" }),
  sort: z.enum(["asc", "desc"], { error: "must be asc or desc" }).default("desc"),
};

export const Entry = z
  .object({
    time: z.string(),
    action: z.string(),
    actor: z.object({ id: z.string(), type: z.string(), email: z.string().optional() }),
    object: z.looseObject({ id: z.string(), type: z.string() }),
    change: z.string().optional(),
    meta: z.record(z.string(), z.array(z.string())).optional(),
  })
  .openapi("AuditLog");

const Filters = z.object(FILTERS);

const PLAIN_OBJECTS = ["tenant", "user", "deployment", "artifact", "device"];
const PLAIN_ACTORS = ["user", "device"];

const isBeyondPlain = ({ object_type: object, actor_type: actor }: z.output<typeof Filters>): boolean =>
  (object !== undefined && !PLAIN_OBJECTS.includes(object)) ||
  (actor !== undefined && !PLAIN_ACTORS.includes(actor));

/** Times are whole seconds and include all of the last one. */
export const toFilter = (query: z.output<typeof Filters>): AuditFilter => ({
  fromMs: query.created_after === undefined ? undefined : query.created_after * 1000,
  toMs: query.created_before === undefined ? undefined : query.created_before * 1000 + 999,
  actorId: query.actor_id,
  actorType: query.actor_type,
  actorEmail: query.actor_email?.toLowerCase(),
  objectId: query.object_id,
  objectType: query.object_type,
  deploymentName: query.object_deployment_name,
  order: query.sort,
  // Who asks for what the plain list never holds wants just that.
  extended: query.extended === "true" || isBeyondPlain(query),
});
