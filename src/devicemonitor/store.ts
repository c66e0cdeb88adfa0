import { sql, type SQL } from "drizzle-orm";
import { columnsOf, into, type RowOf } from "../platform/columns.ts";
import { change, demand, firstRow, inJson, mapped, rows, type Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { addEventsFrom } from "../platform/outbox.ts";
import type { ALERT_MAIL, SERVER_MAIL } from "./events.ts";
import { FLAPPING_MS, UNKNOWN, type Folded, type Known } from "./fold.ts";
import {
  monitorAlertsTable,
  monitorDevicesTable,
  monitorLatestTable,
  monitorSilencedTable,
} from "./tables.ts";

const stateColumns = columnsOf(monitorDevicesTable, "revision, alerts_left, mails_left, counted_ms, folded");
const latestColumns = columnsOf(monitorLatestTable, "subject, level, changes, changes_since_ms, told");

const subjectsOf = (tenant: TenantId, device: DeviceId): SQL =>
  sql`SELECT count(*) FROM ${monitorLatestTable} WHERE tenant_id = ${tenant} AND device_id = ${device}`;

/** What is to be known before a batch of alerts: the state of the device, the subjects and alerts of the batch. */
export const knownStatements = (
  tenant: TenantId,
  device: DeviceId,
  { subjects, ids }: { subjects: readonly string[]; ids: readonly string[] },
  nowMs: number,
) =>
  [
    mapped(
      firstRow<RowOf<typeof stateColumns> & { subjects: number }>(sql`
        SELECT ${stateColumns}, (${subjectsOf(tenant, device)}) AS subjects FROM ${monitorDevicesTable}
        WHERE tenant_id = ${tenant} AND device_id = ${device}`),
      (row): Omit<Known, "latest" | "ids"> =>
        row
          ? {
              revision: row.revision,
              alertsLeft: row.alerts_left,
              mailsLeft: row.mails_left,
              countedMs: row.counted_ms,
              folded: row.folded,
              subjects: row.subjects,
            }
          : { ...UNKNOWN, countedMs: nowMs },
    ),
    mapped(
      rows<RowOf<typeof latestColumns>>(sql`
        SELECT ${latestColumns} FROM ${monitorLatestTable}
        WHERE tenant_id = ${tenant} AND device_id = ${device} AND ${inJson(sql`subject`, subjects)}`),
      (found): Known["latest"] =>
        new Map(
          found.map(({ subject, level, changes, changes_since_ms: changesSinceMs, told }) => [
            subject,
            { level, changes, changesSinceMs, told },
          ]),
        ),
    ),
    mapped(
      rows<{ alert_id: string }>(sql`
        SELECT alert_id FROM ${monitorAlertsTable}
        WHERE tenant_id = ${tenant} AND device_id = ${device} AND ${inJson(sql`alert_id`, ids)}`),
      (found): Known["ids"] => new Set(found.map(({ alert_id }) => alert_id)),
    ),
  ] as const;

export const CHANGED_MEANWHILE = "monitor-changed";

const isAt = (tenant: TenantId, device: DeviceId, revision: number): SQL => sql`
  coalesce((SELECT revision FROM ${monitorDevicesTable} WHERE tenant_id = ${tenant} AND device_id = ${device}), 0) = ${revision}`;

/** What a batch leaves behind. Fails as a whole if the device has sent another meanwhile. */
export function foldedStatements(
  tenant: TenantId,
  device: DeviceId,
  { kept, latest, state }: Folded,
  revision: number,
): Statement<unknown>[] {
  const nowMs = state.countedMs;
  return [
    demand(isAt(tenant, device, revision), CHANGED_MEANWHILE),
    change(sql`
      INSERT ${into(monitorDevicesTable, "tenant_id, device_id, revision, alerts_left, mails_left, counted_ms, folded")}
      VALUES (${tenant}, ${device}, 1, ${state.alertsLeft}, ${state.mailsLeft}, ${nowMs}, ${state.folded})
      ON CONFLICT (tenant_id, device_id) DO UPDATE SET revision = revision + 1, alerts_left = excluded.alerts_left,
        mails_left = excluded.mails_left, counted_ms = excluded.counted_ms, folded = excluded.folded`),
    change(sql`
      INSERT ${into(monitorAlertsTable, "tenant_id, device_id, alert_id, at_ms, received_ms, alert")}
      SELECT ${tenant}, ${device}, value ->> 'id', value ->> 'atMs', ${nowMs}, value -> 'alert'
      FROM json_each(${JSON.stringify(kept)}) WHERE true ON CONFLICT DO NOTHING`),
    change(sql`
      INSERT ${into(monitorLatestTable, "tenant_id, device_id, subject, alert_id, level, at_ms, received_ms, alert, changes, changes_since_ms, told")}
      SELECT ${tenant}, ${device}, value ->> 'subject', value ->> 'id', value ->> 'level', value ->> 'atMs', ${nowMs},
        value -> 'alert', value ->> 'changes', value ->> 'changesSinceMs', value ->> 'told'
      FROM json_each(${JSON.stringify(latest)}) WHERE true
      ON CONFLICT (tenant_id, device_id, subject) DO UPDATE SET alert_id = excluded.alert_id, level = excluded.level,
        at_ms = excluded.at_ms, received_ms = excluded.received_ms, alert = excluded.alert, changes = excluded.changes,
        changes_since_ms = excluded.changes_since_ms, told = excluded.told,
        acknowledged = CASE WHEN monitor_latest.level = excluded.level THEN monitor_latest.acknowledged END`),
  ];
}

const untoldColumns = columnsOf(monitorLatestTable, "device_id, subject, alert_id, level, alert");

export type UntoldRow = RowOf<typeof untoldColumns>;

/** Subjects that the world knows by another level, once they had the time to rest. */
export const untoldStatement = (tenant: TenantId, nowMs: number, limit: number): Statement<UntoldRow[]> =>
  rows<UntoldRow>(sql`
    SELECT ${untoldColumns} FROM ${monitorLatestTable}
    WHERE tenant_id = ${tenant} AND told IS NOT NULL AND changes_since_ms < ${nowMs - FLAPPING_MS} ORDER BY changes_since_ms LIMIT ${limit}`);

/** The world knows these by their level from here on. Fails if one of them has changed meanwhile. */
export function settleUntoldStatements(tenant: TenantId, untold: readonly UntoldRow[]): Statement<unknown>[] {
  const keys = JSON.stringify(
    untold.map(({ device_id, subject, alert_id, level }) => [device_id, subject, alert_id, level]),
  );
  const isAsRead = sql`tenant_id = ${tenant} AND (device_id, subject, alert_id, level) IN (
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(${keys})) AND told IS NOT NULL`;
  return [
    demand(
      sql`(SELECT count(*) FROM ${monitorLatestTable} WHERE ${isAsRead}) = ${untold.length}`,
      CHANGED_MEANWHILE,
    ),
    change(sql`UPDATE ${monitorLatestTable} SET told = NULL WHERE ${isAsRead}`),
  ];
}

/** How many things of a device are not as they should be. */
export const openAlerts = (tenant: TenantId, device: DeviceId): SQL =>
  sql`SELECT count(*) FROM ${monitorLatestTable} WHERE tenant_id = ${tenant} AND device_id = ${device} AND level <> 'OK'`;

/** Replaces what a device checks; `condition` holds for whom may say so. */
export const setChecksStatement = (
  tenant: TenantId,
  device: DeviceId,
  checks: string,
  { atMs, condition }: { atMs: number; condition: SQL },
): Statement<number> =>
  change(sql`
    INSERT ${into(monitorDevicesTable, "tenant_id, device_id, revision, checks, alerts_left, mails_left, counted_ms")}
    SELECT ${tenant}, ${device}, 1, ${checks}, ${UNKNOWN.alertsLeft}, ${UNKNOWN.mailsLeft}, ${atMs} WHERE ${condition}
    ON CONFLICT (tenant_id, device_id) DO UPDATE SET checks = excluded.checks WHERE checks <> excluded.checks`);

export const checksStatement = (tenant: TenantId, device: DeviceId): Statement<string> =>
  mapped(
    firstRow<{ checks: string }>(
      sql`SELECT checks FROM ${monitorDevicesTable} WHERE tenant_id = ${tenant} AND device_id = ${device}`,
    ),
    (row) => row?.checks ?? "[]",
  );

const alertColumns = columnsOf(monitorAlertsTable, "device_id, alert_id, alert");

export type AlertRow = RowOf<typeof alertColumns>;

export interface AlertWindow {
  /** Bounds in milliseconds, both exclusive. */
  beforeMs: number | undefined;
  afterMs: number | undefined;
  limit: number;
  offset: number;
}

const inWindow = ({ beforeMs, afterMs }: AlertWindow): SQL => sql`
  at_ms < ${beforeMs ?? Number.MAX_SAFE_INTEGER} AND at_ms > ${afterMs ?? -1}`;

export const alertsStatement = (
  tenant: TenantId,
  device: DeviceId,
  window: AlertWindow,
  ascending: boolean,
): Statement<AlertRow[]> => {
  const direction = sql.raw(ascending ? "ASC" : "DESC");
  return rows<AlertRow>(sql`
    SELECT ${alertColumns} FROM ${monitorAlertsTable}
    WHERE tenant_id = ${tenant} AND device_id = ${device} AND ${inWindow(window)}
    ORDER BY at_ms ${direction}, alert_id ${direction} LIMIT ${window.limit} OFFSET ${window.offset}`);
};

/** What is kept of one device is bounded, and so is this. */
export const countAlertsStatement = (
  tenant: TenantId,
  device: DeviceId,
  window: AlertWindow,
): Statement<number> =>
  mapped(
    firstRow<{ total: number }>(sql`
      SELECT count(*) AS total FROM ${monitorAlertsTable}
      WHERE tenant_id = ${tenant} AND device_id = ${device} AND ${inWindow(window)}`),
    (row) => row?.total ?? 0,
  );

/** The last alert of each subject, oldest first; those that are open, or all. */
export const latestStatement = (
  tenant: TenantId,
  device: DeviceId,
  window: AlertWindow,
  isAll: boolean,
): Statement<AlertRow[]> =>
  rows<AlertRow>(sql`
    SELECT ${alertColumns} FROM ${monitorLatestTable}
    WHERE tenant_id = ${tenant} AND device_id = ${device} AND ${inWindow(window)} ${isAll ? sql`` : sql`AND level <> 'OK'`}
    ORDER BY at_ms, received_ms, subject LIMIT ${window.limit} OFFSET ${window.offset}`);

export const alertsByIdStatement = (
  tenant: TenantId,
  device: DeviceId,
  ids: readonly string[],
): Statement<AlertRow[]> =>
  rows<AlertRow>(sql`
    SELECT ${alertColumns} FROM ${monitorAlertsTable}
    WHERE tenant_id = ${tenant} AND device_id = ${device} AND ${inJson(sql`alert_id`, ids)} ORDER BY received_ms, at_ms`);

export interface OpenCount {
  device_id: string;
  open: number;
  total: number;
}

/** Open subjects, and all, of the devices. */
export const countsStatement = (tenant: TenantId, devices: readonly string[]): Statement<OpenCount[]> =>
  rows<OpenCount>(sql`
    SELECT device_id, sum(level <> 'OK') AS open, count(*) AS total FROM ${monitorLatestTable}
    WHERE tenant_id = ${tenant} AND ${inJson(sql`device_id`, devices)} GROUP BY device_id`);

/** Devices among these with a subject that is open and was told of since then. */
export const alertedSinceStatement = (
  tenant: TenantId,
  devices: readonly string[],
  sinceMs: number,
): Statement<{ device_id: DeviceId }[]> =>
  rows(sql`
    SELECT DISTINCT device_id FROM ${monitorLatestTable}
    WHERE tenant_id = ${tenant} AND ${inJson(sql`device_id`, devices)} AND level <> 'OK' AND received_ms > ${sinceMs}`);

const TABLES = [monitorAlertsTable, monitorLatestTable, monitorDevicesTable];

export const removeDeviceAlertsStatements = (tenant: TenantId, device: DeviceId): Statement<number>[] =>
  TABLES.map((table) =>
    change(sql`DELETE FROM ${table} WHERE tenant_id = ${tenant} AND device_id = ${device}`),
  );

export const removeTenantAlertsStatements = (tenant: TenantId): Statement<number>[] =>
  [...TABLES, monitorSilencedTable].map((table) =>
    change(sql`DELETE FROM ${table} WHERE tenant_id = ${tenant}`),
  );

/** Alerts that came long ago. */
export const forgetAlertsStatement = (beforeMs: number, limit: number): Statement<number> =>
  change(sql`
    DELETE FROM ${monitorAlertsTable} WHERE (tenant_id, device_id, alert_id) IN (
      SELECT tenant_id, device_id, alert_id FROM ${monitorAlertsTable} WHERE received_ms < ${beforeMs} ORDER BY received_ms LIMIT ${limit})`);

/** Stands for everybody. */
const EVERYBODY = "";

/** A user, or everybody of the tenant. */
export const silenceStatement = (
  tenant: TenantId,
  user: string | undefined,
  isSilent: boolean,
): Statement<number> =>
  isSilent
    ? change(sql`
        INSERT ${into(monitorSilencedTable, "tenant_id, user_id")} VALUES (${tenant}, ${user ?? EVERYBODY}) ON CONFLICT DO NOTHING`)
    : change(sql`
        DELETE FROM ${monitorSilencedTable} WHERE tenant_id = ${tenant} AND user_id = ${user ?? EVERYBODY}`);

/** Who wants no mails; with `everybody` nobody does. */
export const silencedStatement = (
  tenant: TenantId,
): Statement<{ everybody: boolean; users: ReadonlySet<string> }> =>
  mapped(
    rows<{ user_id: string }>(sql`SELECT user_id FROM ${monitorSilencedTable} WHERE tenant_id = ${tenant}`),
    (found) => {
      const users = new Set(found.map(({ user_id }) => user_id));
      return { everybody: users.has(EVERYBODY), users };
    },
  );

/** Records a mail to be sent for each of the list. */
export const mailEventsStatement = (
  tenant: TenantId,
  { kind, subject }: { kind: typeof ALERT_MAIL | typeof SERVER_MAIL; subject: string },
  mails: readonly object[],
  atMs: number,
): Statement<number> =>
  addEventsFrom(
    {
      kind,
      tenant,
      source: sql`SELECT ${subject} AS subject, value AS data FROM json_each(${JSON.stringify(mails)})`,
    },
    atMs,
  );
