import { z } from "@hono/zod-openapi";
import type { EventHandler } from "../platform/background.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { stableId, type TenantId } from "../platform/ids.ts";
import { DATABASE, isWithin } from "../platform/limits.ts";
import { addEventIfChanged, type Event, type EventMessage } from "../platform/outbox.ts";
import { retryDelayMs } from "../platform/retry-delay.ts";
import { StepBudget, STEPS } from "../platform/step-budget.ts";
import { STEP_EVENT } from "./events.ts";
import { builtIn } from "./built-in.ts";
import { DefinitionSchema, type Definition, type Input, type Task } from "./definition.ts";
import { RetryLater } from "../platform/background.ts";
import {
  addResultIfMoved,
  definitionOfJob,
  definitionStatement,
  forgetJobAt,
  jobOf,
  leaseStep,
  moveJob,
  resultsOf,
  type JobRow,
  type Position,
  type ResultRow,
} from "./store.ts";
import { type Outcome, type TaskResult } from "./task-result.ts";
import { isOutgoing, runTask } from "./tasks.ts";
import { ExpansionTooLong, type Scope } from "./template.ts";

const MIN_DELAY_MS = 1000;
/** Longer than any request may take, so that what looks abandoned is. */
const LEASE_MARGIN_MS = 60_000;

/** Of a result in its row. */
const MAX_RESULT_BYTES = DATABASE.valueBytes - 1000;

const PositionSchema = z.object({ step: z.int(), attempt: z.int(), run: z.int() });

/** The message that carries out a step: ids and numbers only. */
export const stepEvent = ({ tenant_id: tenant, job_id: subject }: JobKey, position: Position): Event => ({
  kind: STEP_EVENT,
  tenant,
  subject,
  data: { ...position },
});

type JobKey = Pick<JobRow, "tenant_id" | "job_id">;

/** The position a message is about; undefined if the job has moved on since, so that it means nothing any more. */
export function currentPosition(job: JobRow | undefined, event: EventMessage): Position | undefined {
  const position = PositionSchema.safeParse(event.data).data;
  if (!job || !position || !["pending", "processing"].includes(job.status)) return undefined;
  const { step, attempt, run } = position;
  return job.step === step && job.attempt === attempt && job.run === run ? position : undefined;
}

const definitionOf = (job: JobRow, registered: { definition: string } | undefined): Definition | undefined =>
  registered ? DefinitionSchema.parse(JSON.parse(registered.definition)) : builtIn(job.workflow, job.version);

/** A job with its definition, if an operator registered it: in one trip, unless that is in another database. */
async function readJob(deps: Deps, tenant: TenantId, id: string) {
  const own = [jobOf(tenant, id), resultsOf(tenant, id)] as const;
  if (!deps.homes.isSpread) {
    const [job, results, registered] = await deps.db(tenant).batch([...own, definitionOfJob(tenant, id)]);
    return { job, results, registered };
  }
  const [job, results] = await deps.db(tenant).batch(own);
  const registered = job && (await deps.directory.one(definitionStatement(job.workflow, job.version)));
  return { job, results, registered };
}

/** Carries out one step of a job. A message that comes twice, late or out of order changes nothing. */
export const runStep: EventHandler = async (deps, event) => {
  const { tenant, subject: id } = event;
  const { job, results, registered } = await readJob(deps, tenant, id);
  const position = currentPosition(job, event);
  if (!job || !position) return;
  const definition = definitionOf(job, registered);
  const task = definition?.tasks[job.step];
  if (!definition) return end(deps, job, "failed", "there is no such workflow any more");
  if (!task) return end(deps, job, "done");
  if (isOutgoing(task)) await lease(deps, job, position);
  const outcome = await runTask(deps, task, scopeOf(deps, job, results), {
    actor: { kind: "system", tenant },
    stableId: stableId(`${job.job_id}/${job.step}`),
  });
  await deps.db(tenant).batch(consequences(deps, job, { definition, task, outcome }));
};

async function lease(deps: Deps, job: JobRow, position: Position): Promise<void> {
  const nowMs = deps.now();
  const untilMs = nowMs + deps.settings.WORKFLOW_HTTP_TIMEOUT_S * 1000 + LEASE_MARGIN_MS;
  const taken = await deps
    .db(job.tenant_id)
    .one(leaseStep(job.tenant_id, job.job_id, position, { nowMs, untilMs }));
  if (taken === 0) throw new RetryLater("another delivery of this step is at work");
}

function scopeOf(deps: Deps, job: JobRow, results: readonly ResultRow[]): Scope {
  const answers = new Map<string, unknown>();
  for (const row of results) {
    const result = JSON.parse(row.result) as TaskResult; // written by `consequences`
    if (row.step < job.step && !answers.has(result.name)) answers.set(result.name, answerOf(result));
  }
  const input = JSON.parse(job.input) as Input; // written by `addJob`
  const budget = new StepBudget(STEPS.background, () => new ExpansionTooLong());
  return { input, variables: deps.settings.WORKFLOW_VARIABLES, answers, budget };
}

function answerOf({ httpResponse }: TaskResult): unknown {
  try {
    return JSON.parse(httpResponse?.body ?? "");
  } catch {
    return undefined;
  }
}

async function end(deps: Deps, job: JobRow, status: "done" | "failed", failure?: string): Promise<void> {
  const { tenant_id: tenant, job_id: id, step, attempt } = job;
  await deps.db(tenant).one(moveJob(tenant, id, job, { status, step, attempt, failure, atMs: deps.now() }));
}

interface Ran {
  definition: Definition;
  task: Task;
  outcome: Outcome;
}

/** Of what fits no row, what was sent is not kept. What was answered is bounded, and later steps read it. */
function keptOf(result: TaskResult): TaskResult {
  if (isWithin(JSON.stringify(result), MAX_RESULT_BYTES)) return result;
  const { httpRequest: _, smtp: __, ...kept } = result;
  return kept;
}

/** What a step leaves behind, as one batch: the job moves, its result is kept, the next step is recorded. */
function consequences(deps: Deps, job: JobRow, { definition, task, outcome }: Ran): Statement<unknown>[] {
  const { tenant_id: tenant, job_id: id, step, attempt, run } = job;
  const atMs = deps.now();
  const keep = addResultIfMoved(tenant, id, step, keptOf(outcome.result), atMs);
  const goOn = (next: Position, dueMs: number) => addEventIfChanged(stepEvent(job, next), atMs, dueMs);
  if (outcome.kind === "success") {
    const isLast = step + 1 >= definition.tasks.length;
    if (isLast && definition.ephemeral) return [forgetJobAt(tenant, id, job)];
    const next = { step: step + 1, attempt: 0, run };
    const moved = moveJob(tenant, id, job, { status: isLast ? "done" : "processing", ...next, atMs });
    return isLast ? [moved, keep] : [moved, keep, goOn(next, atMs)];
  }
  const failure = `${task.name}: ${outcome.reason}`;
  if (outcome.kind === "refused" || attempt >= task.retries) {
    return [moveJob(tenant, id, job, { status: "failed", step, attempt, failure, atMs }), keep];
  }
  const next = { step, attempt: attempt + 1, run };
  const moved = moveJob(tenant, id, job, { status: "processing", ...next, failure, atMs });
  const baseMs = Math.max(task.retryDelaySeconds * 1000, MIN_DELAY_MS);
  return [moved, keep, goOn(next, atMs + retryDelayMs(baseMs, attempt))];
}
