import type { Results } from "../report/results.ts";
import { ASSUMED, type Assumptions } from "./fleet.ts";
import { operationsOf, type Operations } from "./operations.ts";
import { PRICES_OF } from "./prices.ts";
import { goalLines, monthlyTable, perMillionTable } from "./tables.ts";

/** Counts do not depend on the size of the fleet; the largest has most of what falls due now and then. */
export function largestOperations({ fleets }: Results): Operations {
  const [largest] = fleets.toSorted((a, b) => b.devices - a.devices);
  if (!largest) throw new Error("the results have no fleet");
  return operationsOf(largest);
}

const assumed = (a: Assumptions): string =>
  `Assumed: each device polls every ${a.pollEveryS / 60} minutes, reports its inventory every ${a.reportEveryS / 3600} hours ` +
  `with a changed value in ${a.changedShare * 100} % of the reports, renews its token every ${a.tokenLifeS / 86_400} days ` +
  `and in the middle of each update, and is updated ${a.updatesPerMonth} time a month. A tenant has at most ` +
  `${a.devicesPerTenant.toLocaleString("en")} devices; its checks are relaxed above ${a.relaxedAbovePerS} a second, and ` +
  `then spread over ${a.isolates} isolates that each come for the digest every ${a.visitEveryS} s. A head saves ` +
  `contacts within ${a.contactsSavedWithinS} s and folds them into pages after ${a.contactsFoldedAfterS / 60} minutes. A month has ${a.daysPerMonth} days.`;

/** What the operations of a run cost, as Markdown. */
export function costReport(results: Results): string {
  const operations = largestOperations(results);
  const goals = goalLines(operations, ASSUMED).map(({ line }) => `- ${line}`);
  return [
    `Measured ${results.at.slice(0, 10)} by \`${results.command}\`; prices: ${PRICES_OF}.`,
    perMillionTable(operations, ASSUMED),
    goals.join("\n"),
    monthlyTable(operations, ASSUMED),
    assumed(ASSUMED),
  ].join("\n\n");
}
