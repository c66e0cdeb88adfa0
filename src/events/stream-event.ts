import { rfc3339 } from "../platform/clock.ts";
import type { EventType } from "../platform/event-types.ts";
import { stableId, type DeviceId, type TenantId } from "../platform/ids.ts";

/** An event as it is in the stream. */
export interface StreamEvent {
  /** From 1, without gaps; what comes later has a greater one. */
  position: number;
  id: string;
  type: EventType;
  atMs: number;
  device?: DeviceId;
  deployment?: string;
  subject?: string;
  /** Of the device, as it happened. */
  group?: string;
  data: Record<string, unknown>;
}

/** What an event is about: those of one are told in their order. */
export const keyOf = ({ device, deployment, subject, type }: StreamEvent): string =>
  device ?? deployment ?? subject ?? type;

export interface Page {
  first: number;
  events: number;
  begun_ms: number;
  body: string;
}

export const lastOf = ({ first, events }: Pick<Page, "first" | "events">): number => first + events - 1;

export const idOf = (tenant: TenantId, position: number): string => stableId(`event/${tenant}/${position}`);

/** The events of a page. */
export function eventsOf(tenant: TenantId, { first, body }: Page): StreamEvent[] {
  // As `tell` writes them.
  const list = JSON.parse(`[${body}]`) as (Omit<StreamEvent, "position" | "id" | "atMs"> & {
    time: number;
  })[];
  return list.map(({ time, ...event }, i) => ({
    ...event,
    position: first + i,
    id: idOf(tenant, first + i),
    atMs: time,
  }));
}

/** The envelope of CloudEvents 1.0. */
export const cloudEvent = (tenant: TenantId, event: StreamEvent) => ({
  specversion: "1.0" as const,
  id: event.id,
  source: `/tenants/${tenant}`,
  type: event.type,
  subject: keyOf(event),
  time: rfc3339(event.atMs),
  datacontenttype: "application/json" as const,
  sequence: String(event.position),
  ...(event.device !== undefined && { deviceid: event.device }),
  ...(event.deployment !== undefined && { deploymentid: event.deployment }),
  ...(event.group !== undefined && { group: event.group }),
  data: event.data,
});
