import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addCounts,
  addRequest,
  ANSWERS,
  AREAS,
  MAX_TENANTS,
  noCounts,
  WAITS_S,
} from "../../../src/metrics/counts.ts";

const request = fc.record({
  area: fc.constantFrom(...AREAS),
  status: fc.integer({ min: 101, max: 599 }),
  seconds: fc.integer({ min: 0, max: 20 * 64 }).map((part) => part / 64),
  tenant: fc.constantFrom("a", "b", undefined),
  cost: fc.record({
    roundTrips: fc.nat(9),
    rowsRead: fc.nat(99),
    rowsWritten: fc.nat(9),
    objectCalls: fc.nat(3),
  }),
});

describe("counts of requests", () => {
  it("are the same however they were shared among processes", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(request, fc.nat(3))), (requests) => {
        const whole = noCounts();
        const parts = [noCounts(), noCounts(), noCounts(), noCounts()];
        for (const [measured, part] of requests) {
          addRequest(whole, measured);
          addRequest(parts[part] ?? whole, measured);
        }
        const together = noCounts();
        for (const part of parts) addCounts(together, part);
        expect(together.areas).toEqual(whole.areas);
        expect(Object.fromEntries(together.tenants)).toEqual(Object.fromEntries(whole.tenants));
      }),
    );
  });

  it("tell being held back from other refusals, and put a wait into the class whose end it does not exceed", () => {
    const counts = noCounts();
    for (const status of [204, 301, 404, 429, 500, 101])
      addRequest(counts, { area: "device", status, seconds: 0.1 });
    addRequest(counts, { area: "device", status: 200, seconds: 11 });
    const { answers, waits } = counts.areas.device ?? {};
    expect(Object.fromEntries(ANSWERS.map((answer, at) => [answer, answers?.[at]]))).toEqual({
      "2xx": 3,
      "3xx": 1,
      "4xx": 1,
      "429": 1,
      "5xx": 1,
    });
    expect(waits?.[WAITS_S.indexOf(0.1)]).toBe(6);
    expect(waits?.at(-1)).toBe(1);
  });

  it("tell no more tenants apart than there is room for [limit: MAX_TENANTS]", () => {
    const counts = noCounts();
    for (let n = 0; n <= MAX_TENANTS; n++)
      addRequest(counts, { area: "device", status: 200, seconds: 0, tenant: `t${n}` });
    addRequest(counts, { area: "device", status: 200, seconds: 0, tenant: "t0" });
    expect(counts.tenants.size).toBe(MAX_TENANTS);
    expect(counts.tenants.get("t0")).toBe(2);
  });
});
