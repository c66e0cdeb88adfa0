import { attributePath } from "../../inventory/index.ts";
import { inPages, type Duty } from "../../platform/apart.ts";
import type { Sweep } from "../../platform/background.ts";
import type { Rhythm } from "../../platform/contacts.ts";
import type { Statement } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { newId } from "../../platform/ids.ts";
import type { Rollout } from "../rollout/rollout-schema.ts";
import { stopIfBroken } from "../rollout/stop.ts";
import {
  dueWatches,
  endWatch,
  othersNow,
  setStanding,
  setWatch,
  standings,
  tallyWatched,
  updatedSince,
  valuesOf,
  WATCH,
  type DueWatch,
  type Standing,
} from "../store/watches.ts";
import type { Block } from "./beside.ts";
import { halt } from "./halt.ts";
import { AGAIN_MS } from "./horizons.ts";
import { membersOf, type Members } from "./members.ts";
import { ALERTS, measureOf, SILENCE, type Judge } from "./schema.ts";
import { NOTHING_SETTLED, settle, settlesMs, unsettled, type Settling } from "./settle.ts";
import { after, blockOfBad, blockOfNumbers, numberIn } from "./watched.ts";

/**
 * Updated devices beside others of their kind, in the same hours: whether they are heard of again, what alerts they raise and
 * what numbers they tell. One watch follows the other, so that none looks at hours that another looked at.
 */
export const watchRollouts: Sweep = async (deps) => {
  const duty: Duty<DueWatch> = {
    name: WATCH,
    of: ({ tenant_id: tenant, seq, horizon_s }) => ({ tenant, key: `${seq} ${horizon_s}` }),
    work: (row) => (row.members === null ? begin(deps, row) : end(deps, row, row.members)),
  };
  await inPages(deps, duty, (db, limit) => db.one(dueWatches(deps.now(), limit)));
};

/** Who is watched, and which alerts count: those since the first of the updated may have begun. */
interface Watched {
  sinceMs: number;
  kinds: Members[];
}

async function begin(deps: Deps, row: DueWatch): Promise<void> {
  const { tenant_id: tenant, from_ms: sinceMs, horizon_s: horizonS } = row;
  const db = deps.db(tenant);
  const kinds = row.success === 0 || row.stage === 2 ? [] : await found(deps, row);
  const nowMs = deps.now();
  if (kinds.length === 0) return rest(deps, row);
  const watched: Watched = { sinceMs, kinds };
  const [members, { settling }] = [JSON.stringify(watched), row];
  await db.one(setWatch(row, { members, settling, fromMs: nowMs, dueMs: nowMs + horizonS * 1000 }));
}

/** Nobody is to be watched. What the last watch left is settled when its time has come, also when all is over. */
async function rest(deps: Deps, row: DueWatch): Promise<void> {
  const { tenant_id: tenant, stage, from_ms: fromMs } = row;
  const [db, nowMs, settledMs] = [deps.db(tenant), deps.now(), settlesMs(row)];
  const isDue = settledMs !== undefined && settledMs <= nowMs;
  const settled = isDue ? await settle(deps, row) : NOTHING_SETTLED;
  const before = isDue ? await db.one(standings(row)) : [];
  const settling = isDue ? null : row.settling;
  const dueMs = stage === 2 ? (settledMs ?? nowMs) : nowMs + AGAIN_MS;
  await db.batch([
    ...before.flatMap((standing) => {
      const of = settled.of(standing.measure);
      return of.length === 0 ? [] : [setStanding(row, standing.measure, after(standing, [], of), nowMs)];
    }),
    ...settled.tally,
    stage === 2 && settling === null
      ? endWatch(row)
      : setWatch(row, { members: null, settling, fromMs, dueMs }),
  ]);
}

async function found(deps: Deps, row: DueWatch): Promise<Members[]> {
  const { tenant_id: tenant, from_ms: sinceMs, horizon_s: horizonS } = row;
  const id = newId();
  const [updated, others] = await deps.db(tenant).batch([updatedSince(row, id), othersNow(row, id)]);
  if (updated.length === 0) return [];
  const rhythms = await deps.contacts.rhythms(
    tenant,
    [...updated, ...others].map(({ device_id }) => device_id),
  );
  return membersOf({ updated, others }, rhythms, { horizonS, sinceMs });
}

async function end(deps: Deps, row: DueWatch, members: string): Promise<void> {
  const { tenant_id: tenant } = row;
  const { sinceMs, kinds } = JSON.parse(members) as Watched; // written by `begin`
  const { judge } = JSON.parse(row.rollout) as Rollout; // validated when it was stored
  const devices = kinds.flatMap(({ updated, others }) => [...updated, ...others]);
  const attributes = judge?.attributes ?? [];
  const paths = attributes.map(({ scope, name }) => attributePath(scope, name));
  const [before, told, alerted] = await deps
    .db(tenant)
    .batch([
      standings(row),
      valuesOf(tenant, devices, paths),
      deps.participants.alertedSince(tenant, devices, sinceMs),
    ]);
  const seen: Seen = {
    rhythms: await deps.contacts.rhythms(tenant, devices),
    alerted: new Set(alerted.map(({ device_id }) => device_id)),
    told: new Map(told.map((one) => [one.device_id as string, JSON.parse(one.told) as unknown[]])), // made by the query
  };
  const present = kinds.map((kind) => withoutGone(kind, seen.told));
  const [atMs, settled] = [deps.now(), await settle(deps, row)];
  const settling = unsettled({ atMs, fromMs: row.from_ms, sinceMs }, present, {
    silence: isSilent(row, seen),
    alerts: (device) => seen.alerted.has(device),
  });
  await deps
    .db(tenant)
    .batch([
      ...before.flatMap((standing) => judged(row, standing, present, seen, { judge, atMs, settled })),
      ...settled.tally,
      tallyWatched(row, tallied(present, row, seen)),
      ...stopIfBroken(tenant, row.deployment_id, atMs),
      setWatch(row, { members: null, settling, fromMs: row.from_ms, dueMs: atMs }),
    ]);
}

/** What is known of the devices at the end of a watch. */
interface Seen {
  rhythms: Readonly<Record<string, Rhythm>>;
  alerted: ReadonlySet<string>;
  told: ReadonlyMap<string, readonly unknown[]>;
}

/** Devices that were decommissioned meanwhile are silent for another reason. */
const withoutGone = (kind: Members, present: ReadonlyMap<string, unknown>): Members => ({
  ...kind,
  updated: kind.updated.filter((device) => present.has(device)),
  others: kind.others.filter((device) => present.has(device)),
});

const isSilent =
  ({ from_ms: sinceMs }: DueWatch, { rhythms }: Seen) =>
  (device: string): boolean =>
    (rhythms[device]?.lastMs ?? 0) <= sinceMs;

function judged(
  row: DueWatch,
  standing: Standing,
  kinds: readonly Members[],
  seen: Seen,
  { judge, atMs, settled }: { judge: Judge | undefined; atMs: number; settled: Settling },
): Statement<unknown>[] {
  const { measure } = standing;
  const blockOf = blocksBy(row, measure, judge, seen);
  if (!blockOf) return [];
  const watched = kinds.map((of) => ({ of, block: blockOf(of) }));
  const found = after(standing, watched, settled.of(measure));
  // As for failures: who resumes it is not overruled.
  const halts = found.verdict === "worse" && standing.verdict !== "worse";
  return [...(halts ? halt(row, measure, atMs) : []), setStanding(row, measure, found, atMs)];
}

/** How a measure tells bad devices; nothing for what is no matter of watches. */
function blocksBy(
  row: DueWatch,
  measure: string,
  judge: Judge | undefined,
  seen: Seen,
): ((of: Members) => Block) | undefined {
  if (measure === SILENCE) return (of) => blockOfBad(of, isSilent(row, seen));
  if (measure === ALERTS) return (of) => blockOfBad(of, (device) => seen.alerted.has(device));
  const at = judge?.attributes?.findIndex((one) => measureOf(one) === measure) ?? -1;
  if (at < 0) return undefined;
  const sign = judge?.attributes?.[at]?.worse === "less" ? -1 : 1;
  return (of) =>
    blockOfNumbers(of, (device) => {
      const number = numberIn(seen.told.get(device)?.[at]);
      return number === undefined ? undefined : sign * number;
    });
}

function tallied(kinds: readonly Members[], row: DueWatch, seen: Seen) {
  return [...Map.groupBy(kinds, ({ type }) => type)].flatMap(([type, same]) => {
    const devices = same.flatMap(({ updated }) => updated);
    const silent = devices.filter(isSilent(row, seen)).length;
    return [
      { type, outcome: "watched" as const, devices: devices.length },
      ...(silent > 0 ? [{ type, outcome: "silent" as const, devices: silent }] : []),
    ];
  });
}
