import { inPages, type Duty } from "../../platform/apart.ts";
import type { Sweep } from "../../platform/background.ts";
import type { Deps } from "../../platform/deps.ts";
import { decidedFailure } from "../device-status.ts";
import { AWAITS_LOG } from "../store/status-transitions.ts";
import { statusOf, type Status } from "../status.ts";
import {
  atIt,
  dueStuck,
  isTimed,
  setStuck,
  STUCK,
  timeOut,
  type At,
  type AtIt,
  type DueStuck,
} from "../store/stuck.ts";
import { consequences } from "./stop.ts";

const HOUR_MS = 3_600_000;

/** A state lasts too long beyond so many times what devices of the rollout needed for it on average, and beyond the least. */
const FAR_BEYOND = 20;
const LEAST_MS = 6 * HOUR_MS;
/** As long as fewer have told, and for devices that have to begin another attempt. */
const TELLING = 20;
const UNKNOWN_MS = 7 * 24 * HOUR_MS;

/** How long a device may stay in a state; for ever where a person is asked. */
export function limitMs(row: DueStuck, status: Status, awaitsRetry: boolean): number {
  if (!isTimed(status)) return Number.POSITIVE_INFINITY;
  if (row.timeout_ms !== null && !awaitsRetry) return row.timeout_ms;
  const left = row[`${status}_left`];
  if (awaitsRetry || left < TELLING) return UNKNOWN_MS;
  return Math.min(UNKNOWN_MS, Math.max(LEAST_MS, (FAR_BEYOND * row[`${status}_ms`]) / left));
}

/** Devices looked at and given up in one run; the next goes on. */
const PAGE = 500;
const MOST = 25;
const EVERY_MS = 5 * 60_000;

/** Devices that stay too long in a state fail, so that a rollout neither waits for them for ever nor goes on as if nothing were. */
export const endStuck: Sweep = async (deps) => {
  const duty: Duty<DueStuck> = {
    name: STUCK,
    of: ({ tenant_id: tenant, seq }) => ({ tenant, key: String(seq) }),
    work: (row) => look(deps, row),
  };
  await inPages(deps, duty, (db, limit) => db.one(dueStuck(deps.now(), limit)));
};

const FIRST: At = { status: 0, device: "" };

async function look(deps: Deps, row: DueStuck): Promise<void> {
  const db = deps.db(row.tenant_id);
  const nowMs = deps.now();
  if (row.stage === 2) return void (await db.one(setStuck(row, { dueMs: null, after: undefined })));
  const after = row.stuck_after === null ? FIRST : (JSON.parse(row.stuck_after) as At); // written by `setStuck`
  const page = await db.one(atIt(row, after, PAGE));
  const isStuck = (one: AtIt) =>
    one.awaits_retry === AWAITS_LOG
      ? one.retry_ms <= nowMs
      : nowMs - (one.since_ms ?? nowMs) > limitMs(row, statusOf(one.status), one.awaits_retry === 1);
  const stuck = page.filter(isStuck);
  const last = page.at(-1);
  const next =
    stuck.length > MOST
      ? { dueMs: nowMs, after }
      : page.length === PAGE && last
        ? { dueMs: nowMs, after: { status: last.status, device: last.device_id } }
        : { dueMs: nowMs + EVERY_MS, after: undefined };
  const ended = stuck.slice(0, MOST);
  await db.batch([
    ...ended.flatMap((one) =>
      one.awaits_retry === AWAITS_LOG
        ? decidedFailure(of(row, one), row.deployment_id, undefined, nowMs)
        : timeOut(row, one, reasonOf(one, nowMs), nowMs),
    ),
    ...(ended.length > 0 ? consequences(row.tenant_id, row.deployment_id, "failure", nowMs) : []),
    setStuck(row, next),
  ]);
}

const of = ({ tenant_id: tenant }: DueStuck, { device_id: device }: AtIt) => ({ tenant, device });

const reasonOf = (one: AtIt, nowMs: number): string =>
  `timed out: ${statusOf(one.status)} for ${Math.floor((nowMs - (one.since_ms ?? nowMs)) / 60_000)} minutes`;
