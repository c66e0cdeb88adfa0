import { sql, type SQL } from "drizzle-orm";
import { columnsOf, into, type RowOf } from "../platform/columns.ts";
import { change, mapped, rows, type Statement } from "../platform/database.ts";
import { newId, type DeviceId, type TenantId } from "../platform/ids.ts";
import { iotDeliveriesTable, iotEventsTable, iotIntegrationsTable } from "./tables.ts";
import type { EventType, Scope } from "./words.ts";

/** What happened to a device, in the original's words (protocol notes, iot-manager 4). */
export interface DeviceEvent {
  device: DeviceId;
  type: EventType;
  data: unknown;
}

const scopeOf = (type: EventType): Scope =>
  type === "device-inventory-changed" ? "inventory" : "deviceauth";

/** True of an integration that is told of events of a scope; one that names none hears what the open edition tells. */
const hears = (alias: SQL, scope: Scope): SQL => sql`(
  CASE WHEN ${alias}.scopes IS NULL THEN ${scope} = 'deviceauth'
    ELSE EXISTS (SELECT 1 FROM json_each(${alias}.scopes) WHERE value = ${scope}) END)`;

const lastPosition = (tenant: TenantId): SQL =>
  sql`(SELECT max(position) FROM ${iotEventsTable} WHERE tenant_id = ${tenant})`;

/**
 * Records an event and who is to hear of it, where the tenant has an integration for it. In the batch of the change itself,
 * so that the order of events is that of the changes.
 */
export function recordStatements(
  tenant: TenantId,
  { device, type, data }: DeviceEvent,
  atMs: number,
  { ifChanged = false } = {},
): [Statement<number>, Statement<number>] {
  const scope = scopeOf(type);
  return [
    change(sql`
      INSERT ${into(iotEventsTable, "tenant_id, position, event_id, device_id, type, data, time_ms")}
      SELECT ${tenant}, 1 + coalesce(${lastPosition(tenant)}, 0), ${newId()}, ${device}, ${type}, ${JSON.stringify(data)}, ${atMs}
      WHERE EXISTS (SELECT 1 FROM ${iotIntegrationsTable} i WHERE i.tenant_id = ${tenant} AND ${hears(sql`i`, scope)})
        ${ifChanged ? sql`AND changes() > 0` : sql``}`),
    change(sql`
      INSERT ${into(iotDeliveriesTable, "tenant_id, position, integration_id, device_id, status, due_ms")}
      SELECT ${tenant}, ${lastPosition(tenant)}, i.integration_id, ${device}, 'pending', ${atMs}
      FROM ${iotIntegrationsTable} i WHERE i.tenant_id = ${tenant} AND ${hears(sql`i`, scope)} AND changes() > 0`),
  ];
}

const eventColumns = columnsOf(iotEventsTable, "event_id, type, data, time_ms", "e");

export interface DeliveryStatus {
  integration_id: string;
  success: boolean;
  status_code?: number;
  error?: string;
}

export type EventRow = RowOf<typeof eventColumns> & { deliveries: DeliveryStatus[] };

/** Events from the newest on, with what became of them where they were sent. */
export const eventsStatement = (
  tenant: TenantId,
  integration: string | undefined,
  window: { limit: number; offset: number },
): Statement<EventRow[]> =>
  mapped(
    rows<RowOf<typeof eventColumns> & { deliveries: string }>(sql`
      SELECT ${eventColumns}, (
        SELECT json_group_array(json_object('integration_id', d.integration_id, 'status', d.status,
          'status_code', d.status_code, 'error', d.error))
        FROM ${iotDeliveriesTable} d WHERE d.tenant_id = e.tenant_id AND d.position = e.position AND d.attempts > 0) AS deliveries
      FROM ${iotEventsTable} e WHERE e.tenant_id = ${tenant} ${
        integration === undefined
          ? sql``
          : sql`AND EXISTS (SELECT 1 FROM ${iotDeliveriesTable} d
              WHERE d.tenant_id = e.tenant_id AND d.position = e.position AND d.integration_id = ${integration})`
      }
      ORDER BY e.position DESC LIMIT ${window.limit} OFFSET ${window.offset}`),
    (found) => found.map((row) => ({ ...row, deliveries: deliveriesFrom(row.deliveries) })),
  );

function deliveriesFrom(json: string): DeliveryStatus[] {
  // As the statement above writes it.
  const given = JSON.parse(json) as {
    integration_id: string;
    status: string;
    status_code: number | null;
    error: string | null;
  }[];
  return given.map(({ integration_id, status, status_code, error }) => ({
    integration_id,
    success: status === "done",
    ...(status_code !== null && { status_code }),
    ...(error !== null && { error }),
  }));
}

/** Events that are older than the log goes back, oldest first, with their deliveries. */
export const forgetEventsStatements = (
  beforeMs: number,
  limit: number,
): [Statement<number>, Statement<number>] => {
  const old = sql`SELECT tenant_id, position FROM ${iotEventsTable} WHERE time_ms < ${beforeMs} ORDER BY time_ms LIMIT ${limit}`;
  return [
    change(sql`DELETE FROM ${iotDeliveriesTable} WHERE (tenant_id, position) IN (${old})`),
    change(sql`DELETE FROM ${iotEventsTable} WHERE (tenant_id, position) IN (${old})`),
  ];
};
