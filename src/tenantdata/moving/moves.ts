import type { OperatorActor } from "../../platform/actor.ts";
import { addAudit } from "../../platform/audit.ts";
import type { Sweep } from "../../platform/background.ts";
import { rfc3339 } from "../../platform/clock.ts";
import { refusalOf, type Database } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { homeStatement } from "../../platform/home-store.ts";
import type { TenantId } from "../../platform/ids.ts";
import { INVOCATION } from "../../platform/limits.ts";
import { jurisdictionOf, placeTenant, type Jurisdiction } from "../../platform/placing.ts";
import { getTenant } from "../../tenants/index.ts";
import { databaseNamed } from "../database-named.ts";
import { MOVED_TABLES, type CopyPosition } from "./copy.ts";
import { isRestoredStatement } from "../restoring/restore-store.ts";
import { doStep } from "./move-steps.ts";
import {
  beginStatements,
  jurisdictionStatement,
  cancelStatement,
  leaseStatement,
  migrationsStatement,
  MOVED_ON,
  moveStatement,
  openMovesStatement,
  releaseStatement,
  type MoveRow,
} from "./move-store.ts";

/** How long nobody else takes up a move that somebody works on. */
const LEASE_MS = 60_000;
/** Calls of databases that one run makes, of those that one invocation has; the next goes on. */
const CALLS_A_RUN = Math.floor(INVOCATION.databaseCalls * 0.8);
/** The same where other duties are done beside it. */
const CALLS_A_SWEEP = Math.floor(INVOCATION.databaseCalls * 0.5);
/** More than one step makes, and those of the directory among them. */
const CALLS_A_STEP = 64;
const CALLS_BESIDE = 4;
const MOVES_A_RUN = 10;

export interface MoveView {
  tenant_id: string;
  state: "running" | "done" | "failed" | "cancelled";
  step: MoveRow["step"];
  source: string;
  target: string;
  begun_at: string;
  updated_at: string;
  /** Since when nothing is written. */
  paused_at?: string;
  resumed_at?: string;
  progress: { table?: string; tables_done: number; tables: number; rows: number; checked: number };
  error?: string;
}

const ENDED = ["done", "failed", "cancelled"] as const;

function viewOf(row: MoveRow): MoveView {
  const { copied, checked } = JSON.parse(row.position) as Partial<Record<"copied" | "checked", CopyPosition>>; // only the steps write it
  const table = MOVED_TABLES[copied?.table ?? 0]?.name;
  return {
    tenant_id: row.tenant_id,
    state: ENDED.find((state) => state === row.step) ?? "running",
    step: row.step,
    source: row.source,
    target: row.target,
    begun_at: rfc3339(row.begun_ms),
    updated_at: rfc3339(row.updated_ms),
    ...(row.paused_ms !== null && { paused_at: rfc3339(row.paused_ms) }),
    ...(row.resumed_ms !== null && { resumed_at: rfc3339(row.resumed_ms) }),
    progress: {
      ...(table !== undefined && row.step === "copying" && { table }),
      tables_done: copied?.table ?? 0,
      tables: MOVED_TABLES.length,
      rows: copied?.rows ?? 0,
      checked: checked?.rows ?? 0,
    },
    ...(row.failure !== null && { error: row.failure }),
  };
}

const noMove = () => new Fault("not_found", "the tenant was not moved");

export async function showMove(deps: Deps, { tenant }: OperatorActor): Promise<MoveView> {
  const row = await deps.directory.one(moveStatement(tenant));
  if (!row) throw noMove();
  return viewOf(row);
}

/** A database as it is, without a door. */
const bare = (deps: Deps, name: string): Database => databaseNamed(deps, name).uncounted();

async function targetOf(
  deps: Deps,
  { database, jurisdiction }: { database?: string | undefined; jurisdiction?: Jurisdiction | undefined },
): Promise<string> {
  if (database !== undefined) {
    if (!deps.homes.names.includes(database))
      throw new Fault("bad_request", "database: must be one that tenants can live in.");
    return database;
  }
  const placed = await placeTenant(deps, jurisdiction);
  if (!placed) throw new Fault("conflict", "there is no other database");
  return placed.home;
}

/** Rows fit into another database that has the same tables. */
async function demandSameTables(deps: Deps, source: string, target: string): Promise<void> {
  const [there, here] = await Promise.all(
    [source, target].map((name) => bare(deps, name).one(migrationsStatement)),
  );
  if (there !== here)
    throw new Fault("conflict", `${source} and ${target} have not the same migrations: migrate first`);
}

/** Has a tenant brought to another database. From here on until it is there, it is read and not written. */
export async function beginMove(
  deps: Deps,
  actor: OperatorActor,
  wanted: { database?: string | undefined; jurisdiction?: Jurisdiction | undefined },
): Promise<MoveView> {
  const { tenant } = actor;
  await getTenant(deps, tenant);
  const [{ home: source }, jurisdiction] = await deps.directory.batch([
    homeStatement(tenant, deps.homes.first),
    jurisdictionStatement(tenant),
  ]);
  const asked = wanted.jurisdiction ?? jurisdiction;
  const target = await targetOf(deps, { ...wanted, jurisdiction: asked });
  if (asked !== undefined && jurisdictionOf(target) !== asked)
    throw new Fault("conflict", `the tenant is to be in ${asked}, and ${target} is not`);
  if (source === target) throw new Fault("conflict", `the tenant lives in ${target} already`);
  await demandSameTables(deps, source, target);
  if (await deps.db(tenant).one(isRestoredStatement(tenant)))
    throw new Fault("conflict", "the tenant is being restored");
  const at = deps.now();
  const object = { type: "tenant", id: tenant };
  await deps
    .db(tenant)
    .one(addAudit(actor, { action: "move", object, change: `${source} to ${target}` }, at));
  const [begun] = await deps.directory.batch(beginStatements({ tenant, source, target }, at));
  if (begun === 0) throw new Fault("conflict", "the tenant is being moved already");
  deps.homes.forget(tenant);
  deps.later(
    runMove(deps, tenant).catch((cause: unknown) => deps.log.error("move not taken on", { tenant, cause })),
  );
  return showMove(deps, actor);
}

/** Ends a move before the tenant has changed its home. */
export async function cancelMove(deps: Deps, actor: OperatorActor): Promise<MoveView> {
  const [cancelled] = await deps.directory.batch([cancelStatement(actor.tenant, deps.now())]);
  const shown = await showMove(deps, actor);
  if (cancelled === 0) throw new Fault("conflict", `the move cannot be ended any more: it is ${shown.step}`);
  await runMove(deps, actor.tenant);
  return showMove(deps, actor);
}

/** Takes a move on, for as many steps as one run has calls of databases. One at a time works on it. */
export async function runMove(deps: Deps, tenant: TenantId, callsLeft = CALLS_A_RUN): Promise<number> {
  const { directory } = deps;
  let calls = callsLeft;
  while (calls >= CALLS_A_STEP) {
    const untilMs = deps.now() + LEASE_MS;
    const move = await directory.one(leaseStatement(tenant, deps.now(), untilMs));
    if (!move) return calls;
    const [source, target] = [bare(deps, move.source), bare(deps, move.target)];
    try {
      await doStep({ deps, move, source, target });
    } catch (cause) {
      if (refusalOf(cause) !== MOVED_ON) throw cause; // somebody has ended it meanwhile
    } finally {
      await directory.one(releaseStatement(tenant, untilMs));
    }
    calls -= source.cost.roundTrips + target.cost.roundTrips + CALLS_BESIDE;
  }
  return calls;
}

/** Moves that are under way, whoever began them. */
export const moveTenants: Sweep = async (deps) => {
  if (!deps.homes.isSpread) return;
  let calls = CALLS_A_SWEEP;
  for (const tenant of await deps.directory.one(openMovesStatement(MOVES_A_RUN)))
    try {
      calls = await runMove(deps, tenant, calls);
    } catch (cause) {
      deps.log.error("move not taken on", { tenant, cause });
    }
};
