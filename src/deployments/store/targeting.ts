import { sql, type SQL } from "drizzle-orm";
import { acceptedIds } from "../../inventory/index.ts";
import { into, type Row } from "../../platform/columns.ts";
import { altering, change, firstRow, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { TARGET_CHUNK } from "../limits.ts";
import { deploymentCountersTable, deploymentsTable, deploymentTargetsTable } from "../tables.ts";
import { seqOf } from "./membership.ts";

/** Whom a deployment to all devices, or to those of a group, is for, after an id. */
interface Found {
  group: string | undefined;
  after: string;
  limit: number;
}

/** Numbers of parameters may be taken as fractions, and so would be what is divided by them. */
const CHUNK = sql.raw(String(TARGET_CHUNK));

/** Sorted ids, as they are kept: so many in a row. */
export const inChunks = (ids: SQL): SQL => sql`
  SELECT min(id) AS first_id, max(id) AS last_id, json_group_array(id) AS ids FROM (
    SELECT f.device_id AS id, (row_number() OVER (ORDER BY f.device_id) - 1) / ${CHUNK} AS chunk FROM (${ids}) f)
  GROUP BY chunk`;

/** A few rows, however many devices they tell. */
export const foundTargets = (tenant: TenantId, { group, ...window }: Found): Statement<{ ids: string }[]> =>
  rows(sql`SELECT c.ids FROM (${inChunks(acceptedIds(tenant, group, window))}) c ORDER BY c.first_id`);

export type TargetingRow = Row<typeof deploymentsTable, "seq" | "scope" | "group_names"> &
  Row<typeof deploymentCountersTable, "opens_ms" | "governed" | "max_devices"> & { targeted_to: string };

/** The state of a deployment whose targets are still being looked up. */
export const untargeted = (tenant: TenantId, deployment: string): Statement<TargetingRow | undefined> =>
  firstRow(sql`
    SELECT d.seq, d.scope, d.group_names, c.targeted_to, c.opens_ms, c.governed, c.max_devices FROM ${deploymentsTable} d
    JOIN ${deploymentCountersTable} c ON c.tenant_id = d.tenant_id AND c.seq = d.seq
    WHERE d.tenant_id = ${tenant} AND d.deployment_id = ${deployment} AND c.targeted = 0 AND c.dynamic = 0 AND c.stage < 2`);

/** Counters of a deployment whose targets are known up to here. */
const knownTo = (tenant: TenantId, seq: number, to: string): SQL =>
  sql`tenant_id = ${tenant} AND seq = ${seq} AND targeted = 0 AND targeted_to = ${to} AND stage < 2`;

/** Adds what is found next and counts it; of two jobs that do so at the same place one does. No id leaves the database. */
export const addFound = (
  tenant: TenantId,
  seq: number,
  { group, ...window }: Found,
): [added: Statement<number>, counted: Statement<number>] => [
  change(sql`
    INSERT ${into(deploymentTargetsTable, "tenant_id, seq, first_id, last_id, ids")}
    SELECT ${tenant}, ${seq}, c.first_id, c.last_id, c.ids FROM (${inChunks(acceptedIds(tenant, group, window))}) c
    WHERE EXISTS (SELECT 1 FROM ${deploymentCountersTable} WHERE ${knownTo(tenant, seq, window.after)})`),
  change(sql`
    UPDATE ${deploymentCountersTable} SET max_devices = max_devices + f.devices, remaining = remaining + f.devices,
      unseen = unseen + f.devices, targeted_to = f.last_id
    FROM (
      SELECT sum(json_array_length(t.ids)) AS devices, max(t.last_id) AS last_id FROM ${deploymentTargetsTable} t
      WHERE t.tenant_id = ${tenant} AND t.seq = ${seq} AND t.first_id > ${window.after}) f
    WHERE changes() > 0 AND ${knownTo(tenant, seq, window.after)}`),
];

/** All targets are known. If meanwhile none is left to wait for, the deployment is finished. */
export const endTargeting = (
  tenant: TenantId,
  id: string,
  known: { after: string; atMs: number },
): Statement<number>[] => [
  altering(
    { tenant, what: { kind: "standing" } },
    change(sql`
      UPDATE ${deploymentCountersTable} SET targeted = 1, targeted_to = NULL
      WHERE tenant_id = ${tenant} AND seq = ${seqOf(tenant, id)} AND targeted = 0 AND targeted_to = ${known.after}`),
  ),
  change(sql`
    UPDATE ${deploymentCountersTable} SET stage = 2, wide_open = 0, finished_ms = ${known.atMs}
    WHERE tenant_id = ${tenant} AND seq = ${seqOf(tenant, id)} AND targeted = 1 AND remaining = 0 AND stage < 2`),
];
