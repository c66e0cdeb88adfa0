import { sql, type SQL } from "drizzle-orm";
import { inventoryDevicesTable } from "../../devices/index.ts";
import { attributePath } from "../../inventory/index.ts";
import { notPaused } from "../../platform/apart.ts";
import { columnsOf, into, type RowOf } from "../../platform/columns.ts";
import { change, inJson, rows, type Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import type { Verdict } from "../judge/verdict.ts";
import {
  deploymentTalliesTable,
  deploymentVerdictsTable,
  deploymentWatchesTable,
} from "../rollout-tables.ts";
import { STATUS_CODES } from "../status.ts";
import {
  deploymentCountersTable,
  deploymentsTable,
  deploymentTargetsTable,
  deviceDeploymentsTable,
} from "../tables.ts";
import { added } from "./create.ts";

export const WATCH = "watch-rollouts";

/** One watch after the other for each horizon. Takes effect only if the statement before it did. */
export const addWatches = (
  d: { tenant: TenantId; id: string },
  horizonsS: readonly number[],
): Statement<number> =>
  change(sql`
    INSERT ${into(deploymentWatchesTable, "tenant_id, seq, horizon_s, from_ms, due_ms")}
    SELECT d.tenant_id, d.seq, h.value, d.created_ms, d.created_ms
    FROM ${deploymentsTable} d CROSS JOIN json_each(${JSON.stringify(horizonsS)}) h WHERE changes() > 0 AND ${added(d)}`);

const ofWatch = columnsOf(
  deploymentWatchesTable,
  "tenant_id, seq, horizon_s, members, settling, from_ms, due_ms",
  "w",
);

export type DueWatch = RowOf<typeof ofWatch> & {
  deployment_id: string;
  name: string;
  artifact_name: string;
  /** JSON of the rollout. */
  rollout: string;
  stage: number;
  dynamic: number;
  success: number;
};

/** Watches of all tenants that have to begin or have come to their end. */
export const dueWatches = (nowMs: number, limit: number): Statement<DueWatch[]> =>
  rows(sql`
    SELECT ${ofWatch}, d.deployment_id, d.name, d.artifact_name, d.rollout, c.stage, c.dynamic, c.success
    FROM ${deploymentWatchesTable} w INDEXED BY deployment_watches_due
    JOIN ${deploymentsTable} d ON d.tenant_id = w.tenant_id AND d.seq = w.seq
    JOIN ${deploymentCountersTable} c ON c.tenant_id = w.tenant_id AND c.seq = w.seq
    WHERE w.due_ms <= ${nowMs}
      AND ${notPaused(WATCH, { tenant: sql`w.tenant_id`, key: sql`(w.seq || ' ' || w.horizon_s)` }, nowMs)}
    ORDER BY w.due_ms LIMIT ${limit}`);

/** Devices looked at for one watch: of those that were updated, and of the others. */
const UPDATED_READ = 2000;
const OTHERS_READ = 1000;

const typeTold = sql`coalesce(json_extract(i.attributes, ${attributePath("inventory", "device_type")}), '')`;
const known = sql.raw("i.tenant_id = some.tenant_id AND i.device_id = some.device_id");

export interface SomeDevice {
  device_id: DeviceId;
  group: string | null;
  type: string;
}

/** Devices that were updated since then, of some behind this id: ids are drawn by chance, and so is a part of them. */
export const updatedSince = ({ tenant_id: tenant, seq, from_ms: fromMs, success }: DueWatch, id: string) =>
  rows<SomeDevice>(sql`
    SELECT some.device_id, i.group_name AS "group", some.type FROM (
      SELECT dd.tenant_id, dd.device_id, dd.finished_ms, dd.device_type AS type FROM ${deviceDeploymentsTable} dd INDEXED BY device_deployments_by_status
      WHERE dd.tenant_id = ${tenant} AND dd.seq = ${seq} AND dd.status = ${STATUS_CODES.success} AND dd.status > 0
        AND dd.device_id >= ${success <= UPDATED_READ ? "" : id}
      ORDER BY dd.device_id LIMIT ${UPDATED_READ}) some
    JOIN ${inventoryDevicesTable} i ON ${known} WHERE some.finished_ms > ${fromMs}`);

/** Chunks around an id. */
const chunks = (tenant: TenantId, seq: number, id: string): SQL => sql`
  SELECT ids FROM (SELECT t.ids FROM ${deploymentTargetsTable} t WHERE t.tenant_id = ${tenant} AND t.seq = ${seq}
    AND t.first_id <= ${id} ORDER BY t.first_id DESC LIMIT 1)
  UNION ALL SELECT ids FROM (SELECT t.ids FROM ${deploymentTargetsTable} t WHERE t.tenant_id = ${tenant} AND t.seq = ${seq}
    AND t.first_id > ${id} ORDER BY t.first_id LIMIT 1)`;

const listed = ({ tenant_id: tenant, seq }: DueWatch, id: string): SQL => sql`
  SELECT ${tenant} AS tenant_id, target.value AS device_id FROM (${chunks(tenant, seq, id)}) chunk
  CROSS JOIN json_each(chunk.ids) target LIMIT ${OTHERS_READ}`;

/** Who could match a dynamic deployment is not known: any device. */
const any = ({ tenant_id: tenant }: DueWatch, id: string): SQL => sql`
  SELECT o.tenant_id, o.device_id FROM ${inventoryDevicesTable} o
  WHERE o.tenant_id = ${tenant} AND o.status = 'accepted' AND o.device_id >= ${id} ORDER BY o.device_id LIMIT ${OTHERS_READ}`;

/** Devices that have no part in it yet. */
export const othersNow = (watch: DueWatch, id: string): Statement<SomeDevice[]> =>
  rows(sql`
    SELECT some.device_id, i.group_name AS "group", ${typeTold} AS type FROM (${watch.dynamic === 1 ? any(watch, id) : listed(watch, id)}) some
    JOIN ${inventoryDevicesTable} i ON ${known} AND i.status = 'accepted'
    WHERE NOT EXISTS (
      SELECT 1 FROM ${deviceDeploymentsTable} dd
      WHERE dd.tenant_id = ${watch.tenant_id} AND dd.device_id = some.device_id AND dd.seq = ${watch.seq})`);

const isWatch = (watch: DueWatch): SQL => sql`
  tenant_id = ${watch.tenant_id} AND seq = ${watch.seq} AND horizon_s = ${watch.horizon_s} AND due_ms = ${watch.due_ms}`;

/** Goes on with a watch; of two that do, one has an effect. */
export const setWatch = (
  watch: DueWatch,
  to: { members: string | null; settling: string | null; fromMs: number; dueMs: number },
): Statement<number> =>
  change(sql`
    UPDATE ${deploymentWatchesTable} SET members = ${to.members}, settling = ${to.settling}, from_ms = ${to.fromMs}, due_ms = ${to.dueMs}
    WHERE ${isWatch(watch)}`);

export const endWatch = (watch: DueWatch): Statement<number> =>
  change(sql`DELETE FROM ${deploymentWatchesTable} WHERE ${isWatch(watch)}`);

/** Whether nobody else has gone on with the watch. */
const isStill = (watch: DueWatch): SQL =>
  sql`EXISTS (SELECT 1 FROM ${deploymentWatchesTable} WHERE ${isWatch(watch)})`;

/** What the inventory has of the devices, in the order of the paths. */
export const valuesOf = (
  tenant: TenantId,
  devices: readonly string[],
  paths: readonly string[],
): Statement<{ device_id: DeviceId; told: string }[]> =>
  rows(sql`
    SELECT i.device_id, (
      SELECT json_group_array(json_extract(i.attributes, p.value)) FROM json_each(${JSON.stringify(paths)}) p) AS told
    FROM ${inventoryDevicesTable} i WHERE i.tenant_id = ${tenant} AND ${inJson(sql`i.device_id`, devices)}`);

const ofStanding = columnsOf(
  deploymentVerdictsTable,
  "measure, verdict, ln_needed, stakes, kinds, results",
  "v",
);

export type Standing = RowOf<typeof ofStanding>;

export const standings = ({ tenant_id: tenant, seq }: DueWatch): Statement<Standing[]> =>
  rows(
    sql`SELECT ${ofStanding} FROM ${deploymentVerdictsTable} v WHERE v.tenant_id = ${tenant} AND v.seq = ${seq}`,
  );

export const setStanding = (
  watch: DueWatch,
  measure: string,
  found: {
    verdict: Verdict;
    lnEvidence: number;
    stakes: readonly number[];
    kinds: object[];
    results: number;
  },
  atMs: number,
): Statement<number> =>
  change(sql`
    UPDATE ${deploymentVerdictsTable} SET verdict = ${found.verdict}, ln_evidence = ${found.lnEvidence},
      stakes = ${JSON.stringify(found.stakes)}, kinds = ${JSON.stringify(found.kinds)}, results = ${found.results}, looked_ms = ${atMs}
    WHERE tenant_id = ${watch.tenant_id} AND seq = ${watch.seq} AND measure = ${measure} AND ${isStill(watch)}`);

/** What stop rules look at: updated devices that were watched, and those of them that fell silent, by type. */
export const tallyWatched = (
  watch: DueWatch,
  counts: readonly { type: string; outcome: "watched" | "silent"; devices: number }[],
): Statement<number> =>
  change(sql`
    INSERT ${into(deploymentTalliesTable, "tenant_id, seq, phase, device_type, outcome, devices")}
    SELECT ${watch.tenant_id}, ${watch.seq}, 0, t.value ->> 'type', t.value ->> 'outcome', t.value ->> 'devices'
    FROM json_each(${JSON.stringify(counts)}) t WHERE ${isStill(watch)}
    ON CONFLICT DO UPDATE SET devices = devices + excluded.devices`);
