import { sql, type SQL } from "drizzle-orm";
import type { DeviceId } from "../../platform/ids.ts";
import { deviceNumber } from "../rollout/order.ts";
import { ACTIVE_STATUSES, counterColumn, STATUS_CODES } from "../status.ts";
import { attribute, budgetValue, inBudget } from "./budgets.ts";
import { deploymentPhasesTable, deploymentRulesTable, deploymentWindowsTable } from "../rollout-tables.ts";
import { deploymentCountersTable } from "../tables.ts";

/**
 * What decides whether a device may join a governed deployment now, as parts of the joining statement: `c` is the row of
 * deployment_counters. Counters change in the same transaction, so that parallel checks never go beyond a budget.
 */

const MINUTE_MS = 60_000;

export const minuteOf = (atMs: number): number => Math.floor(atMs / MINUTE_MS);

/** Where the device stands in the order of the rules `r`. Numbers are handed over as floats, which cannot hold the product. */
const place = (device: DeviceId): SQL => sql`
  CASE WHEN r.canaries IS NOT NULL AND instr(r.canaries, ${JSON.stringify(device)}) > 0 THEN -1
    ELSE (CAST(${deviceNumber(device)} AS INTEGER) * r.salt) & 2147483647 END`;

/** The first phase that has a place for the device. */
const fitting = (device: DeviceId): SQL => sql`
  SELECT p.phase, p.opens_ms FROM ${deploymentRulesTable} r
  JOIN ${deploymentPhasesTable} p ON p.tenant_id = r.tenant_id AND p.seq = r.seq
  WHERE r.tenant_id = c.tenant_id AND r.seq = c.seq AND (p.capacity IS NULL OR c.joined < p.capacity)
    AND (p.threshold IS NULL OR ${place(device)} <= p.threshold)
  ORDER BY p.phase LIMIT 1`;

/** Its number, if it is open. Phases open one after the other, so that none behind one that waits has to be looked at. */
export const phaseFor = (device: DeviceId, atMs: number): SQL => sql`(
  SELECT fit.phase FROM (${fitting(device)}) fit WHERE fit.opens_ms <= ${atMs})`;

/** When it opens. */
export const placeOpens = (device: DeviceId): SQL => sql`(SELECT fit.opens_ms FROM (${fitting(device)}) fit)`;

/** Devices that are at it. */
export const inProgress: SQL = sql.raw(
  `(${ACTIVE_STATUSES.map((status) => `c.${counterColumn(status)}`).join(" + ")})`,
);

const inWindow = (device: DeviceId, atMs: number): SQL => sql`(r.windowed = 0 OR ${isOpenNow(device, atMs)})`;

const isOpenNow = (device: DeviceId, atMs: number): SQL => sql`EXISTS (
  SELECT 1 FROM ${deploymentWindowsTable} w
  WHERE w.tenant_id = c.tenant_id AND w.seq = c.seq AND w.from_ms <= ${atMs} AND w.to_ms > ${atMs}
    AND w.zone = CASE WHEN r.zone_path IS NULL THEN '' ELSE coalesce(${zoneOf(device)}, '') END)`;

/**
 * Of a device that is at the deployment in `dd`: 1 if it has to wait with the installation for its window, 0 if it may install
 * now, null if nobody may begin before.
 */
export const waitsToInstall = (device: DeviceId, atMs: number): SQL => sql`(
  SELECT NOT ${isOpenNow(device, atMs)} FROM ${deploymentRulesTable} r
  JOIN ${deploymentCountersTable} c ON c.tenant_id = r.tenant_id AND c.seq = r.seq
  WHERE r.tenant_id = dd.tenant_id AND r.seq = dd.seq AND r.ahead = 1)`;

/**
 * The same of a device that may have been told to wait, although nobody else is any more: it must hear when to go on. One
 * that downloads learns nothing else of what a person set for it.
 */
export const stillWaitsToInstall = (device: DeviceId, atMs: number): SQL => sql`(
  SELECT CASE WHEN r.ahead = 1 OR dd.status = ${STATUS_CODES.pause_before_installing} THEN NOT ${inWindow(device, atMs)}
    WHEN dd.status = ${STATUS_CODES.downloading} AND d.update_control_map IS NULL THEN 0 END FROM ${deploymentRulesTable} r
  JOIN ${deploymentCountersTable} c ON c.tenant_id = r.tenant_id AND c.seq = r.seq
  WHERE r.tenant_id = dd.tenant_id AND r.seq = dd.seq)`;

/** The zone that the device tells, if the windows know it. */
const zoneOf = (device: DeviceId): SQL => sql`(
  SELECT z.zone FROM ${deploymentWindowsTable} z WHERE z.tenant_id = c.tenant_id AND z.seq = c.seq
    AND z.zone = ${attribute(device, sql`r.zone_path`)})`;

/**
 * Everything that decides; `suits` tells which artifacts `a` may be the device's, as far as that is known, `size` which of them
 * has to have room, and `canWait` whether the device can wait with the installation.
 */
export const mayJoin = (
  device: DeviceId,
  atMs: number,
  { suits = sql`1`, size, canWait = false }: { suits?: SQL; size?: SQL; canWait?: boolean | undefined } = {},
): SQL => sql`(c.paused_ms IS NULL AND (c.governed = 0 OR (
  (c.targeted = 1 OR c.dynamic = 1) AND ${phaseFor(device, atMs)} IS NOT NULL AND EXISTS (
    SELECT 1 FROM ${deploymentRulesTable} r WHERE r.tenant_id = c.tenant_id AND r.seq = c.seq
      AND (r.per_minute IS NULL OR c.pace_minute <> ${minuteOf(atMs)} OR c.pace_count < r.per_minute)
      AND (r.at_once IS NULL OR ${inProgress} < r.at_once)
      AND ${inBudget(device, atMs, suits, size)} AND ${canWait ? sql`(r.ahead = 1 OR ${inWindow(device, atMs)})` : inWindow(device, atMs)}))))`;

const ofRules = (what: SQL): SQL => sql`(
  SELECT ${what} FROM ${deploymentRulesTable} r WHERE r.tenant_id = c.tenant_id AND r.seq = c.seq)`;

/** What of the rules keeps the device now, as columns of their own: each 1 if it does, null without such a rule. */
export const obstacles = (device: DeviceId, atMs: number): SQL => sql`
  ${ofRules(sql`NOT ${inWindow(device, atMs)}`)} AS window_closed,
  (SELECT w.from_ms FROM ${deploymentWindowsTable} w, ${deploymentRulesTable} r
    WHERE w.tenant_id = c.tenant_id AND w.seq = c.seq AND w.to_ms > ${atMs} AND r.tenant_id = c.tenant_id AND r.seq = c.seq
      AND w.zone = CASE WHEN r.zone_path IS NULL THEN '' ELSE coalesce(${zoneOf(device)}, '') END) AS window_opens_ms,
  ${ofRules(sql`r.at_once <= ${inProgress}`)} AS at_once_full,
  ${ofRules(sql`c.pace_minute = ${minuteOf(atMs)} AND r.per_minute <= c.pace_count`)} AS pace_spent,
  ${ofRules(sql`NOT ${inBudget(device, atMs, sql`1`)}`)} AS budget_full, ${budgetValue(device)} AS budget_value`;

/** Whether nobody else may join for a while. */
export const isFull = (atMs: number): SQL => sql`(EXISTS (
    SELECT 1 FROM ${deploymentPhasesTable} p
    WHERE p.tenant_id = c.tenant_id AND p.seq = c.seq AND p.capacity = c.joined)
  OR EXISTS (
    SELECT 1 FROM ${deploymentRulesTable} r WHERE r.tenant_id = c.tenant_id AND r.seq = c.seq
      AND (r.at_once <= ${inProgress} OR (c.pace_minute = ${minuteOf(atMs)} AND r.per_minute <= c.pace_count))))`;

/** Whether a device that is through has made room for another. */
export const madeRoom: SQL = sql`EXISTS (
  SELECT 1 FROM ${deploymentRulesTable} r WHERE r.tenant_id = c.tenant_id AND r.seq = c.seq AND r.at_once = ${inProgress} + 1)`;
