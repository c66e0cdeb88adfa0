import type { OperatorActor } from "../platform/actor.ts";
import { isFailedRow } from "../platform/apart.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { JOB_ID_LENGTH } from "../platform/failed-jobs.ts";
import { Fault } from "../platform/fault.ts";
import { asTenantId, DEFAULT_TENANT, newSortableId, type TenantId } from "../platform/ids.ts";
import { addEvent, addEventIfChanged } from "../platform/outbox.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import { tenantsAmongStatement } from "../tenants/index.ts";
import { BUILT_IN, builtIn } from "./built-in.ts";
import { deadEventOf } from "./dead-letters.ts";
import { DefinitionSchema, missingParameters, type Definition, type Input } from "./definition.ts";
import { stepEvent } from "./run.ts";
import {
  addDefinition,
  addJob,
  cancelJob,
  dropJob,
  jobById,
  jobBySubject,
  listJobs,
  newestDefinition,
  newestDefinitions,
  resultsOf,
  retryJob,
  type JobFilter,
  type JobRow,
  type ResultRow,
} from "./store.ts";

const jobNotFound = () => new Fault("not_found", "not found");

const FIRST = { step: 0, attempt: 0, run: 1 };

const newJobId = (atMs: number): string => newSortableId(atMs).slice(0, JOB_ID_LENGTH);

interface JobStart {
  tenant: TenantId;
  definition: Definition;
  subject?: string;
  input: Input;
}

/** A job and the message of its first step, for the batch of whatever wants it done. */
function startStatements({ tenant, definition, subject, input }: JobStart, atMs: number) {
  const id = newJobId(atMs);
  const { name: workflow, version } = definition;
  const event = stepEvent({ tenant_id: tenant, job_id: id }, FIRST);
  const statements: Statement<unknown>[] = [
    addJob({ tenant, id, workflow, version, subject, input }, atMs),
    addEvent(event, atMs),
  ];
  return { id, statements };
}

/** The same for a workflow of this server, by name. */
export function startBuiltIn(name: string, start: Omit<JobStart, "definition">, atMs: number) {
  const definition = builtIn(name);
  if (!definition) throw new Error(`there is no workflow ${name}`);
  return startStatements({ ...start, definition }, atMs);
}

/** The newest version, of ours or of the operator's. */
async function findDefinition(deps: Deps, name: string): Promise<Definition> {
  const own = builtIn(name);
  const row = await deps.directory.one(newestDefinition(name));
  if (row && row.version > (own?.version ?? -1)) return DefinitionSchema.parse(JSON.parse(row.definition));
  if (!own) throw new Fault("not_found", "Workflow not found");
  return own;
}

/** Jobs act in the tenant that their input names. */
const tenantOf = ({ tenant_id: tenant }: Input): TenantId =>
  typeof tenant === "string" && tenant !== "" ? asTenantId(tenant) : DEFAULT_TENANT;

async function demandTenants(deps: Deps, tenants: readonly TenantId[]): Promise<void> {
  const named = tenants.filter((tenant) => tenant !== DEFAULT_TENANT);
  if (named.length === 0) return;
  const found = await deps.directory.one(tenantsAmongStatement(named));
  if (found.length < named.length) throw new Fault("bad_request", "tenant_id: tenant not found");
}

/** Lets an operator look into a tenant, or refuses; what it takes is for a higher domain to know. */
export type DemandSupport = (deps: Deps, actor: OperatorActor, what: string) => Promise<void>;

/** Starts one job for each input; all or none of those in one database. */
export async function startJobs(
  { deps, demandSupport }: { deps: Deps; demandSupport: DemandSupport },
  name: string,
  inputs: readonly Input[],
  minVersion = 0,
): Promise<{ id: string; name: string }[]> {
  const definition = await findDefinition(deps, name);
  if (definition.version < minVersion) throw new Fault("not_found", "Workflow not found");
  for (const input of inputs) {
    const missing = missingParameters(definition, input);
    if (missing.length > 0)
      throw new Fault("bad_request", `Missing input parameters: [${missing.join(" ")}]`);
  }
  const tenants = [...new Set(inputs.map(tenantOf))];
  await demandTenants(deps, tenants);
  for (const tenant of tenants)
    await demandSupport(deps, { kind: "operator", tenant }, `start the workflow ${name}`);
  const at = deps.now();
  const started = inputs.map((input) => {
    const tenant = tenantOf(input);
    return { ...startStatements({ tenant, definition, input }, at), tenant };
  });
  if (deps.homes.isSpread)
    for (const [tenant, of] of Map.groupBy(started, ({ tenant }) => tenant))
      await deps.db(tenant).batch(of.flatMap(({ statements }) => statements));
  else await deps.directory.batch(started.flatMap(({ statements }) => statements));
  return started.map(({ id }) => ({ id, name }));
}

export interface JobDetail {
  job: JobRow;
  results: ResultRow[];
}

const fromEachDatabase = <T>(deps: Deps, statement: Statement<T>): Promise<T[]> =>
  Promise.all(deps.databases().map(({ db }) => db.one(statement)));

async function getJob(deps: Deps, id: string): Promise<JobDetail> {
  const [job] = (await fromEachDatabase(deps, jobById(id))).flatMap((one) => one ?? []);
  if (!job) throw jobNotFound();
  return { job, results: await deps.db(job.tenant_id).one(resultsOf(job.tenant_id, id)) };
}

/** What a job was given and what came of it is the tenant's. */
export async function showJob(deps: Deps, demandSupport: DemandSupport, id: string): Promise<JobDetail> {
  const found = await getJob(deps, id);
  await demandSupport(deps, { kind: "operator", tenant: found.job.tenant_id }, `look at the job ${id}`);
  return found;
}

/** The page of all databases together: of each as many as there may be in it. */
async function pageOfJobs(deps: Deps, filter: JobFilter, page: Page): Promise<JobRow[]> {
  if (!deps.homes.isSpread) return deps.directory.one(listJobs(filter, page));
  const until = { page: 1, perPage: page.page * page.perPage };
  const found = await fromEachDatabase(deps, listJobs(filter, until));
  const from = offsetOf(page);
  return found
    .flat()
    .toSorted((a, b) => (a.job_id < b.job_id ? 1 : -1))
    .slice(from, from + page.perPage + 1);
}

export async function browseJobs(
  deps: Deps,
  filter: JobFilter,
  page: Page,
): Promise<{ jobs: JobRow[]; hasNext: boolean }> {
  const jobs = await pageOfJobs(deps, filter, page);
  return { jobs: jobs.slice(0, page.perPage), hasNext: jobs.length > page.perPage };
}

const auditOf = (action: string, job: JobRow) => ({
  action,
  object: { type: "job", id: job.job_id, detail: { workflow: job.workflow } },
});

const inTenantOf = (actor: OperatorActor, job: JobRow): OperatorActor => ({
  ...actor,
  tenant: job.tenant_id,
});

/** Ends a job between two steps. A step that is at work finishes, and nothing follows it. */
export async function cancel(deps: Deps, actor: OperatorActor, id: string): Promise<void> {
  const { job } = await getJob(deps, id);
  const at = deps.now();
  const [changed] = await deps
    .db(job.tenant_id)
    .batch([cancelJob(id, at), addAuditIfChanged(inTenantOf(actor, job), auditOf("cancel", job), at)]);
  if (changed === 0) throw new Fault("conflict", "the job has ended");
}

/** Takes a job up again at the step that failed. */
export async function retry(deps: Deps, actor: OperatorActor, id: string): Promise<void> {
  const { job } = await getJob(deps, id);
  const at = deps.now();
  if (isFailedRow(job)) return retryRow(deps, actor, job);
  const dead = deadEventOf(job);
  const { step, run } = job;
  const [changed] = await deps
    .db(job.tenant_id)
    .batch([
      dead ? dropJob(id) : retryJob(id, run, at),
      addEventIfChanged(dead ?? stepEvent(job, { step, attempt: 0, run: run + 1 }), at),
      addAuditIfChanged(inTenantOf(actor, job), auditOf("retry", job), at),
    ]);
  if (changed === 0) throw new Fault("conflict", "only a job that failed or was cancelled can be retried");
}

/** The duty takes the row again with its next run. */
async function retryRow(deps: Deps, actor: OperatorActor, job: JobRow): Promise<void> {
  await deps
    .db(job.tenant_id)
    .batch([
      dropJob(job.job_id),
      addAuditIfChanged(inTenantOf(actor, job), auditOf("retry", job), deps.now()),
    ]);
}

const MAX_DEFINITIONS = 1000;

/** The newest version of every workflow. */
export async function listDefinitions(deps: Deps): Promise<Definition[]> {
  const registered = await deps.directory.one(newestDefinitions(MAX_DEFINITIONS));
  const byName = new Map(BUILT_IN.map((definition) => [definition.name, definition]));
  for (const row of registered) {
    const own = byName.get(row.name);
    if (!own || row.version > own.version)
      byName.set(row.name, DefinitionSchema.parse(JSON.parse(row.definition)));
  }
  return [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Takes a definition that is newer than what is there under its name. */
export async function register(deps: Deps, definition: Definition): Promise<void> {
  const exists = () => new Fault("conflict", "Workflow already exists");
  const { name, version } = definition;
  if (version <= (builtIn(name)?.version ?? -1)) throw exists();
  const row = { name, version, definition: JSON.stringify(definition) };
  if ((await deps.directory.one(addDefinition(row, deps.now()))) === 0) throw exists();
}

/** The last job about something of a tenant. */
export const jobAbout = (deps: Deps, tenant: TenantId, subject: string): Promise<JobRow | undefined> =>
  deps.db(tenant).one(jobBySubject(tenant, subject));
