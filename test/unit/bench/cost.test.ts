import { describe, expect, it } from "vitest";
import { ASSUMED, contactRows, monthOf, presencePages, usageOfMonth } from "../../../bench/cost/fleet.ts";
import { operationsOf, type Operations } from "../../../bench/cost/operations.ts";
import { costReport } from "../../../bench/cost/report.ts";
import { goalLines } from "../../../bench/cost/tables.ts";
import { marginalUsd, monthlyBillUsd, sum, times, usage } from "../../../bench/cost/usage.ts";
import { NO_COST, type Cost } from "../../../bench/load/cost.ts";
import type { FleetResults, Measured, Results } from "../../../bench/report/results.ts";

const timing = { cpuUs: 300, turnsPerSecond: 1, p50Ms: 1, p99Ms: 1, generatorShare: 0 };

const measured = (id: string, mode: Measured["mode"], cost: Partial<Cost>): Measured => ({
  id,
  title: id,
  mode,
  typicalCost: NO_COST,
  mostCost: NO_COST,
  meanCost: { ...NO_COST, ...cost },
  timing,
  doNothing: timing,
  cpuTimesNothing: 1,
  answers: 1,
  checked: 1,
  faults: 0,
  problems: [],
});

const FLEET: FleetResults = {
  devices: 1000,
  targets: 500,
  databaseBytesPerDevice: 6000,
  dailyStamp: { rowsRead: 2, rowsWritten: 2 },
  measured: [
    measured("W1", "strict", { objectCalls: 1 }),
    measured("W1", "relaxed", { objectCalls: 0.3 }),
    measured("W2", "relaxed", { rowsRead: 4 }),
    measured("W3", "relaxed", { rowsRead: 400, rowsWritten: 5 }),
    measured("W4", "relaxed", { rowsRead: 5 }),
    measured("W5", "relaxed", { rowsRead: 500, rowsWritten: 24 }),
  ],
  waves: [],
};

const OPERATIONS: Operations = operationsOf(FLEET);

describe("prices", () => {
  it("make a million requests thirty cents and a million written rows a dollar", () => {
    expect(marginalUsd(usage({ workerRequests: 1e6 }))).toBeCloseTo(0.3, 10);
    expect(marginalUsd(usage({ d1RowsWritten: 1e6 }))).toBeCloseTo(1, 10);
    expect(marginalUsd(usage({ objectDurationGbS: 1e6 }))).toBeCloseTo(12.5, 10);
  });

  it("charge an account the plan, and only what is beyond what it includes", () => {
    expect(monthlyBillUsd(usage({ workerRequests: 10e6, d1RowsWritten: 50e6 }))).toBe(5);
    expect(monthlyBillUsd(usage({ workerRequests: 11e6 }))).toBeCloseTo(5.3, 10);
  });

  it("add up", () => {
    const [a, b] = [usage({ workerRequests: 3 }), usage({ workerRequests: 4, d1RowsRead: 1 })];
    expect(sum([a, times(b, 2)])).toEqual(usage({ workerRequests: 11, d1RowsRead: 2 }));
  });
});

describe("operations", () => {
  it("are what was measured, with a request each", () => {
    expect(OPERATIONS.strictCheck).toEqual(usage({ workerRequests: 1, workerCpuMs: 0.3, objectRequests: 1 }));
    expect(OPERATIONS.changedReport).toMatchObject({ workerRequests: 1, d1RowsWritten: 5 });
  });

  it("leave the visits of a relaxed check to the fleet, since one machine has one isolate", () => {
    expect(OPERATIONS.relaxedCheck.objectRequests).toBe(0);
  });

  it("count the download and the event of an update", () => {
    expect(OPERATIONS.update).toMatchObject({
      workerRequests: 8,
      r2ReadOperations: 1,
      queueOperations: 3,
      d1RowsWritten: 27,
    });
  });

  it("are not made up where nothing was measured", () => {
    const withoutW2 = { ...FLEET, measured: FLEET.measured.filter(({ id }) => id !== "W2") };
    expect(() => operationsOf(withoutW2)).toThrow("have no W2 relaxed");
  });
});

describe("a month of a fleet", () => {
  it("has 48 checks a day of every device, three reports, and a token a week and with every update", () => {
    const month = monthOf(10_000, OPERATIONS);
    expect(month.checks).toBe(10_000 * 48 * 30);
    expect(month.reports.workerRequests).toBe(10_000 * 90);
    expect(month.authentications.workerRequests).toBeCloseTo(10_000 * (30 / 7 + 1), 6);
    expect(month.updates.workerRequests).toBe(80_000);
    expect(month.storage.d1StorageGbMonths).toBeCloseTo(0.06, 10);
  });

  it("asks the head with every strict check", () => {
    const month = monthOf(100_000, OPERATIONS);
    expect(month.isRelaxed).toBe(false);
    expect(month.checking.objectRequests).toBe(month.checks);
  });

  it("asks the head as often as isolates come for the digest when checks are relaxed", () => {
    const month = monthOf(1_000_000, OPERATIONS);
    expect(month.isRelaxed).toBe(true);
    expect(month.checking.objectRequests).toBe((100 * 30 * 86_400) / 5);
  });

  it("never has more visits than checks", () => {
    const many = { ...ASSUMED, isolates: 1e6 };
    const month = monthOf(1_000_000, OPERATIONS, many);
    expect(month.checking.objectRequests).toBe(month.checks);
  });

  it("keeps one head awake for each tenant", () => {
    const gbS = 30 * 86_400 * 0.128;
    expect(monthOf(1_000_000, OPERATIONS).checking.objectDurationGbS).toBeCloseTo(gbS, 6);
    expect(monthOf(10_000_000, OPERATIONS).checking.objectDurationGbS).toBeCloseTo(10 * gbS, 6);
  });

  it("keeps the head of a few devices awake no longer than their contacts may wait", () => {
    const { objectDurationGbS } = monthOf(100, OPERATIONS).checking;
    expect(objectDurationGbS).toBeGreaterThan(0.2 * 30 * 86_400 * 0.128);
    expect(objectDurationGbS).toBeLessThan(0.4 * 30 * 86_400 * 0.128);
  });

  it("writes pages of last contacts by the size of the fleet", () => {
    expect([1000, 16_384, 16_385, 1_000_000].map((devices) => presencePages(devices, ASSUMED))).toEqual([
      1, 1, 2, 64,
    ]);
  });

  it("saves contacts with a row each where they are rare, and at most every five seconds otherwise", () => {
    const month = 30 * 86_400;
    const rows = (devices: number, contacts: number) => contactRows(devices, 1, contacts, ASSUMED);
    const daily = rows(1, 30);
    expect(daily).toBeGreaterThan(30 * 4.9); // itself, its alarm, its page, its hour, its end in the journal
    expect(daily).toBeLessThan(30 * 5.1);
    const busy = rows(16_384, 100 * month);
    expect(busy).toBeGreaterThan(month / 5);
    expect(busy).toBeLessThan((month / 5) * 1.6);
  });

  it("costs in all what its parts cost", () => {
    const { isRelaxed: _, checks: __, ...used } = monthOf(50_000, OPERATIONS);
    const parts = Object.values(used).map(marginalUsd);
    const whole = marginalUsd(usageOfMonth(monthOf(50_000, OPERATIONS)));
    expect(whole).toBeCloseTo(
      parts.reduce((total, part) => total + part, 0),
      6,
    );
  });
});

describe("the report", () => {
  const results: Results = {
    command: "npm run bench",
    at: "2026-11-21T08:15:00.000Z",
    machine: { cores: 2, processor: "p", system: "s", node: "26", workerd: "1" },
    connections: 32,
    seconds: 1,
    rounds: 3,
    fleets: [FLEET, { ...FLEET, devices: 10, measured: [] }],
  };

  it("is of the largest fleet, and says of what run", () => {
    const report = costReport(results);
    expect(report).toContain("Measured 2026-11-21 by `npm run bench`");
    expect(report).toContain(
      "| idle check, strict (100,000 devices) | 0.300 | 0.006 | 0.000 | 0.006 | 0.179 |",
    );
  });

  it("holds idle checks to half a dollar a million", () => {
    expect(goalLines(OPERATIONS, ASSUMED).map(({ isHeld }) => isHeld)).toEqual([true, true, true]);
    const dear = { ...OPERATIONS, strictCheck: times(OPERATIONS.strictCheck, 2) };
    expect(goalLines(dear, ASSUMED).map(({ isHeld }) => isHeld)).toEqual([false, true, true]);
  });

  it("says when journals cost more than they may", () => {
    const cheap = {
      ...OPERATIONS,
      changedReport: usage({}),
      strictCheck: usage({}),
      relaxedCheck: usage({}),
    };
    const journals = goalLines(OPERATIONS, ASSUMED).at(-1)!;
    expect([journals.isHeld, journals.line]).toEqual([true, expect.stringContaining("ok   journals")]);
    const busy = { ...ASSUMED, updatesPerMonth: 3000, pollEveryS: 86_400 };
    expect(goalLines({ ...cheap, update: usage({}), authentication: usage({}) }, busy).at(-1)).toMatchObject({
      isHeld: false,
    });
  });
});
