import { sql, type SQL } from "drizzle-orm";
import { inventoryDevicesTable } from "../../devices/index.ts";
import { into } from "../../platform/columns.ts";
import { alteringByRow, change, rows, type Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { deploymentBudgetsTable, deploymentRulesTable } from "../rollout-tables.ts";
import { deploymentArtifactsTable, deviceDeploymentsTable } from "../tables.ts";

/**
 * What devices that have a value of an attribute in common may take together, as parts of the joining statement: `c` is the
 * row of deployment_counters, `r` its rules.
 */

const DAY_MS = 86_400_000;

const dayOf = (atMs: number): number => Math.floor(atMs / DAY_MS);

/** An attribute of the device by a path of the rules `r`: one stored, or the static group. */
export const attribute = (device: DeviceId, path: SQL): SQL => sql`(
  SELECT CASE WHEN ${path} = 'group' THEN i.group_name ELSE json_extract(i.attributes, ${path}) END
  FROM ${inventoryDevicesTable} i WHERE i.tenant_id = c.tenant_id AND i.device_id = ${device})`;

const valueOf = (device: DeviceId): SQL =>
  sql`coalesce(CAST(${attribute(device, sql`r.budget_path`)} AS TEXT), '')`;

/** What the device shares a budget with; those without the attribute share one. Null without such a budget. */
export const budgetValue = (device: DeviceId): SQL => sql`(
  SELECT CASE WHEN r.budget_path IS NOT NULL THEN ${valueOf(device)} END
  FROM ${deploymentRulesTable} r WHERE r.tenant_id = c.tenant_id AND r.seq = c.seq)`;

/** Whether the row of a value has room; a value that nobody has taken from has no row. */
const taken = (device: DeviceId, isTaken: SQL): SQL => sql`EXISTS (
  SELECT 1 FROM ${deploymentBudgetsTable} b
  WHERE b.tenant_id = c.tenant_id AND b.seq = c.seq AND b.value = ${valueOf(device)} AND ${isTaken})`;

/** Whether there is room for the device and the largest of the artifacts `a` that suit it, or the smallest by `size`. */
export const inBudget = (
  device: DeviceId,
  atMs: number,
  suits: SQL,
  size = sql.raw("max"),
): SQL => sql`(r.budget_path IS NULL OR (
  (r.budget_at_once IS NULL OR NOT ${taken(device, sql`b.devices >= r.budget_at_once`)})
  AND (r.budget_bytes IS NULL OR NOT ${taken(
    device,
    sql`b.day = ${dayOf(atMs)} AND b.bytes + (
      SELECT coalesce(${size}(a.size), 0) FROM ${deploymentArtifactsTable} a
      WHERE a.tenant_id = c.tenant_id AND a.seq = c.seq AND ${suits}) > r.budget_bytes`,
  )})))`;

/** Takes its part for a device that joined, if the statement before counted it. */
export const takeBudget = (tenant: TenantId, device: DeviceId, seq: SQL, atMs: number): Statement<number> =>
  change(sql`
    INSERT ${into(deploymentBudgetsTable, "tenant_id, seq, value, devices, day, bytes")}
    SELECT dd.tenant_id, dd.seq, dd.budget_value, 1, ${dayOf(atMs)}, coalesce((
      SELECT a.size FROM ${deploymentArtifactsTable} a
      WHERE a.tenant_id = dd.tenant_id AND a.seq = dd.seq AND a.artifact_id = dd.artifact_id), 0)
    FROM ${deviceDeploymentsTable} dd
    WHERE changes() > 0 AND dd.tenant_id = ${tenant} AND dd.device_id = ${device} AND dd.budget_value IS NOT NULL AND dd.seq = (${seq})
    ON CONFLICT DO UPDATE SET devices = devices + 1,
      bytes = iif(day = excluded.day, bytes, 0) + excluded.bytes, day = excluded.day`);

interface Left {
  seq: number;
  value: string;
  made_room: number;
}

/**
 * Gives back the place of a device whose part ends; `moving` are its rows as they are before that. Those who found the
 * budget full may ask again.
 */
export const leaveBudget = (tenant: TenantId, moving: SQL): Statement<Left[]> =>
  alteringByRow(
    ({ seq, value, made_room: madeRoom }) =>
      madeRoom === 1 ? { tenant, what: { kind: "room", room: placeName(seq, value) } } : undefined,
    rows(sql`
      UPDATE ${deploymentBudgetsTable} SET devices = max(0, devices - 1) FROM (${moving}) m
      WHERE tenant_id = ${tenant} AND ${deploymentBudgetsTable}.seq = m.seq AND value = m.budget_value AND m.status > 0
      RETURNING seq, value, devices = (
        SELECT r.budget_at_once - 1 FROM ${deploymentRulesTable} r
        WHERE r.tenant_id = ${tenant} AND r.seq = ${deploymentBudgetsTable}.seq) AS made_room`),
  );

/** What devices wait for that find the budget of their value full. */
export const placeName = (seq: number, value: string): string => `${seq} ${value}`;
