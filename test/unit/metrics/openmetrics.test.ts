import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeOpenMetrics } from "../../../src/metrics/openmetrics.ts";
import { readOpenMetrics } from "../../support/openmetrics.ts";

describe("what is told of the installation", () => {
  it("is read by others as it was meant, whatever tenants are called", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: "binary", minLength: 1 })), (names) => {
        const told = names.map((tenant, value) => ({ labels: { tenant }, value }));
        const read = readOpenMetrics(writeOpenMetrics({ edgemend_tenant_requests: told }));
        const samples = read.get("edgemend_tenant_requests")?.samples ?? [];
        expect(samples.map(({ labels, value }) => ({ labels, value }))).toEqual(told);
      }),
    );
  });

  it("sums up the classes of a histogram", () => {
    const distribution = { labels: { area: "check" }, ends: [0.1, 1, 10], counts: [3, 2, 0, 1], sum: 12.5 };
    const text = writeOpenMetrics({ edgemend_request_seconds: [distribution] });
    expect(text.split("\n").slice(3)).toEqual([
      'edgemend_request_seconds_bucket{area="check",le="0.1"} 3',
      'edgemend_request_seconds_bucket{area="check",le="1.0"} 5',
      'edgemend_request_seconds_bucket{area="check",le="10.0"} 5',
      'edgemend_request_seconds_bucket{area="check",le="+Inf"} 6',
      'edgemend_request_seconds_count{area="check"} 6',
      'edgemend_request_seconds_sum{area="check"} 12.5',
      "# EOF",
      "",
    ]);
  });
});
