import { sql } from "drizzle-orm";
import { change, firstRow, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { into, type Row } from "../../platform/columns.ts";
import type { Governing } from "../rollout/govern.ts";
import { attributePath } from "../../inventory/index.ts";
import { HORIZONS_S } from "../judge/horizons.ts";
import { measuresOf } from "../judge/schema.ts";
import type { Rollout, StopRule } from "../rollout/rollout-schema.ts";
import type { ZoneWindow } from "../rollout/zones.ts";
import {
  deploymentPhasesTable,
  deploymentRulesTable,
  deploymentStopRulesTable,
  deploymentWindowsTable,
} from "../rollout-tables.ts";
import { deploymentsTable } from "../tables.ts";
import { added } from "./create.ts";
import { addVerdicts } from "./verdicts.ts";
import { addWatches } from "./watches.ts";

/** What of a governed deployment the joining statement looks at. Takes effect only if the statement before it did. */
export function addGoverning(
  d: { tenant: TenantId; id: string },
  governing: Governing,
  windows: readonly ZoneWindow[],
): Statement<number>[] {
  const { salt, canaries, rollout } = governing;
  const { budget, retry } = rollout ?? {};
  return [
    change(sql`
      INSERT ${into(deploymentRulesTable, "tenant_id, seq, salt, canaries, per_minute, at_once, budget_path, budget_at_once, budget_bytes, windowed, zone_path, timeout_ms, stuck_ms, retry_kinds, retry_pause_ms, retry_most_ms, retry_causes, ahead")}
      SELECT d.tenant_id, d.seq, ${salt}, ${canaries.length > 0 ? JSON.stringify(canaries) : null},
        ${rollout?.per_minute ?? null}, ${rollout?.at_once ?? null}, ${budget ? pathOf(budget.attribute) : null},
        ${budget?.at_once ?? null}, ${budget?.bytes_per_day ?? null}, ${Number(isWindowed(rollout))},
        ${zonePath(rollout)}, ${rollout?.timeout_s ? 1000 * rollout.timeout_s : null},
        ${rollout ? sql`d.created_ms` : null}, ${retry ? JSON.stringify(retry.kinds) : null}, ${1000 * (retry?.pause_s ?? 0)},
        ${1000 * (retry?.max_pause_s ?? 0)}, ${retry?.causes?.length ? JSON.stringify(retry.causes) : null},
        ${Number(isAhead(rollout))}
      FROM ${deploymentsTable} d WHERE changes() > 0 AND ${added(d)}`),
    change(sql`
      INSERT ${into(deploymentPhasesTable, "tenant_id, seq, phase, phase_id, batch_size, batch_size_devices, start_ms, start_ts, size_to, capacity, threshold, opens_ms, min_results, min_success, min_approvals, after_ms")}
      SELECT d.tenant_id, d.seq, p.key, p.value ->> 'id', p.value ->> 'batchSize', p.value ->> 'batchSizeDevices',
        p.value ->> 'startMs', p.value ->> 'startTs', p.value ->> 'sizeTo', p.value ->> 'capacity', p.value ->> 'threshold',
        p.value ->> 'opensMs', p.value ->> '$.gate.success.results', p.value ->> '$.gate.success.percent',
        coalesce(p.value ->> '$.gate.approvals', 0), 1000 * (p.value ->> '$.gate.after_s')
      FROM ${deploymentsTable} d CROSS JOIN json_each(${JSON.stringify(governing.phases)}) p
      WHERE changes() > 0 AND ${added(d)}`),
    ...(rollout?.stop?.length ? [addStopRules(d, rollout.stop)] : []),
    ...(windows.length > 0 ? [addWindows(d, windows)] : []),
    ...(rollout?.judge ? [addVerdicts(d, rollout.judge)] : []),
    ...(rollout && isWatched(rollout) ? [addWatches(d, HORIZONS_S)] : []),
  ];
}

type Windowed = Pick<Rollout, "windows" | "windows_of_groups">;

export const isWindowed = (rollout: Windowed | undefined): boolean =>
  rollout?.windows !== undefined || rollout?.windows_of_groups !== undefined;

/** Whether devices that can wait with the installation may begin before a window opens: all that count have to say so. */
export function isAhead({ windows, windows_of_groups: ofGroups = {} }: Windowed = {}): boolean {
  const all = [...(windows ? [windows] : []), ...Object.values(ofGroups)];
  return all.length > 0 && all.every(({ download_ahead: ahead }) => ahead === true);
}

/** What of a device tells which of the windows is its own. */
export function zonePath(rollout: Windowed | undefined): string | null {
  if (rollout?.windows_of_groups) return GROUP;
  const own = rollout?.windows?.zone_attribute;
  return own ? pathOf(own) : null;
}

const GROUP = "group";

/** Whether somebody wants to know what updated devices do. */
const isWatched = ({ judge, stop = [] }: Rollout): boolean =>
  (judge !== undefined && measuresOf(judge).length > 1) ||
  stop.some(({ kinds }) => kinds?.includes("silence"));

/** The group has a column of its own. */
export const pathOf = ({ scope, name }: { scope: string; name: string }): string =>
  scope === "system" && name === "group" ? GROUP : attributePath(scope, name);

const addStopRules = (d: { tenant: TenantId; id: string }, rules: readonly StopRule[]): Statement<number> =>
  change(sql`
    INSERT ${into(deploymentStopRulesTable, "tenant_id, seq, rule, kinds, device_types, per_type, min_results, max_percent, max_devices")}
    SELECT d.tenant_id, d.seq, r.key, r.value -> 'kinds', r.value -> 'device_types', r.value ->> 'per_type',
      r.value ->> 'results', r.value ->> 'percent', r.value ->> 'devices'
    FROM ${deploymentsTable} d CROSS JOIN json_each(${JSON.stringify(rules)}) r
    WHERE changes() > 0 AND ${added(d)}`);

const addWindows = (d: { tenant: TenantId; id: string }, windows: readonly ZoneWindow[]): Statement<number> =>
  change(sql`
    INSERT ${into(deploymentWindowsTable, "tenant_id, seq, zone, from_ms, to_ms")}
    SELECT d.tenant_id, d.seq, w.value ->> 'zone', w.value ->> 'fromMs', w.value ->> 'toMs'
    FROM ${deploymentsTable} d CROSS JOIN json_each(${JSON.stringify(windows)}) w
    WHERE changes() > 0 AND ${added(d)}`);

export type PlanRow = Row<typeof deploymentPhasesTable, "phase" | "batch_size" | "batch_size_devices">;

export const phasesOf = (tenant: TenantId, seq: number): Statement<PlanRow[]> =>
  rows(sql`
    SELECT phase, batch_size, batch_size_devices FROM ${deploymentPhasesTable}
    WHERE tenant_id = ${tenant} AND seq = ${seq} ORDER BY phase`);

export type OrderRow = Row<typeof deploymentRulesTable, "salt" | "canaries">;

export const orderOf = (tenant: TenantId, seq: number): Statement<OrderRow | undefined> =>
  firstRow(
    sql`SELECT salt, canaries FROM ${deploymentRulesTable} WHERE tenant_id = ${tenant} AND seq = ${seq}`,
  );

/** Sizes of the phases, now that all devices are known. */
export const setSizes = (
  tenant: TenantId,
  seq: number,
  sizes: readonly { sizeTo: number | null; capacity: number | null; threshold: number | null }[],
): Statement<number> =>
  change(sql`
    UPDATE ${deploymentPhasesTable} AS p SET size_to = s.value ->> 'sizeTo', capacity = s.value ->> 'capacity',
      threshold = s.value ->> 'threshold'
    FROM json_each(${JSON.stringify(sizes)}) s WHERE p.tenant_id = ${tenant} AND p.seq = ${seq} AND p.phase = s.key`);
