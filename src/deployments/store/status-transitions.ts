import { sql, type SQL } from "drizzle-orm";
import { altering, alteringIfFound, change, firstRow, type Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { into } from "../../platform/columns.ts";
import { madeRoom } from "./joining.ts";
import { leaveBudget } from "./budgets.ts";
import type { Cause } from "../failures/cause.ts";
import { deploymentRulesTable, deploymentTalliesTable } from "../rollout-tables.ts";
import { deploymentsTable, deviceDeploymentsTable, deploymentCountersTable } from "../tables.ts";
import { seqOf } from "./membership.ts";
import { ACTIVE_STATUSES, counterColumn, isFinal, QUEUED, STATUS_CODES, type Status } from "../status.ts";

export interface Move {
  tenant: TenantId;
  device: DeviceId;
  to: Status;
  atMs: number;
  /** Id of one deployment; without it every active one of the device. */
  deployment?: string;
  /** Condition on `dd`, the device's row before the move. */
  only?: SQL;
  /** Further columns of the device's row to set. */
  also?: { substate: string } | { provides: string | null } | undefined;
  /** A failure that is not the last: the device stays where it is and asks once more. */
  again?: boolean;
  /** A failure of a device that stayed in its state for too long. */
  timedOut?: boolean;
  /** The deployment is known to have no rules, so that nobody counts by them. */
  withoutRules?: boolean;
  /** It is known to be in progress. */
  hasBegun?: boolean;
}

/** Condition of a move: the device has asked for the deployment. */
export const JOINED = sql`dd.status > 0`;

/** Where an update fails is known by the state that the device told last; what follows a reboot is the commit. */
const failedAt = (alias: string): SQL =>
  sql.raw(`CASE
  WHEN ${alias}.status IN (${STATUS_CODES.rebooting}, ${STATUS_CODES.pause_before_rebooting}) THEN 'reboot'
  WHEN ${alias}.status = ${STATUS_CODES.pause_before_committing} OR (${alias}.status = ${STATUS_CODES.installing} AND ${alias}.rebooted = 1)
    THEN 'commit'
  WHEN ${alias}.status = ${STATUS_CODES.installing} THEN 'install' ELSE 'download' END`);

const rules = (what: SQL, and = sql`1`): SQL => sql`
  SELECT ${what} FROM ${deploymentRulesTable} r WHERE r.tenant_id = dd.tenant_id AND r.seq = dd.seq AND ${and}`;

/** Whether there is no further attempt. */
const NONE_LEFT = sql`dd.attempts > (
  SELECT d.retries FROM ${deploymentsTable} d WHERE d.tenant_id = dd.tenant_id AND d.seq = dd.seq)`;

/** Whether another attempt would fail the same way, as far as the place tells where it failed. */
const FAILS_AGAIN = sql`r.retry_kinds IS NOT NULL AND ${failedAt("dd")} NOT IN (SELECT value FROM json_each(r.retry_kinds))`;

/** The same, where the log that follows may tell otherwise. */
const LOG_DECIDES = sql`(NOT ${NONE_LEFT} AND EXISTS (${rules(sql`1`, sql`r.retry_causes IS NOT NULL AND ${FAILS_AGAIN}`)}))`;

/** Whether the attempt that a device is at is its last. */
const LAST_ATTEMPT = sql`(${NONE_LEFT} OR EXISTS (${rules(sql`1`, sql`r.retry_causes IS NULL AND ${FAILS_AGAIN}`)}))`;

/** Pauses between attempts grow to twice the last. */
const DOUBLINGS = 20;
const pauseMs = sql`coalesce((${rules(
  sql`min(r.retry_most_ms, r.retry_pause_ms << min(dd.attempts - 1, ${DOUBLINGS}))`,
)}), 0)`;

/** How `awaits_retry` tells that an attempt failed and its log is waited for, a short time. */
export const AWAITS_LOG = 2;
const LOG_WITHIN_MS = 15 * 60_000;

/** Condition of a report: what a device says between a failed attempt and the next is about the one that failed. */
export const atItAnd = (condition: SQL): SQL => sql`${JOINED} AND dd.awaits_retry = 0 AND ${condition}`;

const setting = (also: NonNullable<Move["also"]>): SQL =>
  "substate" in also ? sql`substate = ${also.substate}` : sql`provides = ${also.provides}`;

/**
 * The rows that move, as they are before it: (seq, status). Final rows never do, nor rows of an aborted deployment,
 * which count as aborted already. Every statement of a move selects by this, so that a repeated or late report and the
 * loser of a race change nothing at all.
 */
const moving = (move: Move): SQL => sql`
  SELECT dd.seq, dd.status, dd.phase, dd.device_type, dd.rebooted, dd.budget_value,
    max(0, ${move.atMs} - coalesce(dd.since_ms, ${move.atMs})) AS spent_ms FROM ${deviceDeploymentsTable} dd
  JOIN ${deploymentCountersTable} now ON now.tenant_id = dd.tenant_id AND now.seq = dd.seq
  WHERE dd.tenant_id = ${move.tenant} AND dd.device_id = ${move.device} AND dd.active = 1
    AND dd.status <> ${STATUS_CODES[move.to]} AND now.aborted_ms IS NULL
    ${move.deployment === undefined ? sql`` : sql`AND dd.seq = ${seqOf(move.tenant, move.deployment)}`}
    ${move.only ? sql`AND ${move.only}` : sql``}`;

/** As text, because each parameter costs about as much as looking a row up. */
const code = (status: Status): SQL => sql.raw(String(STATUS_CODES[status]));

/** States that devices leave by themselves, in a time that the fleet tells. */
export const TIMED = [
  "pending",
  "downloading",
  "installing",
  "rebooting",
] as const satisfies readonly Status[];

/** How long devices need for a state is told by those who went on from it. */
const timed = ({ to, again }: Move): SQL[] =>
  again || (isFinal(to) && to !== "success")
    ? []
    : TIMED.map((status) => {
        const isIt = `(m.status = ${STATUS_CODES[status]})`;
        return sql.raw(
          `${status}_ms = ${status}_ms + ${isIt} * m.spent_ms, ${status}_left = ${status}_left + ${isIt}`,
        );
      });

/** Takes a device out of the counter it was in and puts it into that of `to`. */
function counterMoves(move: Move): SQL {
  const { to } = move;
  const leave = ACTIVE_STATUSES.filter((status) => status !== to).map((status) => {
    const column = sql.raw(counterColumn(status));
    return sql`${column} = ${column} - (m.status = ${code(status)})`;
  });
  const column = sql.raw(counterColumn(to));
  const moves = [
    sql.raw(`unseen = unseen - (m.status = ${QUEUED})`),
    ...leave,
    sql`${column} = ${column} + 1`,
    ...timed(move),
  ];
  if (isFinal(to)) moves.push(sql`remaining = remaining - 1`);
  return sql.join(moves, sql`, `);
}

const own = (move: Move): SQL => sql`c.tenant_id = ${move.tenant} AND c.seq = m.seq`;

/** Deployments in which the device's part ended then. */
const endedAt = (tenant: TenantId, device: DeviceId, atMs: number): SQL => sql`
  SELECT e.seq FROM ${deviceDeploymentsTable} e
  WHERE e.tenant_id = ${tenant} AND e.device_id = ${device} AND e.active = 0 AND e.finished_ms = ${atMs}`;

/** The last target's final status finishes the deployment in the statement that counts it, which an index follows. */
const countLast = (move: Move): Statement<number> =>
  change(sql`
    UPDATE ${deploymentCountersTable} AS c SET ${counterMoves(move)}, stage = 2, wide_open = 0, finished_ms = ${move.atMs}
    FROM (${moving(move)}) m WHERE ${own(move)} AND c.remaining = 1 AND c.targeted = 1`);

/** Every other move. After `countLast` nothing remains, so never both. */
const count = (move: Move): Statement<number> =>
  change(sql`
    UPDATE ${deploymentCountersTable} AS c SET ${counterMoves(move)} FROM (${moving(move)}) m
    WHERE ${own(move)} ${isFinal(move.to) ? sql`AND (c.remaining > 1 OR c.targeted = 0)` : sql``}`);

/** A deployment has begun if the statement before it moved the device, or the device's part in it has ended then. */
const leavePending = ({ tenant, device, deployment, atMs }: Move): Statement<number> =>
  change(sql`
    UPDATE ${deploymentCountersTable} SET stage = 1
    WHERE changes() > 0 AND tenant_id = ${tenant} AND stage = 0 AND seq ${
      deployment === undefined
        ? sql`IN (${endedAt(tenant, device, atMs)})`
        : sql`= ${seqOf(tenant, deployment)}`
    }`);

const NEXT_ATTEMPT = sql.raw("attempts = attempts + 1, awaits_retry = 1");

/** Moves the rows themselves; directly after `count` it is enough to look at what that has changed. */
function moveRows(move: Move, { afterCount }: { afterCount: boolean }): Statement<number> {
  const changes = [sql`status = ${STATUS_CODES[move.to]}, since_ms = ${move.atMs}`];
  // Whatever ends the waiting is the start, the abort included (protocol notes, deployments 3.2).
  if (move.to !== "pending") {
    changes.push(sql`started_ms = coalesce(started_ms, ${move.atMs})`);
  }
  if (move.also) changes.push(setting(move.also));
  if (move.again) changes.push(sql`retry_ms = ${move.atMs} + ${pauseMs}, ${NEXT_ATTEMPT}, rebooted = 0`);
  if (move.timedOut) changes.push(sql`timed_out = 1`);
  if (move.to === "rebooting") changes.push(sql`rebooted = 1`);
  if (isFinal(move.to)) changes.push(sql`active = 0, finished_ms = ${move.atMs}`);
  const which =
    afterCount && move.deployment !== undefined
      ? sql`changes() > 0 AND seq = ${seqOf(move.tenant, move.deployment)}`
      : sql`active = 1 AND seq IN (SELECT seq FROM (${moving(move)}))`;
  const moved = change(sql`
    UPDATE ${deviceDeploymentsTable} AS dd SET ${sql.join(changes, sql`, `)}
    WHERE ${which} AND tenant_id = ${move.tenant} AND device_id = ${move.device}`);
  const { tenant, device } = move;
  return move.timedOut ? altering({ tenant, what: { kind: "moved", devices: [device] } }, moved) : moved;
}

/** Counts the end among what became of the devices of a phase. */
const tally = (move: Move): Statement<number> =>
  change(sql`
    INSERT ${into(deploymentTalliesTable, "tenant_id, seq, phase, device_type, outcome, devices")}
    SELECT ${move.tenant}, m.seq, m.phase, m.device_type, ${
      move.to === "failure"
        ? sql`'failure:' || ${move.timedOut ? sql`'timeout'` : failedAt("m")}`
        : sql`${move.to}`
    }, 1 FROM (${moving(move)}) m WHERE m.phase IS NOT NULL
    ON CONFLICT DO UPDATE SET devices = devices + 1`);

/** A row if others may join now who had to wait for this device, or for the deployment that is over with it. */
const makeRoom = ({ tenant, device, deployment, atMs, withoutRules }: Move): Statement<unknown> =>
  alteringIfFound(
    { tenant, what: { kind: "standing" } },
    firstRow(sql`
      SELECT 1 AS room FROM ${deploymentCountersTable} c
      WHERE c.tenant_id = ${tenant} AND c.seq ${
        deployment === undefined
          ? sql`IN (${endedAt(tenant, device, atMs)})`
          : sql`= ${seqOf(tenant, deployment)}`
      } 
        AND (${withoutRules ? sql`` : sql`c.governed = 1 AND ${madeRoom} OR`} c.stage = 2 AND c.finished_ms = ${atMs})`),
  );

/** A device that failed before it told anything stays pending. */
const tryAgain = (move: Move): Statement<number> =>
  change(sql`
    UPDATE ${deviceDeploymentsTable} AS dd SET retry_ms = ${move.atMs} + ${pauseMs}, ${NEXT_ATTEMPT}
    WHERE dd.tenant_id = ${move.tenant} AND dd.device_id = ${move.device} AND dd.active = 1
      AND dd.status = ${STATUS_CODES.pending} AND dd.seq = ${seqOf(move.tenant, move.deployment ?? "")}
      ${move.only ? sql`AND ${move.only}` : sql``}`);

/** It failed, and nothing is decided before its log comes or it asks. */
const hold = (move: Move): Statement<number> =>
  change(sql`
    UPDATE ${deviceDeploymentsTable} AS dd SET awaits_retry = ${AWAITS_LOG}, retry_ms = ${move.atMs + LOG_WITHIN_MS}
      ${move.also ? sql`, ${setting(move.also)}` : sql``}
    WHERE dd.tenant_id = ${move.tenant} AND dd.device_id = ${move.device} AND dd.active = 1
      AND dd.seq = ${seqOf(move.tenant, move.deployment ?? "")} AND ${move.only}`);

/** Ends an attempt that failed: the last is final, any other makes the device one that has to ask again. */
export function failureStatements(move: Omit<Move, "to"> & { only: SQL }): Statement<unknown>[] {
  const last = { ...move, to: "failure" as const, only: sql`${move.only} AND ${LAST_ATTEMPT}` };
  const held = { ...last, only: sql`${move.only} AND ${LOG_DECIDES}` };
  return [
    ...moveStatements(last),
    ...(move.withoutRules ? [] : [hold(held)]),
    ...againStatements(move, sql`NOT ${LAST_ATTEMPT}`),
  ];
}

/** Makes the device one that has to ask again, for its next attempt. */
function againStatements(move: Omit<Move, "to"> & { only: SQL }, and: SQL): Statement<unknown>[] {
  const other = { ...move, to: "pending" as const, again: true, only: sql`${move.only} AND ${and}` };
  return [...moveStatements(other), tryAgain(other)];
}

/** Decides about a failed attempt by what the log tells: whether another may heal it. Without a cause it has failed. */
export function decideStatements(
  move: Omit<Move, "to" | "only">,
  cause: Cause | "lasting" | undefined,
): Statement<unknown>[] {
  const fails = { ...move, to: "failure" as const };
  if (cause === "lasting") {
    const judged = sql`EXISTS (${rules(sql`1`, sql`r.retry_causes IS NOT NULL`)})`;
    return moveStatements({ ...fails, only: sql`${JOINED} AND dd.awaits_retry > 0 AND ${judged}` });
  }
  const held = sql`${JOINED} AND dd.awaits_retry = ${AWAITS_LOG}`;
  const heals = rules(sql`1`, sql`${cause ?? null} IN (SELECT value FROM json_each(r.retry_causes))`);
  return [
    ...againStatements({ ...move, only: held }, sql`EXISTS (${heals})`),
    ...moveStatements({ ...fails, only: held }),
  ];
}

/**
 * Ends the part of a device in a deployment without rules that has begun, unless it is the last device in it; the last of the
 * statements tells whether it did. Nobody else is concerned then.
 */
export const endOneOfMany = (move: Move): [Statement<number>, Statement<number>] => [
  count(move),
  moveRows(move, { afterCount: true }),
];

/** A deployment is in progress that devices work at, should it have been put back to before. */
export const beginAgain = (tenant: TenantId, device: DeviceId, deployment: string): Statement<number> =>
  change(sql`
    UPDATE ${deploymentCountersTable} AS c SET stage = 1
    WHERE tenant_id = ${tenant} AND stage = 0 AND seq = ${seqOf(tenant, deployment)} AND EXISTS (
      SELECT 1 FROM ${deviceDeploymentsTable} dd
      WHERE dd.tenant_id = c.tenant_id AND dd.device_id = ${device} AND dd.seq = c.seq AND dd.started_ms IS NOT NULL)`);

/** Moves a device to another state in one deployment or in all of its own: counters, then the row, then what follows from both. */
export function moveStatements(move: Move): Statement<unknown>[] {
  const begins = move.to === "decommissioned" || move.hasBegun ? [] : [leavePending(move)];
  if (!isFinal(move.to)) return [count(move), moveRows(move, { afterCount: true }), ...begins];
  const byRules = move.withoutRules ? [] : [tally(move), leaveBudget(move.tenant, moving(move))];
  const moved = moveRows(move, { afterCount: false });
  return [countLast(move), count(move), ...byRules, moved, ...begins, makeRoom(move)];
}
