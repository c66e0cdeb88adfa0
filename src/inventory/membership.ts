import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { STEPS } from "../platform/step-budget.ts";
import { expressionBudget, matching } from "./search/expressions.ts";
import { ID_KEY, isTime, termOf, type RegexTerm, type Term } from "./search/terms.ts";
import type { SavedFilter } from "./store/filters.ts";
import { satisfying, textsAmong } from "./store/membership.ts";

/**
 * For each saved filter those of the given devices that satisfy it now, by id of the filter. Looks at nothing but these
 * devices, however large the fleet is: one round trip, two if there are regular expressions.
 */
export async function membersAmong(
  deps: Deps,
  tenant: TenantId,
  filters: readonly SavedFilter[],
  devices: readonly DeviceId[],
): Promise<Map<string, ReadonlySet<DeviceId>>> {
  const resolved = await resolveAmong(
    deps,
    tenant,
    devices,
    filters.map(({ terms }) => untilRefused(() => terms.map(termOf)) ?? NOBODY),
  );
  const found = await deps.db(tenant).batch(resolved.map((terms) => satisfying(tenant, devices, terms)));
  return new Map(filters.map(({ id }, i) => [id, new Set((found[i] ?? []).map((row) => row.device_id))]));
}

const NOBODY: Term[] = [{ kind: "any", key: ID_KEY, values: [], negated: false }];

/** Nothing if it is refused: a filter that is too costly has no members, and does not keep the others from theirs. */
function untilRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof Fault) return undefined;
    throw cause;
  }
}

/** Replaces expressions by the values of these devices that they match. */
async function resolveAmong(
  deps: Deps,
  tenant: TenantId,
  devices: readonly DeviceId[],
  searches: readonly (readonly (Term | RegexTerm)[])[],
): Promise<Term[][]> {
  const keys = new Set(
    searches.flat().flatMap((term) => (term.kind === "regex" && !isTime(term.key) ? [term.key] : [])),
  );
  const texts = await deps.db(tenant).batch([...keys].map((key) => textsAmong(tenant, devices, key)));
  const byKey = new Map([...keys].map((key, i) => [key, (texts[i] ?? []).map(({ value }) => value)]));
  return searches.map((terms) => {
    const budget = expressionBudget(STEPS.device);
    const resolved = (term: Term | RegexTerm) =>
      term.kind === "regex" ? matching(term, byKey.get(term.key) ?? [], budget) : term;
    return untilRefused(() => terms.map(resolved)) ?? NOBODY;
  });
}
