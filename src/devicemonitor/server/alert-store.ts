import { sql, type SQL } from "drizzle-orm";
import { devicesInReach, devicesTable, inventoryDevicesTable } from "../../devices/index.ts";
import { columnsOf, into, type RowOf } from "../../platform/columns.ts";
import { change, firstRow, mapped, rows, type Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import type { DeviceReach } from "../../platform/reach.ts";
import { addEvent } from "../../platform/outbox.ts";
import { SERVER_ALERTS } from "../events.ts";
import { mailsAfter, UNKNOWN } from "../fold.ts";
import { isOfDevices, SERVER_KINDS, type ServerKind } from "../rules.ts";
import { monitorDevicesTable, monitorLatestTable, serverAlertsTable } from "../tables.ts";

const serverColumns = columnsOf(serverAlertsTable, "raised_ms, kind, object, level, text, acknowledged");

export type ServerAlertRow = RowOf<typeof serverColumns>;

/** What is open, but for silent devices: those are known to the tenant's head. */
export const openStatement = (tenant: TenantId): Statement<ServerAlertRow[]> =>
  rows<ServerAlertRow>(sql`
    SELECT ${serverColumns} FROM ${serverAlertsTable} INDEXED BY server_alerts_by_object
    WHERE tenant_id = ${tenant} AND kind <> 'silent'`);

/** Silent devices are counted up to this many. */
export const SILENT_COUNTED = 200;

export interface KindCount {
  kind: ServerKind;
  alerts: number;
  since_ms: number;
}

/** How many alerts of each kind are open that nobody has acknowledged. Of silence those raised since then. */
export const openKindsStatement = (tenant: TenantId, silentSinceMs: number): Statement<KindCount[]> =>
  rows<KindCount>(sql`
    SELECT kind, COUNT(*) AS alerts, MIN(raised_ms) AS since_ms
    FROM ${serverAlertsTable} INDEXED BY server_alerts_by_object
    WHERE tenant_id = ${tenant} AND kind <> 'silent' AND acknowledged IS NULL GROUP BY kind
    UNION ALL
    SELECT kind, COUNT(*), MIN(raised_ms) FROM (
      SELECT kind, raised_ms FROM ${serverAlertsTable}
      WHERE tenant_id = ${tenant} AND raised_ms >= ${silentSinceMs} AND kind = 'silent' AND acknowledged IS NULL
      ORDER BY raised_ms DESC LIMIT ${SILENT_COUNTED})
    GROUP BY kind`);

export type NewAlert = Pick<ServerAlertRow, "kind" | "object" | "level" | "text">;

/** One row for each. */
export const raiseStatement = (
  tenant: TenantId,
  alerts: readonly NewAlert[],
  atMs: number,
): Statement<number> =>
  change(sql`
    INSERT ${into(serverAlertsTable, "tenant_id, raised_ms, kind, object, level, text")}
    SELECT ${tenant}, ${atMs}, value ->> 'kind', value ->> 'object', value ->> 'level', value ->> 'text'
    FROM json_each(${JSON.stringify(alerts)}) WHERE true ON CONFLICT DO NOTHING`);

export type AlertKey = Pick<ServerAlertRow, "raised_ms" | "kind" | "object">;

const keysOf = (keys: readonly AlertKey[]): string =>
  JSON.stringify(keys.map(({ raised_ms: at, kind, object }) => [at, kind, object]));

const isAmong = (keys: readonly AlertKey[]): SQL => sql`(raised_ms, kind, object) IN (
  SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(${keysOf(keys)}))`;

/** Alerts that were raised within the seconds of these keys: the head of a tenant knows no smaller part of time. */
export const amongStatement = (tenant: TenantId, keys: readonly AlertKey[]): Statement<ServerAlertRow[]> =>
  rows<ServerAlertRow>(sql`
    SELECT ${serverColumns} FROM json_each(${keysOf(keys)}) k CROSS JOIN ${serverAlertsTable}
    WHERE tenant_id = ${tenant} AND raised_ms >= k.value ->> 0 AND raised_ms < (k.value ->> 0) + 1000 AND kind = k.value ->> 1 AND object = k.value ->> 2`);

export const clearStatement = (tenant: TenantId, keys: readonly AlertKey[]): Statement<number> =>
  change(sql`DELETE FROM ${serverAlertsTable} WHERE tenant_id = ${tenant} AND ${isAmong(keys)}`);

export interface PlacedDevice {
  device_id: DeviceId;
  group: string | null;
}

/** Those of the devices that are accepted, with their groups. */
export const acceptedAmongStatement = (
  tenant: TenantId,
  devices: readonly string[],
): Statement<PlacedDevice[]> =>
  rows<PlacedDevice>(sql`
    SELECT d.device_id, i.group_name AS "group" FROM json_each(${JSON.stringify(devices)}) o
    CROSS JOIN ${devicesTable} d ON d.tenant_id = ${tenant} AND d.device_id = o.value
    LEFT JOIN ${inventoryDevicesTable} i ON i.tenant_id = ${tenant} AND i.device_id = o.value
    WHERE d.status = 'accepted'`);

/** An alert among those of all tenants. */
export interface AlertPlace {
  tenant_id: string;
  raised_ms: number;
  kind: string;
  object: string;
}

export const BEFORE_ALL: AlertPlace = { tenant_id: "", raised_ms: 0, kind: "", object: "" };

const alertsAfter = ({ tenant_id: tenant, raised_ms: atMs, kind, object }: AlertPlace): SQL => sql`
  SELECT tenant_id, raised_ms, kind, object FROM ${serverAlertsTable}
  WHERE (tenant_id, raised_ms, kind, object) > (${tenant}, ${atMs}, ${kind}, ${object})
  ORDER BY tenant_id, raised_ms, kind, object`;

/** The last of so many alerts after a place; undefined if there are not as many. */
export const alertsEndStatement = (after: AlertPlace, size: number): Statement<AlertPlace | undefined> =>
  firstRow<AlertPlace>(sql`${alertsAfter(after)} LIMIT 1 OFFSET ${size - 1}`);

/** Of so many alerts after a place those about devices that are gone or not accepted any more. */
export const forgetGoneStatement = (after: AlertPlace, size: number, limit: number): Statement<number> =>
  change(sql`
    DELETE FROM ${serverAlertsTable} WHERE (tenant_id, raised_ms, kind, object) IN (
      SELECT s.tenant_id, s.raised_ms, s.kind, s.object FROM (${alertsAfter(after)} LIMIT ${size}) s
      WHERE s.kind IN (${ofDevices}) AND NOT EXISTS (
        SELECT 1 FROM ${devicesTable} d
        WHERE d.tenant_id = s.tenant_id AND d.device_id = s.object AND d.status = 'accepted') LIMIT ${limit})`);

const ofDevices = sql.raw(
  SERVER_KINDS.filter(isOfDevices)
    .map((kind) => `'${kind}'`)
    .join(", "),
);

/** What may still be mailed about a tenant, as of a device (`fold.ts`): the row that names none. */
const NO_DEVICE = "";

export const mailsLeftStatement = (tenant: TenantId, nowMs: number): Statement<number> =>
  mapped(
    firstRow<{ mails_left: number; counted_ms: number }>(sql`
      SELECT mails_left, counted_ms FROM ${monitorDevicesTable}
      WHERE tenant_id = ${tenant} AND device_id = ${NO_DEVICE}`),
    (row) => mailsAfter(row?.mails_left ?? UNKNOWN.mailsLeft, nowMs - (row?.counted_ms ?? nowMs)),
  );

/** Takes one of the mails that are left, and records what it is to tell. */
export const mailStatements = (
  tenant: TenantId,
  data: Record<string, unknown>,
  { left, nowMs }: { left: number; nowMs: number },
): Statement<number>[] => [
  change(sql`
    INSERT ${into(monitorDevicesTable, "tenant_id, device_id, revision, alerts_left, mails_left, counted_ms")}
    VALUES (${tenant}, ${NO_DEVICE}, 1, ${UNKNOWN.alertsLeft}, ${left - 1}, ${nowMs})
    ON CONFLICT (tenant_id, device_id) DO UPDATE SET mails_left = excluded.mails_left, counted_ms = excluded.counted_ms`),
  addEvent({ kind: SERVER_ALERTS, tenant, subject: tenant, data }, nowMs),
];

/** Where a list goes on: after what was told at this time, with these keys. */
export interface Place {
  atMs: number;
  source: "server" | "device";
  first: string;
  second: string;
}

const LAST = "\u{10FFFF}";

interface OpenAlert {
  at_ms: number;
  level: string;
  text: string;
  acknowledged: string | null;
  group: string | null;
}

export interface OpenOfServer extends OpenAlert {
  source: "server";
  kind: ServerKind;
  object: string;
  /** Whether the device that it is about is there. */
  known: number;
}

export interface OpenOfDevice extends OpenAlert {
  source: "device";
  device_id: DeviceId;
  subject: string;
}

/** Open alerts of the server before a place, the newest first. At one time they come before those of devices. */
export const openOfServerStatement = (
  tenant: TenantId,
  before: Place | undefined,
  limit: number,
): Statement<OpenOfServer[]> => {
  const { atMs, source, first, second } = before ?? START;
  const [kind, object] = source === "server" ? [first, second] : ["", ""];
  return rows<OpenOfServer>(sql`
    SELECT 'server' AS source, s.raised_ms AS at_ms, s.kind, s.object, s.level, s.text, s.acknowledged,
      i.group_name AS "group", s.kind NOT IN (${ofDevices}) OR coalesce(d.status = 'accepted', 0) AS known
    FROM ${serverAlertsTable} s
    LEFT JOIN ${devicesTable} d ON d.tenant_id = ${tenant} AND d.device_id = s.object AND s.kind IN (${ofDevices})
    LEFT JOIN ${inventoryDevicesTable} i ON i.tenant_id = ${tenant} AND i.device_id = s.object AND s.kind IN (${ofDevices})
    WHERE s.tenant_id = ${tenant} AND (s.raised_ms, s.kind, s.object) < (${atMs}, ${kind}, ${object})
    ORDER BY s.raised_ms DESC, s.kind DESC, s.object DESC LIMIT ${limit}`);
};

const START: Place = { atMs: Number.MAX_SAFE_INTEGER, source: "server", first: LAST, second: LAST };

/** Open alerts of devices before a place, the newest first. */
export const openOfDevicesStatement = (
  tenant: TenantId,
  before: Place | undefined,
  limit: number,
): Statement<OpenOfDevice[]> => {
  const { atMs, source, first, second } = before ?? START;
  const [device, subject] = source === "device" ? [first, second] : [LAST, LAST];
  return rows<OpenOfDevice>(sql`
    SELECT 'device' AS source, l.received_ms AS at_ms, l.device_id, l.subject, l.level, l.alert ->> 'name' AS text, l.acknowledged,
      i.group_name AS "group"
    FROM ${monitorLatestTable} l INDEXED BY monitor_latest_open
    LEFT JOIN ${inventoryDevicesTable} i ON i.tenant_id = ${tenant} AND i.device_id = l.device_id
    WHERE l.tenant_id = ${tenant} AND l.level <> 'OK'
      AND (l.received_ms, l.device_id, l.subject) < (${atMs}, ${device}, ${subject})
    ORDER BY l.received_ms DESC, l.device_id DESC, l.subject DESC LIMIT ${limit}`);
};

/** Says who has seen open alerts of the server, within reach; null takes it back. */
export const acknowledgeServerStatement = (
  tenant: TenantId,
  keys: readonly AlertKey[],
  acknowledged: string | null,
  reach: DeviceReach,
): Statement<number> =>
  change(sql`
    UPDATE ${serverAlertsTable} SET acknowledged = ${acknowledged}
    WHERE tenant_id = ${tenant} AND ${isAmong(keys)} AND acknowledged IS NOT ${acknowledged} AND CASE
      WHEN kind IN (${ofDevices}) THEN ${devicesInReach(tenant, sql`object`, reach)} ELSE ${Number(reach === "all")} END`);

export const acknowledgeDevicesStatement = (
  tenant: TenantId,
  keys: readonly { device: string; subject: string }[],
  acknowledged: string | null,
  reach: DeviceReach,
): Statement<number> =>
  change(sql`
    UPDATE ${monitorLatestTable} SET acknowledged = ${acknowledged}
    WHERE tenant_id = ${tenant} AND level <> 'OK' AND acknowledged IS NOT ${acknowledged}
      AND (device_id, subject) IN (
        SELECT value ->> 0, value ->> 1 FROM json_each(${JSON.stringify(keys.map(({ device, subject }) => [device, subject]))}))
      AND ${devicesInReach(tenant, sql`${monitorLatestTable}.device_id`, reach)}`);
