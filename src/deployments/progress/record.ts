import { z } from "@hono/zod-openapi";
import type { Actor } from "../../platform/actor.ts";
import { inPages, type Duty } from "../../platform/apart.ts";
import type { Sweep } from "../../platform/background.ts";
import { rfc3339 } from "../../platform/clock.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { STATUS_CODES } from "../status.ts";
import {
  deviceTimes,
  dueProgress,
  PROGRESS,
  progressOf,
  setProgress,
  type DeviceTimes,
  type DueProgress,
} from "../store/progress.ts";
import { deploymentById } from "../store/queries.ts";
import { agesOf, needsAges, Outlook, outlookOf } from "./outlook.ts";
import { withPoint, type Point } from "./points.ts";

type Counted = Omit<DueProgress, "tenant_id" | "seq" | "points" | "step_ms">;

const pointOf = (row: Counted, atMs: number): Point => [
  row.finished_ms ?? atMs,
  row.joined,
  row.success,
  row.failure,
  row.noartifact + row.already_installed + row.aborted + row.decommissioned,
];

const stored = (points: string) => JSON.parse(points) as Point[]; // written by `setProgress`

/** Every minute the counters of deployments to many devices become a point each, if they have changed. */
export const recordProgress: Sweep = async (deps) => {
  const duty: Duty<DueProgress> = {
    name: PROGRESS,
    of: ({ tenant_id: tenant, seq }) => ({ tenant, key: String(seq) }),
    work: (row) => {
      const last = pointOf(row, deps.now());
      const next = withPoint({ points: stored(row.points), stepMs: row.step_ms }, last);
      return deps.db(row.tenant_id).one(setProgress(row, { ...next, last }));
    },
  };
  await inPages(deps, duty, (db, limit) => db.one(dueProgress(deps.now(), limit)));
};

export const Progress = z
  .object({
    created: z.string(),
    max_devices: z.number().int(),
    ...Outlook,
    points: z.array(
      z.object({
        time: z.string(),
        begun: z.number().int(),
        success: z.number().int(),
        failure: z.number().int(),
        other: z
          .number()
          .int()
          .openapi({ description: "Ended without an update: aborted, nothing fitting, installed already" }),
      }),
    ),
  })
  .openapi("DeploymentProgress");

/** How a deployment went on until now. */
export async function progress(deps: Deps, actor: Actor, id: string): Promise<z.output<typeof Progress>> {
  const { tenant } = actor;
  const [row, deployment] = await deps.db(tenant).batch([progressOf(tenant, id), deploymentById(tenant, id)]);
  if (!row || !deployment) throw new Fault("not_found", "Resource not found");
  const points =
    row.points === null
      ? pointsOf(await deps.db(tenant).one(deviceTimes(tenant, row.seq)))
      : stored(row.points);
  const now = pointOf(row, deps.now());
  const earlier = points.filter(([atMs]) => atMs < now[0]);
  return {
    created: rfc3339(row.created_ms),
    max_devices: row.max_devices,
    ...outlookOf(deployment, needsAges(deployment) ? await agesOf(deps, tenant) : [], deps.now()),
    points: [...earlier, now].map(([atMs, begun, success, failure, other]) => ({
      time: rfc3339(atMs),
      begun,
      success,
      failure,
      other,
    })),
  };
}

/** Of a few devices each beginning and each end is a point. */
function pointsOf(devices: readonly DeviceTimes[]): Point[] {
  const column = ({ status }: DeviceTimes) =>
    status === STATUS_CODES.success ? 2 : status === STATUS_CODES.failure ? 3 : 4;
  const changes = devices.flatMap((one): [number, 1 | 2 | 3 | 4][] => [
    ...(one.joined_ms === null ? [] : [[one.joined_ms, 1] as [number, 1]]),
    ...(one.finished_ms === null ? [] : [[one.finished_ms, column(one)] as [number, 2 | 3 | 4]]),
  ]);
  const points: Point[] = [];
  for (const [atMs, what] of changes.toSorted(([a], [b]) => a - b)) {
    const before = points.at(-1) ?? [atMs, 0, 0, 0, 0];
    if (before[0] === atMs && points.length > 0) points.pop();
    const next: Point = [...before];
    next[0] = atMs;
    next[what] += 1;
    points.push(next);
  }
  return points;
}
