import { sql, type SQL } from "drizzle-orm";
import type { Statement } from "../../platform/database.ts";
import type { DeviceRow } from "../device-view.ts";
import {
  driverOf,
  isDrivable,
  isFacet,
  isMergeable,
  type DeviceQuery,
  type Driver,
  type Plan,
  type Trailed,
  type Window,
} from "../search/query.ts";
import type { AnyTerm, Term } from "../search/terms.ts";
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
  if (plan.kind !== "stream" || !isOpen(plan.driver)) return [searchPage(query, plan, window)];
  return streams(query, plan.driver, kinds, window);
}

/** True unless something better is known than how many devices are of a kind. */
const isOpen = (driver: Driver): boolean =>
  driver.kind === "devices" || (driver.kind === "value" && isFacet(driver.term));

/** A way to read a page along the ids, and about how many devices it meets for each that it finds. */
interface Way {
  driver: Trailed;
  weight: SQL;
}

/** A merge that finds one device among so many is good enough, whatever other ways there are; any other is not. */
const GOOD_MERGE = 10;

/** Every way there is; a guard lets only the one read that meets the fewest devices in vain. */
function streams(
  query: DeviceQuery,
  driver: Driver,
  kinds: readonly Term[],
  window: Window,
): Statement<DeviceRow[]>[] {
  const size = (terms: readonly Term[]) => sql`(${countKinds({ ...query, terms: [...terms] })})`;
  // What it reads is not bounded otherwise: it is for searches of which the kinds tell how many it finds.
  const merged = query.terms.every(isFacet) ? kinds.find(isMergeable) : undefined;
  const ways = kinds.flatMap((term): Way[] => {
    const one = driverOf(term);
    return one.kind === "value" ? [{ driver: one, weight: size([term]) }] : [];
  });
  if (driver.kind === "devices") ways.push({ driver, weight: size([]) });
  // Looks at the kinds of the merged values only, and not at those of all devices.
  const good = merged && sql`(${mergeWeight(merged, size)} <= ${GOOD_MERGE} * ${size(query.terms)})`;
  const [only] = ways;
  if (only && ways.length === 1 && !good)
    return [searchPage(query, { kind: "stream", driver: only.driver }, window)];
  const along = ways.map(({ driver: own, weight }, i) => {
    const others = ways.flatMap((other, j) =>
      j === i ? [] : [j < i ? sql`${weight} < ${other.weight}` : sql`${weight} <= ${other.weight}`],
    );
    const guard = all([...(good ? [sql`NOT ${good}`] : []), ...others]);
    return searchPage(query, { kind: "stream", driver: own }, { ...window, guard: sql`(${guard})` });
  });
  if (!merged || !good) return along;
  return [
    ...along,
    searchPage(
      query,
      { kind: "stream", driver: { kind: "merged", term: merged } },
      { ...window, guard: good },
    ),
  ];
}

const mergeWeight = (term: AnyTerm, size: (terms: readonly Term[]) => SQL): SQL =>
  sql`${term.values.length} * ${size([term])}`;
