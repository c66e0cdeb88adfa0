import { z } from "zod";
import { canonicalBytes } from "../../platform/base64url.ts";
import type { TenantId } from "../../platform/ids.ts";
import type { Keys } from "../../platform/keys.ts";
import { seal, unseal } from "../../platform/seal.ts";
import { SERVER_KINDS } from "../rules.ts";
import type { OpenOfDevice, OpenOfServer, Place } from "./alert-store.ts";

/** Names an open alert by its key, so that it is found without an index of its own. */
const Id = z.union([
  z
    .tuple([z.literal("d"), z.string(), z.string()])
    .transform(([, device, subject]) => ({ source: "device" as const, device, subject })),
  z
    .tuple([z.literal("s"), z.int(), z.enum(SERVER_KINDS), z.string()])
    .transform(([, raised_ms, kind, object]) => ({ source: "server" as const, raised_ms, kind, object })),
]);

export type AlertId = z.output<typeof Id>;

const PlaceText = z
  .tuple([z.int().min(0), z.enum(["server", "device"]), z.string(), z.string()])
  .transform(([atMs, source, first, second]): Place => ({ atMs, source, first, second }));

const written = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function read<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(Buffer.from(canonicalBytes(text) ?? []).toString())).data;
  } catch {
    return undefined;
  }
}

export const idOfAlert = (alert: OpenOfServer | OpenOfDevice): string =>
  written(
    alert.source === "device"
      ? ["d", alert.device_id, alert.subject]
      : ["s", alert.at_ms, alert.kind, alert.object],
  );

export const parseAlertId = (text: string): AlertId | undefined => read(Id, text);

const cursorContext = (tenant: TenantId): string => `alert cursor/${tenant}`;

/** Sealed, since the alert where a page ended may be one that its reader must not hear of. */
export const cursorOf = (
  keys: Keys,
  tenant: TenantId,
  { atMs, source, first, second }: Place,
): Promise<string> => seal(keys, JSON.stringify([atMs, source, first, second]), cursorContext(tenant));

export async function parseCursor(keys: Keys, tenant: TenantId, text: string): Promise<Place | undefined> {
  const opened = await unseal(keys, text, cursorContext(tenant));
  return opened === undefined ? undefined : PlaceText.safeParse(JSON.parse(opened)).data;
}
