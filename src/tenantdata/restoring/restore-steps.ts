import { headOf, untilKnown } from "../../checkin/index.ts";
import {
  beginRecount,
  forgetBudgetsStatement,
  openAfterStatement,
  recountSome,
  resumeWorkStatements,
} from "../../deployments/index.ts";
import { tokensRevokedEvent } from "../../deviceauth/index.ts";
import type { OperatorActor } from "../../platform/actor.ts";
import { addAudit } from "../../platform/audit.ts";
import { rfc3339 } from "../../platform/clock.ts";
import { demandChanged, refusalOf } from "../../platform/database.ts";
import { addEvent } from "../../platform/outbox.ts";
import { refreshReleasesStatements, releasesInLineStatement } from "../../releases/index.ts";
import { setJournalState } from "../journal/journal-store.ts";
import { flushJournal } from "../journal/flush.ts";
import { JournalDamage } from "../journal/read-journal.ts";
import { stageSome } from "./loading.ts";
import { putPage } from "./putting.ts";
import { forgetTotalsStatement } from "./putting-store.ts";
import { removePage } from "./removing.ts";
import { RestoreFault } from "./restore-fault.ts";
import { noChanges, NOT_SETTLED, PHASES, startOf, type Phase } from "./restore-position.ts";
import type { Advance, RestoreStep } from "./restore-store.ts";
import type { Restoring } from "./restoring.ts";
import { unstageStatement } from "./staging-store.ts";
import { waitPage } from "./waiting.ts";

/** Pages that one step goes through; each costs some calls. */
const PAGES_A_STEP = 24;
/** Releases that are brought into line in one batch. */
const RELEASES_A_BATCH = 50;
const REMOVALS_A_STEP = 40;

/** The refusal of a pause where there is no journal any more. */
const NO_JOURNAL = "no-journal";

type To = Omit<Advance, "position">;

/** Answers until when everything is in the bucket. */
async function flush({ deps, tenant }: Restoring): Promise<number> {
  const flushedMs = await flushJournal(deps, tenant);
  if (flushedMs === undefined) throw new RestoreFault("the tenant has no journal any more");
  return flushedMs;
}

async function load(restoring: Restoring): Promise<To> {
  const { isDone, cutMs } = await stageSome(restoring);
  if (!isDone) return { step: "loading", cutMs };
  begin(restoring);
  return { step: restoring.row.dry_run === 1 ? "comparing" : "pausing", cutMs };
}

/** What is compared from here on is compared with what there is now. */
function begin(restoring: Restoring): void {
  restoring.position = {
    ...restoring.position,
    walk: startOf("putting"),
    compared: 0,
    changes: noChanges(),
    settled: NOT_SETTLED,
  };
}

const PAGE: Record<Phase, (restoring: Restoring, isWriting: boolean) => Promise<boolean>> = {
  putting: putPage,
  removing: removePage,
  waiting: waitPage,
};

/** Goes through some pages of a phase; answers whether it is done. */
async function goThrough(restoring: Restoring, phase: Phase, isWriting: boolean): Promise<boolean> {
  for (let page = 0; page < PAGES_A_STEP; page++) if (!(await PAGE[phase](restoring, isWriting))) return true;
  return false;
}

const after = (phase: Phase): Phase | undefined => PHASES[PHASES.indexOf(phase) + 1];

async function compare(restoring: Restoring): Promise<To> {
  const { phase } = restoring.position.walk;
  if (!(await goThrough(restoring, phase, false))) return { step: "comparing" };
  const next = after(phase);
  if (next === undefined) return { step: "ready" };
  restoring.position = { ...restoring.position, walk: startOf(next) };
  return { step: "comparing" };
}

/** From here on nobody else writes what is put back. */
async function pause(restoring: Restoring): Promise<undefined> {
  const { deps, tenant, row } = restoring;
  const actor: OperatorActor = { kind: "operator", tenant };
  const entry = {
    action: "restore",
    object: { type: "tenant", id: tenant },
    change: `to ${rfc3339(row.cut_ms ?? row.to_ms)}`,
  };
  begin(restoring);
  await restoring
    .commit(
      [
        setJournalState(tenant, "on", "restoring"),
        demandChanged(NO_JOURNAL),
        addAudit(actor, entry, deps.now()),
      ],
      {
        step: "sealing",
      },
    )
    .catch((cause: unknown) => {
      throw refusalOf(cause) === NO_JOURNAL ? new RestoreFault("the tenant has no journal any more") : cause;
    });
}

/** What there was last is a time that can be gone back to as well. From here on no report is the same as what is stored. */
async function seal(restoring: Restoring): Promise<To> {
  const pausedMs = await flush(restoring);
  await headOf(restoring.deps.heads, restoring.tenant).changed([{ kind: "anew" }]);
  return { step: "putting", pausedMs };
}

async function work(restoring: Restoring, phase: Phase): Promise<To> {
  if (!(await goThrough(restoring, phase, true))) return { step: phase };
  const next = after(phase);
  if (next === undefined) return { step: "settling" };
  restoring.position = { ...restoring.position, walk: startOf(next) };
  return { step: next };
}

/** Brings into line what is counted, and has done what was still to be done then. */
async function settle(restoring: Restoring): Promise<To | undefined> {
  const { deps, db, tenant, position } = restoring;
  const { release, deployment, recount } = position.settled;
  const [releases, [seq]] = await db.batch([
    releasesInLineStatement(tenant, release, RELEASES_A_BATCH),
    openAfterStatement(tenant, deployment, 1),
  ]);
  const atMs = deps.now();
  if (releases.length > 0) {
    const stale = releases.flatMap(({ name, in_line: inLine }) => (inLine === 1 ? [] : [name]));
    restoring.position = {
      ...position,
      settled: { ...position.settled, release: releases.at(-1)?.name ?? release },
    };
    await restoring.write(stale.length > 0 ? refreshReleasesStatements(tenant, stale, atMs) : []);
    return { step: "settling" };
  }
  if (seq !== undefined) {
    const { statements, next } = await recountSome(
      db,
      tenant,
      recount?.seq === seq ? recount : beginRecount(seq),
    );
    const settled = { release, deployment: next ? deployment : seq, recount: next };
    restoring.position = { ...position, settled };
    await restoring.write(statements);
    return { step: "settling" };
  }
  const rest = [
    forgetTotalsStatement(tenant),
    forgetBudgetsStatement(tenant),
    ...resumeWorkStatements(tenant, atMs),
    // Whoever is connected is asked whether it still may be.
    addEvent(tokensRevokedEvent(tenant, undefined), atMs),
  ];
  await restoring.commit(rest, { step: "telling" });
  return undefined;
}

/** Before anybody writes again, nobody is answered from what was. */
async function tell({ deps, tenant }: Restoring): Promise<To> {
  await headOf(deps.heads, tenant).changed([{ kind: "anew" }]);
  await untilKnown(deps, tenant, deps.now());
  return { step: "opening" };
}

async function open(restoring: Restoring): Promise<undefined> {
  const ending = restoring.row.failure === null ? "done" : "failed";
  restoring.position = { ...restoring.position, ending };
  await restoring.commit([setJournalState(restoring.tenant, "restoring", "on")], { step: "clearing" });
}

async function clear({ db, tenant, position }: Restoring): Promise<To> {
  for (let removal = 0; removal < REMOVALS_A_STEP; removal++)
    if ((await db.one(unstageStatement(tenant))) === 0) return { step: position.ending };
  return { step: "clearing" };
}

/** What a step comes to; nothing if it has taken the restore on by itself. */
async function take(restoring: Restoring): Promise<To | undefined> {
  const { step } = restoring.row;
  switch (step) {
    case "flushing":
      await flush(restoring);
      return { step: "loading" };
    case "loading":
      return load(restoring);
    case "comparing":
      return compare(restoring);
    case "pausing":
      return pause(restoring);
    case "sealing":
      return seal(restoring);
    case "putting":
    case "removing":
    case "waiting":
      return work(restoring, step);
    case "settling":
      return settle(restoring);
    case "telling":
      return tell(restoring);
    case "opening":
      return open(restoring);
    default:
      return clear(restoring);
  }
}

const HAS_WRITTEN: ReadonlySet<RestoreStep> = new Set(["putting", "removing", "waiting", "settling"]);
const UNTOUCHED: ReadonlySet<RestoreStep> = new Set(["flushing", "loading", "comparing", "pausing"]);

/** Ends a restore that cannot be done. A tenant that is paused goes on, as it is then. */
export async function fail(restoring: Restoring, reason: string): Promise<void> {
  const { step, paused_ms: pausedMs } = restoring.row;
  if (UNTOUCHED.has(step)) {
    restoring.position = { ...restoring.position, ending: "failed" };
    return restoring.commit([], { step: "clearing", failure: reason });
  }
  const half =
    HAS_WRITTEN.has(step) && pausedMs !== null
      ? `; a part was put back: restore the tenant again, or to ${rfc3339(pausedMs)} as it was before`
      : "";
  const next = step === "clearing" ? "clearing" : step === "telling" ? "opening" : "telling";
  return restoring.commit([], { step: next, failure: reason + half });
}

/** One step of a restore. Each may be done again, and is until it is written down that it is done. */
export async function doStep(restoring: Restoring): Promise<void> {
  try {
    const to = await take(restoring);
    if (to) await restoring.commit([], to);
  } catch (cause) {
    if (!(cause instanceof RestoreFault || cause instanceof JournalDamage)) throw cause;
    await fail(restoring, cause.message);
  }
}
