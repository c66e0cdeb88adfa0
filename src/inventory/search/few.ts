import type { Deps } from "../../platform/deps.ts";
import type { TenantId } from "../../platform/ids.ts";
import { countedIfFew } from "../store/few.ts";
import { countKinds, countOf } from "../store/search.ts";
import { countDriver, isEmpty, isFacet, type DeviceQuery } from "./query.ts";
import { queryOf, type Search } from "./search.ts";

/** By way of the condition that finds them; of searches that are about status, group and tier alone the kept numbers. */
function counted(query: DeviceQuery, most: number) {
  const { tenant, terms, ids } = query;
  if (!ids && terms.every(isFacet)) return countedIfFew(tenant, undefined, most, countKinds(query));
  const driver = countDriver(query, []);
  if (driver.kind === "ids") return countedIfFew(tenant, undefined, most, countOf(query, driver));
  if (driver.kind === "devices") throw new Error("a count of few needs a condition that finds them");
  return countedIfFew(tenant, driver.term, most, countOf(query, driver));
}

/**
 * How many devices each search finds, in one trip for all. Undefined where more than `most` would have to be looked at: however
 * large the fleet is, no more are.
 */
export async function countFew(
  deps: Deps,
  tenant: TenantId,
  searches: readonly Search[],
  most: number,
): Promise<(number | undefined)[]> {
  const queries = await Promise.all(searches.map((search) => queryOf(deps, tenant, search)));
  const asked = queries.filter((query) => !isEmpty(query));
  const found = await deps.db(tenant).batch(asked.map((query) => counted(query, most)));
  return queries.map((query) => (isEmpty(query) ? 0 : found[asked.indexOf(query)]));
}
