import { z } from "@hono/zod-openapi";
import type { Actor } from "../../platform/actor.ts";
import { rfc3339 } from "../../platform/clock.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { NEVER_MS } from "../limits.ts";
import { waitingRow, type WaitingPhase, type WaitingRow } from "../store/waiting.ts";

const WAITING_REASONS = [
  "targets_being_looked_up",
  "paused",
  "stopped_by_rule",
  "judged",
  "not_started",
  "phase_not_open",
  "waits_for_results",
  "waits_for_approval",
  "window_closed",
  "at_once_full",
  "pace_spent",
  "budget_full",
  "not_seen_since",
] as const;

const count = z.number().int();

const Group = z.object({
  reason: z.enum(WAITING_REASONS),
  devices: count.optional().openapi({ description: "Absent where nobody can tell how many" }),
  until: z.string().optional(),
  phase: count.optional(),
  since: z.string().optional(),
  by: z.record(z.string(), z.unknown()).optional().openapi({ description: "Who or what paused it" }),
  needs: z
    .object({ results: count.optional(), percent: z.number().optional(), approvals: count.optional() })
    .optional(),
  has: z
    .object({ results: count.optional(), percent: z.number().optional(), approvals: count.optional() })
    .optional(),
  values: z
    .array(z.object({ value: z.string(), in_progress: count }))
    .optional()
    .openapi({ description: "Values whose budget is full, the first 20" }),
});

type Group = z.output<typeof Group>;

export const Waiting = z
  .object({ devices: count.optional(), groups: z.array(Group) })
  .openapi("DeploymentWaiting");

export type Waiting = z.output<typeof Waiting>;

/** How many devices have not begun, by what keeps them. */
export async function waiting(deps: Deps, { tenant }: Actor, id: string): Promise<Waiting> {
  const row = await deps.db(tenant).one(waitingRow(tenant, id));
  if (!row) throw new Fault("not_found", "Resource not found");
  // Of a dynamic deployment nobody knows who is still to come.
  const devices = row.dynamic === 1 ? undefined : row.unseen;
  const counted = devices === undefined ? {} : { devices };
  if (row.stage === 2 || devices === 0) return { ...counted, groups: [] };
  const lookedUp: Group[] =
    row.targeted === 0 && row.dynamic === 0 ? [{ reason: "targets_being_looked_up" }] : [];
  return { ...counted, groups: [...lookedUp, ...groupsOf(row, devices, deps.now())] };
}

function groupsOf(row: WaitingRow, devices: number | undefined, nowMs: number): Group[] {
  const counted = devices === undefined ? {} : { devices };
  if (row.paused_ms !== null) return [{ ...pausedGroup(row.paused_ms, row.paused_by), ...counted }];
  if (row.governed === 0) return [{ ...openGroup(row, nowMs), ...counted }];
  return governedGroups(row, devices, nowMs);
}

function pausedGroup(sinceMs: number, pausedBy: string | null): Group {
  const by = JSON.parse(pausedBy ?? "{}") as Record<string, unknown>; // written where it is paused
  const reason = "judge" in by ? "judged" : "rule" in by ? "stopped_by_rule" : "paused";
  return { reason, since: rfc3339(sinceMs), by };
}

const openGroup = ({ opens_ms: opensMs }: WaitingRow, nowMs: number): Group =>
  opensMs > nowMs ? { reason: "not_started", until: rfc3339(opensMs) } : { reason: "not_seen_since" };

/** From the last phase on: devices that left before they began are missing from the first. */
function governedGroups(row: WaitingRow, devices: number | undefined, nowMs: number): Group[] {
  const phases = JSON.parse(row.phases) as WaitingPhase[]; // made by the query
  let left = devices;
  const closed = phases.flatMap((phase, i): Group[] => {
    if (phase.opens_ms !== null && phase.opens_ms <= nowMs) return [];
    return [{ ...closedGroup(phase, i), phase: i + 1 }];
  });
  const counted = closed.toReversed().map((group) => {
    if (left === undefined) return group;
    const own = Math.min(left, sizeOf(phases, (group.phase ?? 1) - 1, row.max_devices));
    left -= own;
    return { ...group, devices: own };
  });
  const hasOpen = closed.length < phases.length && left !== 0;
  const open = hasOpen ? openGroups(row, nowMs).map((group) => withCount(group, left)) : [];
  return [...open, ...counted.toReversed()];
}

const withCount = (group: Group, devices: number | undefined): Group =>
  devices === undefined || group.reason === "budget_full" ? group : { ...group, devices };

/** Devices of a phase that have not begun. */
function sizeOf(phases: readonly WaitingPhase[], i: number, total: number): number {
  const to = phases[i]?.size_to ?? total;
  return Math.max(0, to - (phases[i - 1]?.size_to ?? 0) - (phases[i]?.joined ?? 0));
}

function closedGroup(phase: WaitingPhase, i: number): Group {
  if (phase.opens_ms !== null)
    return {
      reason: i === 0 ? "not_started" : "phase_not_open",
      until: rfc3339(Math.min(phase.opens_ms, NEVER_MS)),
    };
  if (phase.approvals < phase.min_approvals)
    return {
      reason: "waits_for_approval",
      needs: { approvals: phase.min_approvals },
      has: { approvals: phase.approvals },
    };
  if (phase.min_results === null) return { reason: "phase_not_open" };
  const percent = phase.results === 0 ? 0 : Math.round((phase.successes * 1000) / phase.results) / 10;
  return {
    reason: "waits_for_results",
    needs: { results: phase.min_results, percent: phase.min_success ?? 0 },
    has: { results: phase.results, percent },
  };
}

const MINUTE_MS = 60_000;

/** What keeps those whose phase is open. */
function openGroups(row: WaitingRow, nowMs: number): Group[] {
  const windows = JSON.parse(row.windows) as [number, number][]; // made by the query, as what is full
  const next = windows.filter(([, toMs]) => toMs > nowMs).map(([fromMs]) => fromMs);
  if (row.windowed === 1 && !next.some((fromMs) => fromMs <= nowMs))
    return [{ reason: "window_closed", ...(next.length > 0 && { until: rfc3339(Math.min(...next)) }) }];
  if (row.at_once !== null && row.in_progress >= row.at_once) return [{ reason: "at_once_full" }];
  const minute = Math.floor(nowMs / MINUTE_MS);
  if (row.per_minute !== null && row.pace_minute === minute && row.pace_count >= row.per_minute)
    return [{ reason: "pace_spent", until: rfc3339((minute + 1) * MINUTE_MS) }];
  const values = JSON.parse(row.full) as NonNullable<Group["values"]>;
  return [
    ...(values.length > 0 ? [{ reason: "budget_full" as const, values }] : []),
    { reason: "not_seen_since" },
  ];
}
