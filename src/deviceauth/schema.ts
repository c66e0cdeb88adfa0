import { z } from "@hono/zod-openapi";
import { rfc3339 } from "../platform/clock.ts";
import { pageQuery } from "../platform/paging.ts";
import { MAX_LISTED_IDS, requiredText, verbatim } from "../platform/wire.ts";
import { parseKey, weaknessOfPem } from "./device-key.ts";
import { identityMembers, identityOf } from "./identity.ts";
import { DEVICE_STATUSES, isDeviceStatus, SET_STATUSES, TIERS, USER_STATUSES } from "./states.ts";
import type { Device, DeviceFilter } from "./store.ts";
import { fromStoredKey } from "./stored-key.ts";

const Identity = z
  .record(z.string(), z.unknown())
  .openapi({ example: { mac: "00:01:02:03:04:05" }, description: "What makes the device itself" });

const AuthSetSchema = z
  .object({
    id: z.string(),
    identity_data: Identity,
    pubkey: z.string(),
    ts: z.string(),
    status: z.enum(SET_STATUSES),
    tier: z.enum(TIERS),
    weak_key: z.string().optional().openapi({ description: "In what the key is weak, if it is" }),
  })
  .openapi("AuthSet");

export const DeviceSchema = z
  .object({
    id: z.string(),
    identity_data: Identity,
    status: z.enum(DEVICE_STATUSES),
    tier: z.enum(TIERS),
    decommissioning: z.boolean(),
    created_ts: z.string(),
    updated_ts: z.string(),
    check_in_time: z.string().optional(),
    auth_sets: z.array(AuthSetSchema).nullable(),
    flags: z.object({ test_device: z.boolean() }),
    external_id: z.object({ data: z.string(), active: z.boolean() }).optional(),
  })
  .openapi("Device");

function weakKeyOf(pubkey: string): { weak_key?: string } {
  const weakness = weaknessOfPem(pubkey);
  return weakness === undefined ? {} : { weak_key: weakness };
}

/** A device as clients see it. Decommissioning is immediate here, so nobody ever meets a device in it. */
export function toWire(device: Device): z.input<typeof DeviceSchema> {
  const identity = identityMembers(device.identity);
  return {
    id: device.id,
    identity_data: identity,
    status: device.status,
    tier: device.tier,
    decommissioning: false,
    created_ts: rfc3339(device.createdMs),
    updated_ts: rfc3339(device.updatedMs),
    ...(device.checkInMs !== null && { check_in_time: rfc3339(device.checkInMs) }),
    auth_sets: device.sets.map((set) => {
      const pubkey = fromStoredKey(set.storedKey);
      return {
        id: set.id,
        identity_data: identity,
        pubkey,
        ts: rfc3339(set.createdMs),
        status: set.status,
        tier: set.tier,
        ...weakKeyOf(pubkey),
      };
    }),
    flags: { test_device: device.testDevice },
    ...(device.external && {
      external_id: { data: `${device.external.provider} ${device.external.id}`, active: true },
    }),
  };
}

const repeatable = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((value) => (value === undefined ? [] : [value].flat()));

const statusFilter = (text: string) =>
  repeatable.transform((statuses, ctx) => {
    if (statuses.every(isDeviceStatus)) return statuses;
    ctx.addIssue(verbatim(text));
    return z.NEVER;
  });

export const ListQuery = z.object({
  status: statusFilter(
    "filter status must be one of: accepted, pending, rejected, preauthorized or noauth",
  ).openapi({ type: "array", items: { type: "string", enum: [...DEVICE_STATUSES] } }),
  id: repeatable.openapi({ type: "array", items: { type: "string" } }),
  ...pageQuery(),
});

const unlessEmpty = <T>(list: T[]): T[] | undefined => (list.length > 0 ? list : undefined);

export const filterOf = (query: z.output<typeof ListQuery>): DeviceFilter => ({
  statuses: unlessEmpty(query.status),
  ids: unlessEmpty(query.id),
});

export const SearchQuery = z.object(pageQuery());

export const CountQuery = z.object({
  status: z
    .string()
    .optional()
    .transform((status, ctx) => {
      if (!status) return undefined;
      if (isDeviceStatus(status)) return status;
      ctx.addIssue(verbatim("status must be one of: pending, accepted, rejected, preauthorized, noauth"));
      return z.NEVER;
    })
    .openapi({ type: "string", enum: [...DEVICE_STATUSES] }),
});

const oneOrMany = (name: string) => {
  const error = `invalid JSON type for '${name}': must be string or []string`;
  const several = z.array(z.string({ error }), { error }).max(MAX_LISTED_IDS);
  return z
    .union([z.string(), several], { error })
    .nullish()
    .transform((value) => (value === undefined || value === null ? undefined : [value].flat()));
};

export const SearchBody = z
  .object({ status: oneOrMany("status"), id: oneOrMany("id") })
  .openapi("DeviceSearch");

export const StatusBody = z
  .object({
    status: z
      .string({ error: "must be a string" })
      .nullish()
      .openapi({ enum: [...USER_STATUSES] }),
  })
  .openapi("AuthSetStatus");

const identityInput = z
  .unknown()
  .transform((value, ctx) => {
    const isBlank =
      value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);
    if (isBlank) {
      ctx.addIssue({ code: "custom", message: "cannot be blank" });
      return z.NEVER;
    }
    const parsed = identityOf(value);
    if (parsed.ok) return parsed.identity;
    ctx.addIssue({ code: "custom", message: parsed.problem });
    return z.NEVER;
  })
  .openapi({ type: "object" });

const keyInput = requiredText(1, 16_384)
  .transform((pem, ctx) => {
    const parsed = parseKey(pem);
    if (parsed.ok) return parsed.key;
    ctx.addIssue(verbatim(parsed.problem));
    return z.NEVER;
  })
  .openapi({ type: "string", description: "PEM: RSA, ECDSA or Ed25519" });

export const PreauthorizationBody = z
  .object({
    identity_data: identityInput,
    pubkey: keyInput,
    tier: z.enum(TIERS, { error: "must be a valid value" }).optional(),
    force: z.boolean({ error: "must be a boolean" }).default(false),
  })
  .openapi("Preauthorization");

export const LimitSchema = z.object({ limit: z.int() }).openapi("DeviceLimit");

export const TierLimitsSchema = z
  .object({ standard: z.int(), micro: z.int(), system: z.int(), test: z.int() })
  .openapi("DeviceTierLimits", { description: "How many devices may be accepted; -1 means any number" });

export const DeviceParam = z.object({ id: z.string() });
export const SetParams = z.object({ id: z.string(), aid: z.string() });
