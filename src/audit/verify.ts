import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import type { TenantId } from "../platform/ids.ts";
import { getTenant } from "../tenants/index.ts";
import { BEGINNING, hashOf, type PlacedEntry } from "./chain.ts";
import {
  chainStatement,
  outsideStatement,
  placedEntries,
  sealsStatement,
  type Chain,
  type Seal,
} from "./chain-store.ts";
import { checkpointsBetween } from "./checkpoints.ts";
import { isSigned } from "./head.ts";

/** Places that one call looks at, and entries outside of the chain that it tells. */
const PAGE = 500;

/** Entries are made in the order of their times but for what a request takes; nothing is this late. */
const LATE_MS = 3_600_000;

export const PROBLEMS = [
  "removed",
  "changed",
  "inserted",
  "backdated",
  "seal missing",
  "head missing",
  "head not signed",
  "checkpoint differs",
  "checkpoint not signed",
] as const;

export interface Finding {
  problem: (typeof PROBLEMS)[number];
  /** The place in the log, or the first of several. */
  position?: number;
  /** The last of several. */
  to?: number;
  /** The entry, where there is one. */
  id?: string;
  time?: string;
}

export interface Verified {
  /** Entries looked at. */
  entries: number;
  findings: Finding[];
  /** Where to go on; absent at the end. */
  next?: number;
  /** At the end: the last sealed place, and how many entries wait to be sealed (as far as a page). */
  sealed?: number;
  unsealed?: number;
}

const named = ({ position, id, time_ms }: PlacedEntry) => ({ position, id, time: rfc3339(time_ms) });

/** What is stored of some places that follow each other, and the hash before them. */
interface Stretch {
  tenant: TenantId;
  from: number;
  upTo: number;
  before: string | undefined;
  entries: ReadonlyMap<number, PlacedEntry>;
  seals: ReadonlyMap<number, string>;
}

const removed = (from: number, to: number): Finding => ({
  problem: "removed",
  position: from,
  ...(to > from ? { to } : {}),
});

/** Compares each place with its seal. */
function* compare({ tenant, from, upTo, before, entries, seals }: Stretch): Generator<Finding> {
  const places = [...new Set([...entries.keys(), ...seals.keys()])]
    .filter((place) => place >= from && place <= upTo)
    .toSorted((a, b) => a - b);
  let last: { place: number; hash: string | undefined; timeMs: number } = {
    place: from - 1,
    hash: before,
    timeMs: 0,
  };
  for (const place of places) {
    if (place > last.place + 1) {
      yield removed(last.place + 1, place - 1);
      last = { ...last, hash: undefined };
    }
    const [entry, seal] = [entries.get(place), seals.get(place)];
    if (!entry) yield removed(place, place);
    else {
      if (seal === undefined) yield { problem: "seal missing", ...named(entry) };
      // What was removed together with its seal leaves the one after it without a hash to follow.
      else if (last.hash !== undefined && hashOf(tenant, last.hash, entry) !== seal)
        yield { problem: "changed", ...named(entry) };
      if (entry.time_ms < last.timeMs - LATE_MS) yield { problem: "backdated", ...named(entry) };
    }
    last = { place, hash: seal, timeMs: entry?.time_ms ?? last.timeMs };
  }
  if (last.place < upTo) yield removed(last.place + 1, upTo);
}

/** Checkpoints that were taken within the stretch say the same as its seals. */
async function compareCheckpoints(deps: Deps, { tenant, from, upTo, seals }: Stretch): Promise<Finding[]> {
  const found = await checkpointsBetween(deps, tenant, from - 1, upTo);
  return found.flatMap(({ position, hash }): Finding[] => {
    if (hash === undefined) return [{ problem: "checkpoint not signed", position }];
    return seals.get(position) === hash ? [] : [{ problem: "checkpoint differs", position }];
  });
}

/**
 * What comes after the last sealed place, and what is in no place; undefined if the log was sealed further meanwhile.
 * The head is never behind a checkpoint, so these are read first.
 */
async function verifyEnd(deps: Deps, tenant: TenantId, end: number) {
  const beyond = await checkpointsBetween(deps, tenant, end, Number.MAX_SAFE_INTEGER);
  const [chain, [last, further], waiting, outside] = await deps
    .db(tenant)
    .batch([
      chainStatement(tenant),
      sealsStatement(tenant, end, 2),
      placedEntries(tenant, end, PAGE),
      outsideStatement(tenant, PAGE),
    ]);
  if ((chain?.head.position ?? 0) !== end) return undefined;
  const findings: Finding[] = outside.map(({ id, time_ms }) => ({
    problem: "inserted",
    id,
    time: rfc3339(time_ms),
  }));
  const beyondEnd = last !== undefined && last.position > end ? last : further;
  if (!chain && (beyondEnd || beyond.length > 0)) findings.push({ problem: "head missing" });
  if (chain && (beyondEnd || !(await isTrue(deps, chain, last))))
    findings.push({ problem: "head not signed", position: end });
  const furthest = beyond.findLast(({ hash }) => hash !== undefined);
  if (furthest) findings.push(removed(end + 1, furthest.position));
  return { findings, unsealed: waiting.length };
}

/** True if the installation signed the head, and it is what the last seal says. */
async function isTrue(deps: Deps, { head, signature }: Chain, last: Seal | undefined): Promise<boolean> {
  const isEmpty = head.position === head.anchorPosition;
  const hash = isEmpty ? head.anchorHash : last?.hash;
  return head.hash === hash && (await isSigned(deps.keys, head, signature));
}

const lastOf = (list: readonly { position: number }[], full: number): number =>
  list.length < full ? Number.MAX_SAFE_INTEGER : (list.at(-1)?.position ?? 0);

/** Looks at the places after this one, as many as one call takes. */
export async function verifyLog(deps: Deps, tenant: TenantId, after: number): Promise<Verified> {
  const [chain, found, sealed] = await deps
    .db(tenant)
    .batch([
      chainStatement(tenant),
      placedEntries(tenant, after, PAGE),
      sealsStatement(tenant, after, PAGE + 1),
    ]);
  if (!chain) await getTenant(deps, tenant); // tells an unknown tenant from one without a log
  const [anchor, end] = [chain?.head.anchorPosition ?? 0, chain?.head.position ?? 0];
  const start = Math.max(after, anchor);
  const seals = new Map(sealed.map(({ position, hash }) => [position, hash]));
  const stretch: Stretch = {
    tenant,
    from: start + 1,
    upTo: Math.min(end, lastOf(found, PAGE), lastOf(sealed, PAGE + 1)),
    before: start === anchor ? (chain?.head.anchorHash ?? BEGINNING) : seals.get(start),
    entries: new Map(found.map((entry) => [entry.position, entry])),
    seals,
  };
  const findings = [...compare(stretch), ...(await compareCheckpoints(deps, stretch))];
  const entries = found.filter(({ position }) => position <= stretch.upTo).length;
  const atEnd = stretch.upTo < end ? undefined : await verifyEnd(deps, tenant, end);
  if (!atEnd) return { entries, findings, next: stretch.upTo };
  findings.push(...atEnd.findings);
  return { entries, findings, sealed: end, unsealed: atEnd.unsealed };
}
