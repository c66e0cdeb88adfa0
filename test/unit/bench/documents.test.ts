import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { costReport } from "../../../bench/cost/report.ts";
import { withPart } from "../../../bench/report/documents.ts";
import type { Results } from "../../../bench/report/results.ts";
import { resultsTable } from "../../../bench/report/table.ts";

const results: Results = JSON.parse(readFileSync("docs/performance.json", "utf8"));

describe("what the documents tell of performance and cost", () => {
  it("is what was measured", () => {
    expect(readFileSync("docs/performance.md", "utf8")).toContain(resultsTable(results));
  });

  it("is what was calculated from it", () => {
    const cost = readFileSync("docs/cost.md", "utf8");
    expect(withPart(cost, "cost", costReport(results))).toBe(cost);
  });
});
