import { z } from "@hono/zod-openapi";
import { rfc3339 } from "../../platform/clock.ts";
import type { Deps } from "../../platform/deps.ts";
import type { TenantId } from "../../platform/ids.ts";
import { NEVER_MS } from "../limits.ts";
import { askWithinMs, DEFAULT_UPDATE_MS, MOST, startedWithinMs, through } from "../preview/forecast.ts";
import { sizesOf } from "../rollout/phases.ts";
import type { Rollout } from "../rollout/rollout-schema.ts";
import type { DeploymentRow, PhaseRow } from "../store/queries.ts";
import { statisticsOf } from "../wire-objects.ts";

/** What becomes of a deployment, as far as that can be told: one of these, or nothing. */
export const Outlook = {
  finish_ts: z
    .string()
    .optional()
    .openapi({
      description:
        "When 95 % will have ended it, where that can be told: at the pace so far, or, where it goes in phases or by rules, as the fleet " +
        "asks and once its phases have opened",
    }),
  waits_for: z
    .object({
      phase: z.int().openapi({ description: "The phase that does not open by time, from 1" }),
      results: z.int().optional().openapi({ description: "Results that the phase before it has to have" }),
      approvals: z.int().optional().openapi({ description: "Approvals that are missing" }),
    })
    .optional()
    .openapi({ description: "What comes before anything can be told of its end" }),
};

export type Outlook = z.output<z.ZodObject<typeof Outlook>>;

/** Results from which a pace is told. */
const RESULTS = 5;
/** What takes longer is not told: nobody knows anything of next year. */
const LONGEST_MS = 365 * 86_400_000;

const phasesOf = (row: DeploymentRow) => JSON.parse(row.plan ?? "[]") as PhaseRow[]; // made by the query

const isGoing = ({ stage, dynamic, paused_ms: paused }: DeploymentRow): boolean =>
  stage === 1 && dynamic === 0 && paused === null;

/** Whether it takes for how long devices have been silent to tell the outlook. */
export const needsAges = (row: DeploymentRow): boolean =>
  isGoing(row) && row.governed === 1 && phasesOf(row).every(({ opens_ms: opens }) => opens !== null);

/** For how long devices have been silent; nothing while the head is away. */
export async function agesOf(deps: Deps, tenant: TenantId): Promise<readonly number[]> {
  try {
    return await deps.contacts.ages(tenant);
  } catch (cause) {
    deps.log.error("silence not known", { tenant, cause });
    return [];
  }
}

/** Of one that a filter finds devices for nothing: there may always be another. */
export function outlookOf(row: DeploymentRow, agesMs: readonly number[], nowMs: number): Outlook {
  if (!isGoing(row)) return {};
  const phases = phasesOf(row);
  const closed = phases.findIndex(({ opens_ms: opens }) => opens === null);
  if (closed >= 0) return waitsFor(phases, closed);
  const finishMs = row.governed === 1 ? askedMs(row, phases, agesMs, nowMs) : pacedMs(row, nowMs);
  return finishMs !== undefined && finishMs > nowMs && finishMs - nowMs <= LONGEST_MS
    ? { finish_ts: rfc3339(Math.round(finishMs)) }
    : {};
}

function waitsFor(phases: readonly PhaseRow[], closed: number): Outlook {
  const phase = phases[closed];
  if (!phase) return {};
  const { min_results: results, min_approvals: needed, approvals } = phase;
  const given = Object.keys(JSON.parse(approvals) as object).length; // written by approvals
  return {
    waits_for: {
      phase: closed + 1,
      ...(results !== null && { results }),
      ...(needed > given && { approvals: needed - given }),
    },
  };
}

function endedOf(row: DeploymentRow): number {
  const by = statisticsOf(row);
  return by.success + by["already-installed"] + by.noartifact + by.decommissioned + by.failure + by.aborted;
}

/** If devices go on as they did. */
function pacedMs(row: DeploymentRow, nowMs: number): number | undefined {
  const ended = endedOf(row);
  const left = row.max_devices * MOST - ended;
  if (ended < RESULTS || left <= 0) return undefined;
  return nowMs + (left / ended) * (nowMs - row.created_ms);
}

/** How long an update takes in this deployment: the means of its states, of those that have left them. */
function updateMsOf(row: DeploymentRow): number {
  const means = [
    [row.pending_ms, row.pending_left],
    [row.downloading_ms, row.downloading_left],
    [row.installing_ms, row.installing_left],
    [row.rebooting_ms, row.rebooting_left],
  ].map(([ms = 0, left = 0]) => (left === 0 ? 0 : ms / left));
  return means.reduce((sum, mean) => sum + mean, 0) || DEFAULT_UPDATE_MS;
}

/** If those who are left ask as the fleet does, each phase from its opening on. */
function askedMs(
  row: DeploymentRow,
  phases: readonly PhaseRow[],
  agesMs: readonly number[],
  nowMs: number,
): number | undefined {
  if (agesMs.length === 0) return undefined;
  const updateMs = updateMsOf(row);
  const rollout = JSON.parse(row.rollout ?? "null") as Rollout | null; // validated when it was stored
  const rules = rollout ?? undefined;
  const sized = phases.map((one) => ({
    batchSize: one.batch_size,
    batchSizeDevices: one.batch_size_devices,
  }));
  const sizes = sizesOf(sized, row.max_devices);
  const ends = phases.flatMap(({ opens_ms: opens, joined }, i) => {
    const size = (sizes[i] ?? 0) - (sizes[i - 1] ?? 0);
    const left = Math.ceil(size * MOST) - joined;
    const opensMs = opens ?? NEVER_MS;
    if (left <= 0) return [];
    const askMs = through(rules, opensMs, askWithinMs({ agesMs }, MOST));
    return [
      Math.max(askMs, through(rules, Math.max(opensMs, nowMs), startedWithinMs(rules, updateMs, left))),
    ];
  });
  // Whoever has begun ends it, or gets stuck; of neither is anything told.
  return ends.length === 0 || Math.max(...ends) <= nowMs ? undefined : Math.max(...ends) + updateMs;
}
