import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import type { TenantId } from "../../platform/ids.ts";
import { INVOCATION } from "../../platform/limits.ts";
import { sliceOf, type Parts, type Position, type Slice, type Wanted } from "../store/slices.ts";

/** Slices after the first look at as many as take about so long, within bounds. */
const LEAST = 250;
const AIM_MS = 20;
const MOST_CHANGE = 4;

/** The size of slices, by how long the database took for the one before. A first one below the least, as in tests, remains. */
export class Pace {
  readonly #most: number;
  #size: number;

  constructor(first: number, most: number) {
    this.#most = most;
    this.#size = first;
  }

  get size(): number {
    return this.#size;
  }

  took(ms: number | undefined): void {
    if (ms === undefined || this.#size < LEAST) return;
    const factor = Math.min(MOST_CHANGE, Math.max(1 / MOST_CHANGE, AIM_MS / Math.max(ms, 0.1)));
    this.#size = Math.min(this.#most, Math.max(LEAST, Math.floor(this.#size * factor)));
  }
}

/** Slices of one request: it may call the database no more often than the platform lets it. */
export class SliceBudget {
  #left = Math.floor(INVOCATION.databaseCalls * 0.8);

  spend(): void {
    this.#left -= 1;
    if (this.#left < 0)
      throw new Fault(
        "unprocessable",
        "too many devices to look at for one answer: add conditions that fewer satisfy",
      );
  }
}

/** What is gone through, and in which direction. */
export interface Walk {
  parts: Parts;
  /** What its first slice looks at, and what any may. */
  stretch: number;
  most: number;
  descending?: boolean | undefined;
}

interface Going {
  pace?: Pace;
  budget?: SliceBudget;
  wanted?: () => Wanted;
}

/** Goes on from a position to the end, a slice at a time, for as long as the caller asks for the next one. */
export async function* slicesAfter(
  deps: Deps,
  tenant: TenantId,
  { parts, stretch, most, descending }: Walk,
  from: Position | undefined,
  { pace = new Pace(stretch, most), budget = new SliceBudget(), wanted }: Going = {},
): AsyncGenerator<Slice> {
  for (let after = from; ;) {
    budget.spend();
    const slice = await deps
      .db(tenant)
      .one(sliceOf(parts, { after, size: pace.size, descending }, wanted?.()));
    pace.took(slice.ms);
    yield slice;
    if (!slice.end) return;
    after = slice.end;
  }
}

/** The ids of a page, in the order in which slices find them. */
export async function pageInSlices(
  deps: Deps,
  tenant: TenantId,
  walks: readonly Walk[],
  window: { limit: number; offset: number },
): Promise<string[]> {
  const budget = new SliceBudget();
  const ids: string[] = [];
  let passed = 0;
  for (const walk of walks) {
    const wanted = () => ({ skip: Math.max(0, window.offset - passed), take: window.limit - ids.length });
    for await (const slice of slicesAfter(deps, tenant, walk, undefined, { budget, wanted })) {
      ids.push(...slice.ids);
      passed += slice.found;
      if (ids.length >= window.limit) return ids;
    }
  }
  return ids;
}

/** The ids of the next so many that slices find after a position: fewer only at the end. */
export async function someInSlices(
  deps: Deps,
  tenant: TenantId,
  walk: Walk,
  from: Position | undefined,
  limit: number,
): Promise<string[]> {
  const ids: string[] = [];
  const wanted = () => ({ skip: 0, take: limit - ids.length });
  for await (const slice of slicesAfter(deps, tenant, walk, from, { wanted })) {
    ids.push(...slice.ids);
    if (ids.length >= limit) break;
  }
  return ids;
}
