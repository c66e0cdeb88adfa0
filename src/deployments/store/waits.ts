import { sql, type SQL } from "drizzle-orm";
import type { Wait } from "../../platform/contacts.ts";
import { alteringIfFound, firstRow, mapped, type Statement } from "../../platform/database.ts";
import type { Beside } from "../../devices/index.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { NEVER_MS } from "../limits.ts";
import { deploymentRulesTable } from "../rollout-tables.ts";
import { deploymentCountersTable, deviceDeploymentsTable } from "../tables.ts";
import { currentSeq, hasMoreOpen, openSeq, plainSeq, type Asking } from "./assignment.ts";
import { placeName } from "./budgets.ts";
import { mayJoin, obstacles, placeOpens } from "./joining.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

interface Found {
  seq: number | null;
  queued_ms: number | null;
  retry_ms: number | null;
  wide_ms: number | null;
  phase_ms: number | null;
  window_opens_ms: number | null;
  pace_spent: number | null;
  budget_full: number | null;
  budget_value: string | null;
}

/** Whose times, and after which. */
type Whose = Pick<Asking, "tenant" | "device" | "atMs">;

/** What time alone changes for a device that waits in no deployment with rules. */
const nextTimes = ({ tenant, device, atMs }: Whose): SQL => sql`(
        SELECT min(q.opens_ms) FROM ${deviceDeploymentsTable} q INDEXED BY device_deployments_active
        WHERE ${ownActive(tenant, device)} AND q.status = 0 AND q.opens_ms > ${atMs}) AS queued_ms, (
        SELECT min(q.retry_ms) FROM ${deviceDeploymentsTable} q INDEXED BY device_deployments_active
        WHERE ${ownActive(tenant, device)} AND q.awaits_retry = 1 AND q.retry_ms > ${atMs}) AS retry_ms, (
        SELECT min(w.opens_ms) FROM ${deploymentCountersTable} w INDEXED BY deployment_counters_wide
        WHERE w.tenant_id = ${tenant} AND w.wide_open = 1 AND w.opens_ms > ${atMs}) AS wide_ms`;

const ownActive = (tenant: TenantId, device: DeviceId): SQL =>
  sql`q.tenant_id = ${tenant} AND q.device_id = ${device} AND q.active = 1`;

/** The device is in the middle of a deployment, and waits for its next attempt in it or not. */
const isAtOne = ({ tenant, device }: Asking, awaitsRetry: 0 | 1): SQL => sql`EXISTS (
    SELECT 1 FROM ${deviceDeploymentsTable} q
    WHERE ${ownActive(tenant, device)} AND q.seq = (${currentSeq(tenant, device)}) AND q.awaits_retry = ${awaitsRetry})`;

export type Times = Pick<Found, "queued_ms" | "retry_ms" | "wide_ms">;

/** What is known before a device joins by lists and openings alone. */
export interface PlainRow extends Times {
  one: 1;
  /** 1 if what is open cannot be given so. */
  more: 1 | null;
  /** A deployment that it can join, or is in the middle of, if that was asked for. */
  next: number | null;
  current: number | null;
}

/**
 * For a device at the deployment in `dd` that is about to end its part: whether there is anything else for it, and when there
 * may be.
 */
export const elseFor = (asking: Whose): SQL => sql`
  coalesce((${hasMoreOpen(asking.tenant)}), (${plainSeq(asking)}), (
    SELECT o.seq FROM ${deviceDeploymentsTable} o INDEXED BY device_deployments_active
    WHERE o.tenant_id = ${asking.tenant} AND o.device_id = ${asking.device} AND o.active = 1 AND o.status > 0
      AND o.seq <> dd.seq LIMIT 1)) AS other, ${nextTimes(asking)}`;

/** With `looking`, tells whether there is anything at all; most that join need not ask. */
export const beforeJoining = (asking: Asking, { looking }: { looking: boolean }): Beside<PlainRow> => ({
  query: sql`
      SELECT 1 AS one, (${hasMoreOpen(asking.tenant)}) AS more, ${
        looking
          ? sql`(${plainSeq(asking)}) AS next, (${currentSeq(asking.tenant, asking.device)}) AS current`
          : sql`NULL AS next, NULL AS current`
      }, ${nextTimes(asking)}`,
  key: "one",
});

/** For a device that is given nothing by lists and openings: it waits for one of these times. */
export const plainWait = ({ queued_ms, retry_ms, wide_ms }: Times, atMs: number): Wait => ({
  untilMs: untilMs([queued_ms, retry_ms, wide_ms], atMs),
  room: undefined,
});

/**
 * Until when a device surely gets nothing that has just got nothing, unless something is told: it waits for its next
 * attempt, there is nothing open for it, or what keeps it from what is open does so whatever it is. All that time alone
 * can change is looked at.
 */
export const waitOf = (asking: Asking): Statement<Wait | undefined> => {
  const { tenant, device, atMs, matched, canWait } = asking;
  const found = firstRow<Found>(sql`
    SELECT c.seq, ${nextTimes(asking)}, ${placeOpens(device)} AS phase_ms, ${obstacles(device, atMs)}
    FROM (SELECT 1) one
    LEFT JOIN ${deploymentCountersTable} c ON c.tenant_id = ${tenant} AND c.seq = (${openSeq(tenant, device, atMs, matched)})
    WHERE NOT ${isAtOne(asking, 0)}
      AND (c.seq IS NULL OR ${isAtOne(asking, 1)} OR NOT ${mayJoin(device, atMs, { size: sql.raw("min"), canWait })})`);
  return mapped(found, (row) => row && { untilMs: untilMs(timesOf(row, atMs), atMs), room: roomOf(row) });
};

function timesOf(row: Found, atMs: number): (number | null)[] {
  const nextOf = (unitMs: number) => (Math.floor(atMs / unitMs) + 1) * unitMs;
  return [
    row.queued_ms,
    row.retry_ms,
    row.wide_ms,
    row.phase_ms,
    row.window_opens_ms,
    row.pace_spent === 1 ? nextOf(MINUTE_MS) : null,
    row.budget_full === 1 ? nextOf(DAY_MS) : null,
  ];
}

const untilMs = (times: readonly (number | null)[], atMs: number): number =>
  Math.min(NEVER_MS, ...times.filter((ms) => ms !== null && ms > atMs).map(Number));

const roomOf = ({ seq, budget_value: value }: Found): string | undefined =>
  seq === null || value === null ? undefined : placeName(seq, value);

/** A row if a deployment is open that looks at attributes of devices when they ask. */
export const choosesByAttributes = ({
  tenant,
  device,
}: {
  tenant: TenantId;
  device: DeviceId;
}): Statement<unknown>[] => [
  alteringIfFound(
    { tenant, what: { kind: "moved", devices: [device] } },
    firstRow(sql`
      SELECT 1 AS chooses FROM ${deploymentCountersTable} c INDEXED BY deployment_counters_wide
      WHERE c.tenant_id = ${tenant} AND c.wide_open = 1 AND (c.dynamic = 1 OR (c.governed = 1 AND EXISTS (
        SELECT 1 FROM ${deploymentRulesTable} r WHERE r.tenant_id = c.tenant_id AND r.seq = c.seq
          AND (r.budget_path IS NOT NULL OR r.zone_path IS NOT NULL)))) LIMIT 1`),
  ),
];
