import { z } from "@hono/zod-openapi";

export const DeviceParam = z.object({ id: z.string().min(1).max(128) });
export const SessionParam = DeviceParam.extend({ session_id: z.string().min(1).max(128) });
export const TenantDeviceParam = z.object({
  tenantId: z.string().max(128),
  deviceId: z.string().min(1).max(128),
});

export const ConnectionStatusBody = z
  .object({
    device_id: z.string(),
    status: z.enum(["connected", "disconnected"]),
    created_ts: z.string(),
    updated_ts: z.string(),
  })
  .openapi("DeviceConnectionStatus");

/** What a session was for first; `connection` as long as it has said nothing. */
const SessionKindSchema = z.enum(["terminal", "portforward", "filetransfer", "connection"]);

export const LiveSessionBody = z
  .object({
    session_id: z.string(),
    user_id: z.string(),
    user_email: z.string(),
    kind: SessionKindSchema,
    opened_ts: z.string(),
    output_bytes: z.number(),
  })
  .openapi("LiveSession");

const absolute = (text: string | undefined) => text !== undefined && text.startsWith("/");

export const DownloadQuery = z.object({
  path: z
    .string()
    .default("")
    .refine(absolute, { error: "path: must be absolute.", params: { verbatim: true } }),
});

const numberText = (radix: 8 | 10) =>
  z
    .string()
    .regex(radix === 8 ? /^[0-7]{1,6}$/ : /^\d{1,10}$/, { error: "must be a number" })
    .transform((text) => Number.parseInt(text, radix))
    .refine((number) => number <= 0xffff_ffff, { error: "must be a number" })
    .optional();

/** The fields before the file of an upload form (protocol notes, deviceconnect 5). */
export const UploadFields = z.object({
  path: z
    .string({ error: "cannot be blank" })
    .min(1, { error: "cannot be blank" })
    .refine((text) => text === "" || absolute(text), { error: "must be absolute" }),
  uid: numberText(10),
  gid: numberText(10),
  mode: numberText(8),
});

export const RecordedSessionBody = z
  .object({
    session_id: z.string(),
    device_id: z.string(),
    user_id: z.string(),
    user_email: z.string(),
    kind: SessionKindSchema,
    started_ts: z.string(),
    ended_ts: z.string().optional(),
    recorded_bytes: z.number(),
  })
  .openapi("RemoteSession");

export const SessionIdParam = z.object({ session_id: z.string().min(1).max(128) });
