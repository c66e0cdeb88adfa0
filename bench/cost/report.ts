import type { Results } from "../report/results.ts";
import { ASSUMED } from "./fleet.ts";
import { operationsOf, type Operations } from "./operations.ts";
import { PRICES_OF } from "./prices.ts";
import { goalLines, monthlyTable, perMillionTable } from "./tables.ts";

/** Counts do not depend on the size of the fleet; the largest has most of what falls due now and then. */
export function largestOperations({ fleets }: Results): Operations {
  const [largest] = fleets.toSorted((a, b) => b.devices - a.devices);
  if (!largest) throw new Error("the results have no fleet");
  return operationsOf(largest);
}

/** What the operations of a run cost, as Markdown. */
export function costReport(results: Results): string {
  const operations = largestOperations(results);
  const goals = goalLines(operations, ASSUMED).map(({ line }) => `- ${line}`);
  return [
    `Measured ${results.at.slice(0, 10)} by \`${results.command}\`; prices: ${PRICES_OF}.`,
    perMillionTable(operations, ASSUMED),
    goals.join("\n"),
    monthlyTable(operations, ASSUMED),
  ].join("\n\n");
}
