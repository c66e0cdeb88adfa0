import type { Database } from "../../platform/database.ts";
import { bringHome } from "../../platform/bring-home.ts";
import type { Deps } from "../../platform/deps.ts";
import { FIRST_HOME } from "../../platform/homes.ts";
import type { TenantId } from "../../platform/ids.ts";
import { copyOwnRows } from "../../platform/tenant-copies.ts";
import { removeCopyStatements, movedRemovals } from "../removal-store.ts";
import { removeRows } from "../remove-rows.ts";
import { AT_START, checkPage, shapeOf, copyPage, differing, isAtEnd, type CopyPosition } from "./copy.ts";
import {
  advanceStatements,
  demandTurn,
  forgetCopyStatement,
  revocationsStatement,
  turnDoorStatements,
  turnOf,
  setRevocationsStatement,
  switchStatement,
  type Advance,
  type MoveRow,
} from "./move-store.ts";

/** Calls of databases before it is written down how far it is; what they did is done again after a crash. */
const CALLS_A_STEP = 40;
/** A copy that is not what was read is made anew so often. */
const ATTEMPTS = 3;
/** Rounds of a removal in one step. */
const ROUNDS = 50;

/** A move at work, with the databases of both homes as they are, without a door. */
export interface Moving {
  deps: Deps;
  move: MoveRow;
  source: Database;
  target: Database;
}

interface Positions {
  copied: CopyPosition;
  checked: CopyPosition;
}

const positionsOf = ({ position }: MoveRow): Positions => ({
  copied: AT_START,
  checked: AT_START,
  ...(JSON.parse(position) as Partial<Positions>), // only these steps write it
});

const callsOf = (...databases: Database[]): number =>
  databases.reduce((sum, { cost }) => sum + cost.roundTrips, 0);

const text = (positions: Positions): string => JSON.stringify(positions);

/** Removes rows until none is left, or for as long as one step takes; answers whether none is left. */
async function removeAll(database: Database, tenant: TenantId, turn: number): Promise<boolean> {
  const { gone } = await removeRows(movedRemovals(tenant), ROUNDS, async (statements) => {
    const [, ...counts] = await database.batch([demandTurn(tenant, turn), ...statements]);
    return counts;
  });
  return gone;
}

/** Takes a database's rows of a tenant that does not live there, but what the directory knows of it. */
async function clear({ move }: Moving, database: Database, name: string): Promise<boolean> {
  const [tenant, turn] = [move.tenant_id, turnOf(move, move.step)];
  if (!(await removeAll(database, tenant, turn))) return false;
  if (name !== FIRST_HOME) await database.batch([demandTurn(tenant, turn), ...removeCopyStatements(tenant)]);
  return true;
}

/** Turns the door of a database, in the turn of this step unless a later one is said. */
const turn = (
  { move }: Moving,
  database: Database,
  state: "open" | "reading" | "shut",
  step: MoveRow["step"] = move.step,
) => database.batch(turnDoorStatements(move.tenant_id, state, turnOf(move, step)));

/** From here on nothing is written at the source, and nothing is there at the target. */
async function pause(moving: Moving): Promise<Advance> {
  const { deps, move, source, target } = moving;
  if (move.source !== FIRST_HOME) await bringHome(deps.directory, source, move.tenant_id);
  await turn(moving, target, "shut");
  if (!(await clear(moving, target, move.target))) return { step: "pausing" };
  await turn(moving, source, "reading");
  return { step: "copying", position: text({ copied: AT_START, checked: AT_START }) };
}

async function copy(moving: Moving): Promise<Advance> {
  const { move, source, target } = moving;
  const { checked, ...positions } = positionsOf(move);
  let { copied } = positions;
  const demand = demandTurn(move.tenant_id, turnOf(move, "copying"));
  const shape = await shapeOf(source, move.tenant_id);
  for (let calls = 0; calls < CALLS_A_STEP && !isAtEnd(copied); calls = callsOf(source, target))
    copied = await copyPage(moving, shape, move.tenant_id, { position: copied, demand });
  // From here on nobody who is late adds rows to the target, or takes some from it.
  if (isAtEnd(copied)) await turn(moving, target, "reading", "checking");
  return { step: isAtEnd(copied) ? "checking" : "copying", position: text({ copied, checked }) };
}

async function check({ move, target }: Moving): Promise<Advance> {
  const { copied, ...positions } = positionsOf(move);
  let { checked } = positions;
  const shape = await shapeOf(target, move.tenant_id);
  for (let calls = 0; calls < CALLS_A_STEP && !isAtEnd(checked); calls = callsOf(target))
    checked = await checkPage(target, shape, move.tenant_id, checked);
  if (!isAtEnd(checked)) return { step: "checking", position: text({ copied, checked }) };
  const tables = differing(copied, checked);
  if (tables.length === 0) return { step: "opening" };
  const failure = `the copy differs in ${tables.join(", ")}`;
  const attempts = move.attempts + 1;
  return attempts < ATTEMPTS ? { step: "pausing", position: "{}", attempts } : { step: "reopening", failure };
}

/** What the directory and the source know of the tenant itself. */
async function open({ deps, move, source, target }: Moving): Promise<Advance> {
  const { tenant_id: tenant } = move;
  const revocations = await source.one(revocationsStatement(tenant));
  if (move.target !== FIRST_HOME) {
    await target.one(forgetCopyStatement(tenant));
    await copyOwnRows(deps.directory, target, tenant, true);
  }
  await target.batch([
    demandTurn(tenant, turnOf(move, "opening")),
    setRevocationsStatement(tenant, revocations),
  ]);
  return { step: "switching" };
}

/** Writing goes on at the target, and whoever comes to the source is sent on. */
async function close(moving: Moving): Promise<Advance> {
  await turn(moving, moving.source, "shut");
  await turn(moving, moving.target, "open");
  return { step: "removing" };
}

/** What the directory has recorded since is the home's as well as what was copied, and goes there by the usual way. */
async function remove(moving: Moving): Promise<Advance> {
  const { deps, move, source, target } = moving;
  const { tenant_id: tenant } = move;
  if (move.source === FIRST_HOME) await bringHome(source, target, tenant);
  const isGone = await clear(moving, source, move.source);
  deps.homes.forget(tenant);
  return { step: isGone ? "done" : "removing" };
}

/** Back to work at the source. */
async function reopen(moving: Moving): Promise<Advance> {
  await turn(moving, moving.source, "open");
  return { step: "clearing" };
}

async function clearTarget(moving: Moving): Promise<Advance> {
  const { move, target } = moving;
  await turn(moving, target, "shut");
  const isGone = await clear(moving, target, move.target);
  return { step: isGone ? (move.failure === null ? "cancelled" : "failed") : "clearing" };
}

const WORK: Partial<Record<MoveRow["step"], (moving: Moving) => Promise<Advance>>> = {
  pausing: pause,
  copying: copy,
  checking: check,
  opening: open,
  switching: async () => ({ step: "closing" }),
  closing: close,
  removing: remove,
  reopening: reopen,
  clearing: clearTarget,
};

/**
 * One step of a move. Each may be done again, and is until it is written down that it is done. At every moment the
 * directory names one home, and what that has is complete: until the switch nothing but the doors of the source is
 * changed, and from it on the target has all and the source is only removed.
 */
export async function doStep(moving: Moving): Promise<void> {
  const { deps, move } = moving;
  const work = WORK[move.step];
  if (!work) return;
  const to = await work(moving);
  await deps.directory.batch([
    ...advanceStatements(move, to, deps.now()),
    ...(move.step === "switching" ? [switchStatement(move)] : []),
  ]);
  if (move.step === "switching") deps.homes.forget(move.tenant_id);
}
