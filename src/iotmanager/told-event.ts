import type { StreamEvent } from "../events/index.ts";
import type { EventType as StreamType } from "../platform/event-types.ts";
import { EVENT_STATUSES, type EventType, type Scope } from "./words.ts";

/** An event in the original's words (protocol notes, iot-manager 4). */
export interface ToldEvent {
  event_id: string;
  device_id: string;
  type: EventType;
  data: Record<string, unknown>;
  time_ms: number;
}

const STATUS_TYPES: readonly StreamType[] = EVENT_STATUSES.map((status) => `device.${status}` as const);

const TYPES: Record<Scope, readonly StreamType[]> = {
  deviceauth: [...STATUS_TYPES, "device.provisioned", "device.decommissioned"],
  inventory: ["device.inventory_changed"],
};

/** Types of the stream that integrations hear of; without scopes those of which the open edition tells. */
export const typesOf = (scopes: readonly Scope[]): StreamType[] =>
  (scopes.length === 0 ? (["deviceauth"] as const) : scopes).flatMap((scope) => TYPES[scope]);

export const ALL_TYPES: readonly StreamType[] = [...TYPES.deviceauth, ...TYPES.inventory];

interface Attribute {
  scope: string;
  name: string;
  value: unknown;
}

/** Attributes have their name and scope, and both as one key, by which the web UI looks for them. */
const inventoryOf = (attributes: unknown) =>
  (attributes as Attribute[]) // as the stream has them
    .map(({ scope, name, value }) => ({ name, value, scope, key: `${scope}-${name}` }));

/** A device that was only expected was never there for others: its end is a change of status. */
const wordsFor = (tenant: string, { type, device, data }: StreamEvent): Pick<ToldEvent, "type" | "data"> => {
  if (type === "device.provisioned") return { type: "device-provisioned", data };
  if (type === "device.inventory_changed")
    return {
      type: "device-inventory-changed",
      data: { device_id: device, tenant_id: tenant, inventory: inventoryOf(data.attributes) },
    };
  if (type === "device.decommissioned")
    return data.status === "preauthorized"
      ? { type: "device-status-changed", data: { id: device, status: "decommissioned" } }
      : { type: "device-decommissioned", data: { id: device } };
  return { type: "device-status-changed", data: { id: device, status: data.status } };
};

export const toldEvent = (tenant: string, event: StreamEvent): ToldEvent => ({
  ...wordsFor(tenant, event),
  event_id: event.id,
  device_id: event.device ?? "",
  time_ms: event.atMs,
});
