import { sql } from "drizzle-orm";
import type { Statement } from "../../platform/database.ts";
import type { DeviceRow } from "../device-view.ts";
import { driverOf, isDrivable, isFacet, type DeviceQuery, type Plan, type Window } from "../search/query.ts";
import type { Term } from "../search/terms.ts";
import { all } from "./conditions.ts";
import { countKinds, searchPage } from "./search.ts";

/**
 * The statements of a page. How many devices are of a kind is known in the database: where that decides which plan is
 * best, each plan comes with a guard, so that only one of them reads anything.
 */
export function pageStatements(query: DeviceQuery, plan: Plan, window: Window): Statement<DeviceRow[]>[] {
  const kinds = query.terms.filter((term) => isFacet(term) && isDrivable(term));
  const size = (term: Term) => sql`(${countKinds({ ...query, terms: [term] })})`;
  const isSmallest = (term: Term, i: number) =>
    kinds.flatMap((other, j) =>
      j === i ? [] : [j < i ? sql`${size(term)} < ${size(other)}` : sql`${size(term)} <= ${size(other)}`],
    );
  if (plan.kind === "walk" && !plan.bounds && kinds.length > 0) {
    const many = all(kinds.map((term) => sql`${size(term)} > ${query.collect}`));
    const few = kinds.map((term, i) => {
      const guard = all([sql`${size(term)} <= ${query.collect}`, ...isSmallest(term, i)]);
      return searchPage(query, { kind: "collect", driver: driverOf(term) }, { ...window, guard });
    });
    return [searchPage(query, plan, { ...window, guard: many }), ...few];
  }
  const streamed = plan.kind === "stream" && plan.driver.kind === "value" && isFacet(plan.driver.term);
  const values = kinds.every((term) => driverOf(term).kind === "value");
  if (streamed && values && kinds.length > 1) {
    return kinds.map((term, i) => {
      const guard = all(isSmallest(term, i));
      return searchPage(query, { kind: "stream", driver: driverOf(term) }, { ...window, guard });
    });
  }
  return [searchPage(query, plan, window)];
}
