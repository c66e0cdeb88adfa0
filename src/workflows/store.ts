import { sql, type SQL } from "drizzle-orm";
import { change, firstRow, rows, type Statement } from "../platform/database.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import type { TenantId } from "../platform/ids.ts";
import { into, columnsOf, type Row, type RowOf } from "../platform/columns.ts";
import { jobsTable } from "../platform/tables.ts";
import { jobResultsTable, workflowDefinitionsTable } from "./tables.ts";

export const JOB_STATUSES = jobsTable.status.enumValues;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** Which message of a job is the current one. */
export interface Position {
  step: number;
  attempt: number;
  run: number;
}

export interface NewJob {
  tenant: TenantId;
  id: string;
  workflow: string;
  version: number;
  subject?: string | undefined;
  input: Record<string, unknown>;
}

const columns = columnsOf(
  jobsTable,
  "tenant_id, job_id, workflow, version, subject, status, input, step, attempt, run, failure, created_ms, updated_ms",
);

export type JobRow = RowOf<typeof columns>;

export const addJob = (job: NewJob, atMs: number): Statement<number> =>
  change(sql`
    INSERT ${into(jobsTable, "tenant_id, job_id, workflow, version, subject, status, input, created_ms, updated_ms")}
    VALUES (${job.tenant}, ${job.id}, ${job.workflow}, ${job.version}, ${job.subject ?? null}, 'pending',
      ${JSON.stringify(job.input)}, ${atMs}, ${atMs})`);

export const jobOf = (tenant: TenantId, id: string): Statement<JobRow | undefined> =>
  firstRow<JobRow>(sql`SELECT ${columns} FROM ${jobsTable} WHERE tenant_id = ${tenant} AND job_id = ${id}`);

export const jobById = (id: string): Statement<JobRow | undefined> =>
  firstRow<JobRow>(sql`SELECT ${columns} FROM ${jobsTable} WHERE job_id = ${id}`);

/** The last job about something. */
export const jobBySubject = (tenant: TenantId, subject: string): Statement<JobRow | undefined> =>
  firstRow<JobRow>(sql`SELECT ${columns} FROM ${jobsTable}
    WHERE tenant_id = ${tenant} AND subject = ${subject} ORDER BY job_id DESC LIMIT 1`);

export type ResultRow = Row<typeof jobResultsTable, "step" | "result">;

export const resultsOf = (tenant: TenantId, id: string): Statement<ResultRow[]> =>
  rows<ResultRow>(
    sql`SELECT step, result FROM ${jobResultsTable} WHERE tenant_id = ${tenant} AND job_id = ${id} ORDER BY step`,
  );

export const definitionStatement = (
  name: string,
  version: number,
): Statement<Row<typeof workflowDefinitionsTable, "definition"> | undefined> =>
  firstRow(
    sql`SELECT definition FROM ${workflowDefinitionsTable} WHERE name = ${name} AND version = ${version}`,
  );

/** Definition of a job, if an operator registered it. */
export const definitionOfJob = (
  tenant: TenantId,
  id: string,
): Statement<Row<typeof workflowDefinitionsTable, "definition"> | undefined> =>
  firstRow(sql`SELECT d.definition FROM ${jobsTable} j JOIN ${workflowDefinitionsTable} d ON d.name = j.workflow AND d.version = j.version
    WHERE j.tenant_id = ${tenant} AND j.job_id = ${id}`);

const isCurrent = (tenant: TenantId, id: string, { step, attempt, run }: Position) => sql`
  tenant_id = ${tenant} AND job_id = ${id} AND step = ${step} AND attempt = ${attempt} AND run = ${run}
  AND status IN ('pending', 'processing')`;

/** Takes the step for whoever sends something out; nothing changes while another has it. */
export const leaseStep = (
  tenant: TenantId,
  id: string,
  at: Position,
  window: { nowMs: number; untilMs: number },
): Statement<number> =>
  change(sql`UPDATE ${jobsTable} SET leased_ms = ${window.untilMs}, status = 'processing'
    WHERE ${isCurrent(tenant, id, at)} AND leased_ms <= ${window.nowMs}`);

export interface Move {
  status: JobStatus;
  step: number;
  attempt: number;
  failure?: string | undefined;
  atMs: number;
}

/** Moves the job on from a position, once. */
export const moveJob = (tenant: TenantId, id: string, from: Position, to: Move): Statement<number> =>
  change(sql`
    UPDATE ${jobsTable} SET status = ${to.status}, step = ${to.step}, attempt = ${to.attempt}, leased_ms = 0,
      failure = ${to.failure ?? null}, updated_ms = ${to.atMs}
    WHERE ${isCurrent(tenant, id, from)}`);

export const forgetJobAt = (tenant: TenantId, id: string, from: Position): Statement<number> =>
  change(sql`DELETE FROM ${jobsTable} WHERE ${isCurrent(tenant, id, from)}`);

/** Keeps the result of a step if the statement before it in the batch moved the job. */
export const addResultIfMoved = (
  tenant: TenantId,
  id: string,
  step: number,
  result: unknown,
  atMs: number,
): Statement<number> =>
  change(sql`
    INSERT OR REPLACE ${into(jobResultsTable, "tenant_id, job_id, step, result, at_ms")}
    SELECT ${tenant}, ${id}, ${step}, ${JSON.stringify(result)}, ${atMs} WHERE changes() > 0`);

export const cancelJob = (id: string, atMs: number): Statement<number> =>
  change(sql`UPDATE ${jobsTable} SET status = 'cancelled', updated_ms = ${atMs}
    WHERE job_id = ${id} AND status IN ('pending', 'processing')`);

/** Begins again at the step that failed; messages of the run before mean nothing from here on. */
export const retryJob = (id: string, run: number, atMs: number): Statement<number> =>
  change(sql`UPDATE ${jobsTable} SET status = 'pending', attempt = 0, run = run + 1, leased_ms = 0, failure = NULL, updated_ms = ${atMs}
    WHERE job_id = ${id} AND run = ${run} AND status IN ('failed', 'cancelled')`);

export const dropJob = (id: string): Statement<number> =>
  change(sql`DELETE FROM ${jobsTable} WHERE job_id = ${id} AND status = 'failed'`);

export interface JobFilter {
  tenant?: string | undefined;
  status?: string | undefined;
  workflow?: string | undefined;
}

const allOf = (filter: JobFilter): SQL => {
  const conditions = [
    ...(filter.tenant === undefined ? [] : [sql`tenant_id = ${filter.tenant}`]),
    ...(filter.status === undefined ? [] : [sql`status = ${filter.status}`]),
    ...(filter.workflow === undefined ? [] : [sql`workflow = ${filter.workflow}`]),
  ];
  return conditions.length === 0 ? sql`TRUE` : sql.join(conditions, sql` AND `);
};

/** Youngest first; one row more than the page, to see whether there is another. */
export const listJobs = (filter: JobFilter, page: Page): Statement<JobRow[]> =>
  rows<JobRow>(sql`SELECT ${columns} FROM ${jobsTable} WHERE ${allOf(filter)}
    ORDER BY job_id DESC LIMIT ${page.perPage + 1} OFFSET ${offsetOf(page)}`);

/** Forgets some of the jobs that ended and are older than this id would be. */
export const forgetEndedJobs = (before: string, limit: number): Statement<number> =>
  change(sql`DELETE FROM ${jobsTable} WHERE job_id IN (
    SELECT job_id FROM ${jobsTable} WHERE status IN ('done', 'failed', 'cancelled') AND job_id < ${before} LIMIT ${limit})`);

type DefinitionRow = Row<typeof workflowDefinitionsTable, "name" | "version" | "definition">;

/** Nothing changes if this version or a newer one is there. */
export const addDefinition = (row: DefinitionRow, atMs: number): Statement<number> =>
  change(sql`
    INSERT ${into(workflowDefinitionsTable, "name, version, definition, created_ms")}
    SELECT ${row.name}, ${row.version}, ${row.definition}, ${atMs}
    WHERE NOT EXISTS (SELECT 1 FROM ${workflowDefinitionsTable} WHERE name = ${row.name} AND version >= ${row.version})`);

export const newestDefinition = (name: string): Statement<DefinitionRow | undefined> =>
  firstRow<DefinitionRow>(sql`SELECT name, version, definition FROM ${workflowDefinitionsTable}
    WHERE name = ${name} ORDER BY version DESC LIMIT 1`);

export const newestDefinitions = (limit: number): Statement<DefinitionRow[]> =>
  rows<DefinitionRow>(sql`SELECT name, max(version) AS version, definition FROM ${workflowDefinitionsTable}
    GROUP BY name ORDER BY name LIMIT ${limit}`);
