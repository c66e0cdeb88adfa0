import type { Deps } from "../../platform/deps.ts";
import type { TenantId } from "../../platform/ids.ts";
import { keptResult, rememberTotal, takeOnCount } from "../store/totals.ts";
import { COUNTED_WITHIN_MS, OLD_TOTAL_LIFE_MS, TOTAL_LIFE_MS } from "./totals.ts";

/** A longer result is not remembered: no row holds it. */
const MOST_CHARACTERS = 500_000;

interface Counted<T> {
  result: T;
  isCostly: boolean;
}

/** A result that took long is used for a minute, and for some more while it is found again. */
export async function remembered<T>(
  deps: Deps,
  tenant: TenantId,
  query: string,
  count: () => Promise<Counted<T>>,
): Promise<T> {
  const kept = await deps.db(tenant).one(keptResult(tenant, query));
  const age = kept ? deps.now() - kept.counted_ms : Infinity;
  if (kept && age <= OLD_TOTAL_LIFE_MS) {
    if (age > TOTAL_LIFE_MS) deps.later(countAgain(deps, tenant, query, count));
    return JSON.parse(kept.result) as T; // written below
  }
  const counted = await count();
  if (counted.isCostly) deps.later(keep(deps, tenant, query, counted.result));
  return counted.result;
}

async function keep(deps: Deps, tenant: TenantId, query: string, result: unknown): Promise<void> {
  const text = JSON.stringify(result);
  if (text.length > MOST_CHARACTERS) return;
  const statement = rememberTotal(tenant, query, { total: 0, result: text }, deps.now());
  await deps
    .db(tenant)
    .uncounted()
    .one(statement)
    .catch((cause: unknown) => deps.log.error("result not remembered", { cause }));
}

async function countAgain<T>(
  deps: Deps,
  tenant: TenantId,
  query: string,
  count: () => Promise<Counted<T>>,
): Promise<void> {
  try {
    const untilMs = deps.now() + COUNTED_WITHIN_MS;
    const taken = await deps
      .db(tenant)
      .uncounted()
      .one(takeOnCount(tenant, query, deps.now(), untilMs));
    if (taken > 0) await keep(deps, tenant, query, (await count()).result);
  } catch (cause) {
    deps.log.error("result not counted", { cause });
  }
}
