import type { OperatorActor } from "../../platform/actor.ts";
import { inEachDatabase } from "../../platform/apart.ts";
import type { EventHandler, Sweep } from "../../platform/background.ts";
import { rfc3339 } from "../../platform/clock.ts";
import { refusalOf } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { newSortableId, type TenantId } from "../../platform/ids.ts";
import { INVOCATION } from "../../platform/limits.ts";
import { addEvent } from "../../platform/outbox.ts";
import { offsetOf, type Page } from "../../platform/paging.ts";
import { drainOutbox } from "../../platform/send-events.ts";
import { getTenant } from "../../tenants/index.ts";
import { journalStatement } from "../journal/journal-store.ts";
import { RESTORE_RUN } from "../events.ts";
import { JOURNAL_DAYS } from "../journal/limits.ts";
import { isMovedStatement } from "../moving/move-store.ts";
import { READY_LIFE_MS, RESTORE_ATTEMPTS, RESTORE_LIFE_MS } from "./limits.ts";
import { FIRST_POSITION } from "./restore-position.ts";
import { doStep, fail } from "./restore-steps.ts";
import {
  addRestoreStatement,
  applyStatement,
  cancelStatement,
  countRestoresStatement,
  endIdleStatement,
  forgetEndedStatement,
  forgetRestoreStatement,
  leaseStatement,
  openRestoresStatement,
  readyStatement,
  releaseStatement,
  RESTORE_MOVED_ON,
  restoresStatement,
  restoreStatement,
  type OpenRestore,
  type RestoreRow,
} from "./restore-store.ts";
import { viewOf, type RestoreView } from "./restore-view.ts";
import { Restoring } from "./restoring.ts";

/** How long nobody else takes up a restore that somebody works on. */
export const LEASE_MS = 60_000;
/** Calls of databases that one run makes; the next goes on. */
const CALLS_A_RUN = Math.floor(INVOCATION.databaseCalls / 2);
/** More than one step makes. */
const CALLS_A_STEP = 120;
const RESTORES_A_RUN = 10;
const DAY_MS = 86_400_000;

async function restoreOf(deps: Deps, { tenant }: OperatorActor, id: string): Promise<RestoreRow> {
  const row = await deps.db(tenant).one(restoreStatement(tenant, id));
  if (!row) throw new Fault("not_found", "there is no such restore");
  return row;
}

export const showRestore = async (deps: Deps, actor: OperatorActor, id: string): Promise<RestoreView> =>
  viewOf(await restoreOf(deps, actor, id));

export async function listRestores(
  deps: Deps,
  { tenant }: OperatorActor,
  page: Page,
): Promise<{ views: RestoreView[]; total: number }> {
  await getTenant(deps, tenant);
  const [found, total] = await deps
    .db(tenant)
    .batch([
      restoresStatement(tenant, { offset: offsetOf(page), limit: page.perPage }),
      countRestoresStatement(tenant),
    ]);
  return { views: found.map(viewOf), total };
}

async function requireUnmoved(deps: Deps, tenant: TenantId): Promise<void> {
  if (await deps.directory.one(isMovedStatement(tenant)))
    throw new Fault("conflict", "the tenant is being moved");
}

/** Refuses a time that cannot be gone back to. */
async function requireReachable(deps: Deps, { tenant }: OperatorActor, toMs: number): Promise<void> {
  const nowMs = deps.now();
  if (toMs > nowMs) throw new Fault("bad_request", "to: must not be in the future.");
  if (toMs < nowMs - JOURNAL_DAYS * DAY_MS)
    throw new Fault("unprocessable", `the journal of a tenant goes back ${JOURNAL_DAYS} days`);
  await requireUnmoved(deps, tenant);
  const journal = await deps.db(tenant).one(journalStatement(tenant));
  if (!journal || journal.state === "off") throw new Fault("conflict", "the tenant has no journal");
  if (journal.oldest_ms === null)
    throw new Fault("unprocessable", "the journal of the tenant has only just begun");
  if (toMs < journal.oldest_ms)
    throw new Fault("unprocessable", `the journal of the tenant begins at ${rfc3339(journal.oldest_ms)}`);
}

function goOn(deps: Deps, restore: OpenRestore): void {
  deps.later(
    runOn(deps, restore).catch((cause: unknown) =>
      deps.log.error("restore not taken on", { ...restore, cause }),
    ),
  );
}

/** Has a tenant put back to what it was at a time, or told what would be put back. What another dry run has found is forgotten. */
export async function beginRestore(
  deps: Deps,
  actor: OperatorActor,
  { toMs, isDryRun }: { toMs: number; isDryRun: boolean },
): Promise<RestoreView> {
  const { tenant } = actor;
  await getTenant(deps, tenant);
  await requireReachable(deps, actor, toMs);
  const ready = await deps.db(tenant).one(readyStatement(tenant));
  if (ready !== undefined) await endRestore(deps, actor, ready);
  const id = newSortableId(deps.now());
  const added = await deps.db(tenant).one(
    addRestoreStatement({
      tenant_id: tenant,
      restore_id: id,
      dry_run: Number(isDryRun),
      to_ms: toMs,
      position: JSON.stringify(FIRST_POSITION),
      created_ms: deps.now(),
    }),
  );
  if (added === 0) throw new Fault("conflict", "another restore of the tenant is under way");
  goOn(deps, { tenant, id });
  return showRestore(deps, actor, id);
}

/** Has written what a dry run has told of. */
export async function applyRestore(deps: Deps, actor: OperatorActor, id: string): Promise<RestoreView> {
  const { tenant } = actor;
  const { step } = await restoreOf(deps, actor, id);
  await requireUnmoved(deps, tenant);
  if ((await deps.db(tenant).one(applyStatement(tenant, id, deps.now()))) === 0)
    throw new Fault("conflict", `only a dry run that is ready can be applied: it is ${step}`);
  goOn(deps, { tenant, id });
  return showRestore(deps, actor, id);
}

/** Ends a restore that has not written anything yet; one that is over is told of no more. */
export async function endRestore(
  deps: Deps,
  actor: OperatorActor,
  id: string,
): Promise<RestoreView | undefined> {
  const { tenant } = actor;
  const row = await restoreOf(deps, actor, id);
  if (row.ended_ms !== null) {
    await deps.db(tenant).one(forgetRestoreStatement(tenant, id));
    return undefined;
  }
  if ((await deps.db(tenant).one(cancelStatement(tenant, id, deps.now()))) === 0)
    throw new Fault("conflict", `the restore cannot be ended any more: it is ${row.step}`);
  await runRestore(deps, { tenant, id });
  return showRestore(deps, actor, id);
}

async function workOn(deps: Deps, row: RestoreRow): Promise<void> {
  const restoring = new Restoring(deps, row);
  if (row.attempts <= RESTORE_ATTEMPTS) return doStep(restoring);
  await fail(restoring, `it could not be taken on in ${RESTORE_ATTEMPTS} attempts`);
}

/** Takes a restore on, for as many steps as one run has calls of databases. One at a time works on it. */
export async function runRestore(deps: Deps, restore: OpenRestore, callsLeft = CALLS_A_RUN): Promise<number> {
  const db = deps.db(restore.tenant);
  let calls = callsLeft;
  while (calls >= CALLS_A_STEP) {
    const before = deps.cost.roundTrips;
    const untilMs = deps.now() + LEASE_MS;
    const row = await db.one(leaseStatement(restore, deps.now(), untilMs));
    if (!row) return calls;
    try {
      await workOn(deps, row);
    } catch (cause) {
      if (refusalOf(cause) !== RESTORE_MOVED_ON) throw cause; // somebody has ended it meanwhile
    } finally {
      await db.one(releaseStatement(restore, untilMs));
    }
    calls -= deps.cost.roundTrips - before;
  }
  return calls;
}

/** Takes a restore on; what one invocation cannot do the next does at once, because the tenant may wait for it. */
async function runOn(deps: Deps, restore: OpenRestore, callsLeft = CALLS_A_RUN): Promise<number> {
  const left = await runRestore(deps, restore, callsLeft);
  if (left >= CALLS_A_STEP) return left;
  const db = deps.db(restore.tenant);
  const { tenant, id: subject } = restore;
  await db.one(addEvent({ kind: RESTORE_RUN, tenant, subject, data: {} }, deps.now()));
  await drainOutbox(deps, db);
  return left;
}

export const goOnWithRestore: EventHandler = async (deps, { tenant, subject: id }) => {
  await runOn(deps, { tenant, id });
};

/** Restores that are under way, whoever began them. */
export const restoreTenants: Sweep = async (deps) => {
  const nowMs = deps.now();
  let calls = CALLS_A_RUN;
  await inEachDatabase(deps, async ({ db }) => {
    const [, , open] = await db.batch([
      endIdleStatement(nowMs - READY_LIFE_MS, nowMs),
      forgetEndedStatement(nowMs - RESTORE_LIFE_MS),
      openRestoresStatement(RESTORES_A_RUN),
    ]);
    for (const restore of open)
      try {
        calls = await runOn(deps, restore, calls);
      } catch (cause) {
        deps.log.error("restore not taken on", { ...restore, cause });
      }
  });
};
