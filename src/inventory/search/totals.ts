import type { SQL } from "drizzle-orm";
import { inSlicesOfEach } from "../../platform/apart.ts";
import type { Sweep } from "../../platform/background.ts";
import type { Deps } from "../../platform/deps.ts";
import type { TenantId } from "../../platform/ids.ts";
import { countKinds, countOf } from "../store/search.ts";
import { textCount } from "../store/text.ts";
import {
  difference,
  forgetTotalsStatement,
  rememberedTotal,
  rememberTotal,
  totalOf,
  type Total,
} from "../store/totals.ts";
import { countDriver, isDrivable, isFacet, type DeviceQuery, type Surveyed } from "./query.ts";
import { ID_KEY, isTime, type Term } from "./terms.ts";

/** A total that takes more rows than this to count is counted once and then used for `TOTAL_LIFE_MS`. */
const COUNTED_EACH_TIME = 500;
const TOTAL_LIFE_MS = 60_000;

/** How the total of a search is found. */
export interface Counting {
  tenant: TenantId;
  counted: SQL;
  /** Name of the search among the remembered totals; nothing where no counting is needed. */
  fingerprint: string | undefined;
}

export async function countingOf(query: DeviceQuery, surveyed: readonly Surveyed[]): Promise<Counting> {
  if (!query.ids && query.terms.every(isFacet))
    return { tenant: query.tenant, counted: countKinds(query), fingerprint: undefined };
  const counted = cheapestCount(query, surveyed);
  return { tenant: query.tenant, counted, fingerprint: await fingerprintOf(query, []) };
}

export async function countingText(query: DeviceQuery, words: readonly string[]): Promise<Counting> {
  const fingerprint = await fingerprintOf(query, words);
  return { tenant: query.tenant, counted: textCount(query, words), fingerprint };
}

async function fingerprintOf({ terms, ids }: DeviceQuery, words: readonly string[]): Promise<string> {
  const text = JSON.stringify([terms, ids ?? null, words]);
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Buffer.from(hash).toString("base64url");
}

/**
 * What a single condition leaves out is often faster to count than what it lets through, which may be nearly
 * everything: all devices of the kinds asked for, less those.
 */
function cheapestCount(query: DeviceQuery, surveyed: readonly Surveyed[]): SQL {
  const others = query.terms.filter((term) => !isFacet(term));
  const [only] = others;
  const opposite = only && others.length === 1 && !query.ids ? oppositeOf(only) : undefined;
  if (!opposite) return countOf(query, countDriver(query, surveyed));
  const kinds = query.terms.filter(isFacet);
  const left = { ...query, terms: [...kinds, opposite] };
  return difference(countKinds({ ...query, terms: kinds }), countOf(left, countDriver(left, [])));
}

function oppositeOf(term: Term): Term | undefined {
  if (isDrivable(term) || term.key === ID_KEY || term.kind === "place" || term.kind === "either")
    return undefined;
  if (term.kind !== "range") return { ...term, negated: false };
  // Of values of several types, those of other types than the bound's are neither within the range nor beyond it.
  if (!isTime(term.key) || !term.high || term.low) return undefined;
  const low = { value: term.high.value, inclusive: !term.high.inclusive };
  return { kind: "range", key: term.key, low, orMissing: false };
}

export const totalStatement = ({ tenant, counted, fingerprint }: Counting, now: number) =>
  fingerprint === undefined
    ? totalOf(counted)
    : rememberedTotal(tenant, fingerprint, now - TOTAL_LIFE_MS, counted);

/** Keeps a costly total for the searches of the next moments. Does not hold up the answer. */
export function rememberLater(deps: Deps, { tenant, fingerprint }: Counting, found: Total): void {
  if (fingerprint === undefined || found.remembered || found.rowsRead <= COUNTED_EACH_TIME) return;
  const statement = rememberTotal(tenant, fingerprint, found.total, deps.now());
  deps.later(
    deps
      .db(tenant)
      .uncounted()
      .one(statement)
      .catch((cause: unknown) => deps.log.error("total not remembered", { cause })),
  );
}

const FORGOTTEN_AT_ONCE = 500;

/** Totals that no search may use any more. */
export const forgetOldTotals: Sweep = async (deps) => {
  const beforeMs = deps.now() - TOTAL_LIFE_MS;
  await inSlicesOfEach(deps, FORGOTTEN_AT_ONCE, (db, limit) =>
    db.one(forgetTotalsStatement(beforeMs, limit)),
  );
};
