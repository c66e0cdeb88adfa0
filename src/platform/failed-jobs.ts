import { sql } from "drizzle-orm";
import { change, type Statement } from "./database.ts";
import type { TenantId } from "./ids.ts";
import type { EventMessage } from "./outbox.ts";
import { into } from "./columns.ts";
import { jobsTable } from "./tables.ts";

/** Ids of jobs are shorter than those of events and begin with the same time. */
export const JOB_ID_LENGTH = 24;

/** What a failed job is called that stands for an event. */
export const EVENT_PREFIX = "event:";

/** Among the jobs, because that is where operators look for what failed and take it up again. */
interface FailedJob {
  tenant: TenantId;
  id: string;
  workflow: string;
  subject: string;
  input: Record<string, unknown>;
}

/** A job that exists only to show what went wrong elsewhere. Does nothing the second time. */
const addFailedJob = (job: FailedJob, failure: string, atMs: number): Statement<number> =>
  change(sql`
    INSERT OR IGNORE ${into(jobsTable, "tenant_id, job_id, workflow, version, subject, status, input, failure, created_ms, updated_ms")}
    VALUES (${job.tenant}, ${job.id}, ${job.workflow}, 0, ${job.subject}, 'failed',
      ${JSON.stringify(job.input)}, ${failure}, ${atMs}, ${atMs})`);

/** Shows an event that could not be sent or handled; the operator can have it recorded anew. */
export const addFailedEvent = (
  { tenant, id, kind, subject, data }: EventMessage,
  failure: string,
  atMs: number,
): Statement<number> =>
  addFailedJob(
    {
      tenant,
      id: id.slice(0, JOB_ID_LENGTH),
      workflow: EVENT_PREFIX + kind,
      subject,
      input: { data: data ?? {} },
    },
    failure,
    atMs,
  );
