import type { SQL } from "drizzle-orm";
import { inSlicesOfEach } from "../../platform/apart.ts";
import type { Sweep } from "../../platform/background.ts";
import type { Deps } from "../../platform/deps.ts";
import type { TenantId } from "../../platform/ids.ts";
import type { Statement } from "../../platform/database.ts";
import { countKinds, countOf } from "../store/search.ts";
import type { Counted } from "../../platform/paging.ts";
import type { Parts, Position } from "../store/slices.ts";
import {
  beginCount,
  forgetTotalsStatement,
  rememberTotal,
  takeOnCount,
  totalOf,
  type Begun,
} from "../store/totals.ts";
import { trailParts } from "../store/trail.ts";
import { slicesAfter, type Walk } from "./in-slices.ts";
import { countDriver, fewDriver, isDrivable, isFacet, type DeviceQuery, type Surveyed } from "./query.ts";
import { ID_KEY, isTime, type Term } from "./terms.ts";
import { trailOf } from "./trail.ts";
import { textWalk, trailWalk } from "./walks.ts";

/** A total that takes more rows than this to count is counted once and then used for `TOTAL_LIFE_MS`. */
const COUNTED_EACH_TIME = 500;
export const TOTAL_LIFE_MS = 60_000;

/** An older one is shown for so long while it is counted again. */
export const OLD_TOTAL_LIFE_MS = 600_000;

/** Nobody waits for the rest of a count beyond so many: up to there a total is always known. */
export const KNOWN_UP_TO = 10_000;

/** Whoever took on a count has finished it by then, or is gone. */
export const COUNTED_WITHIN_MS = 60_000;

/** How a total is found: at once from what is kept or of few, or in slices. */
type Counting = { tenant: TenantId; counted: SQL } | InSlices;

interface InSlices {
  tenant: TenantId;
  /** Name of the search among the remembered totals. */
  query: string;
  walk: Walk;
  /** What is left out by the search is counted first, to be taken from this, if one slice is enough for it. */
  opposite?: { parts: Parts; whole: SQL } | undefined;
}

export async function countingOf(query: DeviceQuery, surveyed: readonly Surveyed[]): Promise<Counting> {
  const { tenant } = query;
  if (!query.ids && query.terms.every(isFacet)) return { tenant, counted: countKinds(query) };
  const driver = countDriver(query, surveyed);
  if (driver.kind === "ids" || fewDriver(query, surveyed)) return { tenant, counted: countOf(query, driver) };
  return {
    tenant,
    query: await fingerprintOf(query, []),
    walk: trailWalk({ ...query, sort: [] }, { trail: trailOf(driver) }),
    opposite: oppositeOf(query),
  };
}

export async function countingText(query: DeviceQuery, words: readonly string[]): Promise<Counting> {
  return {
    tenant: query.tenant,
    query: await fingerprintOf(query, words),
    walk: textWalk(query, words, "any"),
  };
}

export async function fingerprintOf({ terms, ids }: DeviceQuery, further: unknown): Promise<string> {
  const text = JSON.stringify([terms, ids ?? null, further]);
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Buffer.from(hash).toString("base64url");
}

/**
 * What a single condition leaves out is often faster to count than what it lets through, which may be nearly
 * everything: all devices of the kinds asked for, less those.
 */
function oppositeOf(query: DeviceQuery): InSlices["opposite"] {
  const others = query.terms.filter((term) => !isFacet(term));
  const [only] = others;
  const opposite = only && others.length === 1 && !query.ids ? negationOf(only) : undefined;
  if (!opposite) return undefined;
  const kinds = query.terms.filter(isFacet);
  const left = { ...query, terms: [...kinds, opposite] };
  const driver = countDriver(left, []);
  if (driver.kind === "ids") return undefined;
  return { parts: trailParts(left, trailOf(driver)), whole: countKinds({ ...query, terms: kinds }) };
}

function negationOf(term: Term): Term | undefined {
  if (isDrivable(term) || term.key === ID_KEY || term.kind === "place" || term.kind === "either")
    return undefined;
  if (term.kind !== "range") return { ...term, negated: false };
  // Of values of several types, those of other types than the bound's are neither within the range nor beyond it.
  if (!isTime(term.key) || !term.high || term.low) return undefined;
  const low = { value: term.high.value, inclusive: !term.high.inclusive };
  return { kind: "range", key: term.key, low, orMissing: false };
}

const isAtOnce = (counting: Counting): counting is { tenant: TenantId; counted: SQL } =>
  "counted" in counting;

/** What a count begins with, in the round trip of the page. */
export function beginningOf(counting: Counting, now: number): Statement<number | Begun> {
  if (isAtOnce(counting)) return totalOf(counting.counted);
  const { tenant, query, walk, opposite } = counting;
  return beginCount(
    { tenant, query, recentMs: now - TOTAL_LIFE_MS, whole: opposite?.whole },
    opposite?.parts ?? walk.parts,
    { after: undefined, size: walk.stretch },
  );
}

/** Goes on with a count until it is done, or until it is known to be a great one: the rest of that is done after the answer. */
export async function totalFrom(deps: Deps, counting: Counting, begun: number | Begun): Promise<Counted> {
  if (typeof begun === "number") return { total: begun };
  if (isAtOnce(counting)) throw new Error("what is counted at once has no beginning");
  const { remembered } = begun;
  const age = remembered ? deps.now() - remembered.countedMs : Infinity;
  if (remembered && age <= TOTAL_LIFE_MS) return remembered;
  const { opposite } = counting;
  if (!begun.end) {
    const total = opposite ? begun.whole - begun.found : begun.found;
    if (begun.rowsRead > COUNTED_EACH_TIME) deps.later(remember(deps, counting, total));
    return { total };
  }
  const from = opposite ? { found: 0, after: undefined } : { found: begun.found, after: begun.end };
  if (remembered && remembered.total > KNOWN_UP_TO && age <= OLD_TOTAL_LIFE_MS) {
    deps.later(countOn(deps, counting, from));
    return remembered;
  }
  const counted = await countUpTo(deps, counting, from, KNOWN_UP_TO);
  deps.later(counted.after ? countOn(deps, counting, counted) : remember(deps, counting, counted.found));
  return { total: counted.found, ...(counted.after && { isLeast: true }) };
}

interface Reached {
  found: number;
  /** Where to go on; nothing where there is no more to count. */
  after: Position | undefined;
}

async function countUpTo(
  deps: Deps,
  { tenant, walk }: InSlices,
  from: Reached,
  most: number,
): Promise<Reached> {
  let { found, after } = from;
  for await (const slice of slicesAfter(deps, tenant, walk, after)) {
    found += slice.found;
    after = slice.end;
    if (found > most) break;
  }
  return { found, after };
}

async function remember(deps: Deps, { tenant, query }: InSlices, total: number): Promise<void> {
  await deps
    .db(tenant)
    .uncounted()
    .one(rememberTotal(tenant, query, { total }, deps.now()))
    .catch((cause: unknown) => deps.log.error("total not remembered", { cause }));
}

/** Counts the rest after the answer, unless somebody else does. Does not fail. */
async function countOn(deps: Deps, counting: InSlices, from: Reached): Promise<void> {
  const { tenant, query } = counting;
  try {
    const untilMs = deps.now() + COUNTED_WITHIN_MS;
    const taken = await deps
      .db(tenant)
      .uncounted()
      .one(takeOnCount(tenant, query, deps.now(), untilMs));
    if (taken === 0) return;
    const { found } = await countUpTo(deps, counting, from, Infinity);
    await remember(deps, counting, found);
  } catch (cause) {
    deps.log.error("total not counted", { cause });
  }
}

const FORGOTTEN_AT_ONCE = 500;

/** Totals that no search may use any more. */
export const forgetOldTotals: Sweep = async (deps) => {
  const beforeMs = deps.now() - OLD_TOTAL_LIFE_MS;
  await inSlicesOfEach(deps, FORGOTTEN_AT_ONCE, (db, limit) =>
    db.one(forgetTotalsStatement(beforeMs, limit)),
  );
};
