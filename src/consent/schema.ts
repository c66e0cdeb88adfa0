import { z } from "@hono/zod-openapi";

const Flag = z.boolean({ error: "must be a boolean" });

export const Settings = z
  .object({
    remote_access: Flag.openapi({ description: "Terminal, files and ports of devices take a grant" }),
    support_access: Flag.openapi({ description: "The operator of the installation needs a grant" }),
  })
  .openapi("ConsentSettings");

const MAX_DEVICES = 100;

const Until = z.iso
  .datetime({ offset: true, error: "must be a time" })
  .transform((time) => Date.parse(time))
  .openapi({ type: "string", format: "date-time" });

const Reason = z
  .string({ error: "must be a text" })
  .max(500, { error: "the length must be no more than 500" })
  .default("");

const Name = z
  .string({ error: "must be a text" })
  .min(1, { error: "cannot be blank" })
  .max(1024, { error: "the length must be no more than 1024" });

export const NewGrant = z
  .object({
    user_id: Name.max(64, { error: "the length must be no more than 64" })
      .optional()
      .openapi({ description: "Whom it is for; the caller if absent" }),
    device_ids: z
      .array(Name.max(128, { error: "the length must be no more than 128" }), { error: "must be a list" })
      .max(MAX_DEVICES, { error: `must have no more than ${MAX_DEVICES}` })
      .default([]),
    group: Name.optional().openapi({ description: "The devices that are in it at the time" }),
    until: Until,
    reason: Reason,
  })
  .refine(({ device_ids: devices, group }) => devices.length > 0 !== (group !== undefined), {
    error: "either devices or a group must be named",
    path: ["device_ids"],
  })
  .openapi("NewAccessGrant");

export const NewSupport = z.object({ until: Until, reason: Reason }).openapi("NewSupportGrant");

export const Grant = z
  .object({
    id: z.string(),
    kind: z.enum(["remote", "support"]),
    user_id: z.string().optional(),
    user_email: z.string().optional(),
    device_ids: z.array(z.string()),
    group: z.string().optional(),
    until: z.string(),
    reason: z.string(),
    status: z.enum(["asked", "approved", "refused", "revoked", "expired"]),
    asked_by: z.string(),
    asked_ts: z.string(),
    decided_by: z.string().optional(),
    decided_ts: z.string().optional(),
  })
  .openapi("AccessGrant");
