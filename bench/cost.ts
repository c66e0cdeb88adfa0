/**
 * What a fleet costs on the platform: measured operations times published prices.
 * `npm run cost -- [--from bench/results/latest.json] [--write-docs]`
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { ASSUMED } from "./cost/fleet.ts";
import { costReport, largestOperations } from "./cost/report.ts";
import { goalLines } from "./cost/tables.ts";
import { writePart } from "./report/documents.ts";
import type { Results } from "./report/results.ts";

const { values } = parseArgs({
  options: {
    from: { type: "string", default: "docs/performance.json" },
    "write-docs": { type: "boolean", default: false },
  },
});

const results: Results = JSON.parse(readFileSync(values.from, "utf8"));
const report = costReport(results);
console.log(report);
if (values["write-docs"]) writePart("docs/cost.md", "cost", report);
if (goalLines(largestOperations(results), ASSUMED).some(({ isHeld }) => !isHeld)) process.exitCode = 1;
