import type { Deps } from "../platform/deps.ts";
import { addFailedEvent, EVENT_PREFIX } from "../platform/failed-jobs.ts";
import { forgetEvent, type Event, type EventKind, type EventMessage } from "../platform/outbox.ts";
import { STEP_EVENT } from "./events.ts";
import { currentPosition } from "./run.ts";
import { jobOf, moveJob, type JobRow } from "./store.ts";

const GAVE_UP = "given up after too many deliveries; the log has the reason";

/** The event that a failed job of this kind stands for. */
export function deadEventOf(job: JobRow): Event | undefined {
  if (!job.workflow.startsWith(EVENT_PREFIX)) return undefined;
  const { data } = JSON.parse(job.input) as Pick<Event, "data">; // written by `addFailedEvent`
  return {
    kind: job.workflow.slice(EVENT_PREFIX.length) as EventKind, // recorded with it; one of an earlier version has no follower
    tenant: job.tenant_id,
    subject: job.subject ?? "",
    ...(data && { data }),
  };
}

/** An event that could not be handled ends as a failed job that can be seen and retried. */
export async function buryEvent(deps: Deps, event: EventMessage): Promise<void> {
  const { tenant, kind, subject } = event;
  const db = deps.db(tenant);
  const atMs = deps.now();
  deps.log.error("event given up", { kind, subject });
  if (kind === STEP_EVENT) {
    const job = await db.one(jobOf(tenant, subject));
    const at = currentPosition(job, event);
    await db.batch([
      ...(at ? [moveJob(tenant, subject, at, { ...at, status: "failed", failure: GAVE_UP, atMs })] : []),
      forgetEvent(event),
    ]);
    return;
  }
  await db.batch([addFailedEvent(event, GAVE_UP, atMs), forgetEvent(event)]);
}
