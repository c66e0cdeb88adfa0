import type { Deps } from "../platform/deps.ts";
import { forgetEvent, type Event, type EventMessage } from "../platform/outbox.ts";
import { currentPosition, STEP_EVENT } from "./run.ts";
import { addFailedJob, jobOf, moveJob, type JobRow } from "./store.ts";

const PREFIX = "event:";
const ID_LENGTH = 24;
const GAVE_UP = "given up after too many deliveries; the log has the reason";

/** The event that a failed job of this kind stands for. */
export function deadEventOf(job: JobRow): Event | undefined {
  if (!job.workflow.startsWith(PREFIX)) return undefined;
  const { data } = JSON.parse(job.input) as Pick<Event, "data">; // written by `buryEvent`
  return {
    kind: job.workflow.slice(PREFIX.length),
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
      forgetEvent(event.id),
    ]);
    return;
  }
  const id = event.id.slice(0, ID_LENGTH);
  const input = { data: event.data ?? {} };
  await db.batch([
    addFailedJob({ tenant, id, workflow: PREFIX + kind, version: 0, subject, input }, GAVE_UP, atMs),
    forgetEvent(event.id),
  ]);
}
