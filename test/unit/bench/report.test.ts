import { describe, expect, it } from "vitest";
import { NO_COST, type Cost } from "../../../bench/load/cost.ts";
import { readOptions } from "../../../bench/options.ts";
import { withPart } from "../../../bench/report/documents.ts";
import { goalLine, goalsOf, isHeld } from "../../../bench/report/goals.ts";
import type { Measured, Results, Timing, Wave } from "../../../bench/report/results.ts";
import { resultsTable } from "../../../bench/report/table.ts";

const timing = (of: Partial<Timing>): Timing => ({
  cpuUs: 100,
  turnsPerSecond: 5000,
  p50Ms: 1,
  p99Ms: 2,
  generatorShare: 0.5,
  ...of,
});

const cost = (of: Partial<Cost>): Cost => ({ ...NO_COST, ...of });

const measured = (of: Partial<Measured>): Measured => ({
  id: "W1",
  title: "idle check, relaxed",
  mode: "relaxed",
  typicalCost: NO_COST,
  mostCost: NO_COST,
  meanCost: NO_COST,
  timing: timing({}),
  doNothing: timing({}),
  cpuTimesNothing: 1,
  answers: 1000,
  checked: 50,
  faults: 0,
  problems: [],
  ...of,
});

const wave = (statuses: Record<number, number>, of: Partial<Wave> = {}): Wave => ({
  id: "W7",
  title: "reconnect wave",
  mode: "auto",
  seconds: 60,
  devicesPerSecond: 5.6,
  statuses,
  turns: 300,
  unfinished: 0,
  meanCost: NO_COST,
  cpuUs: 600,
  p50Ms: 1,
  p99Ms: 2,
  answers: 1000,
  checked: 50,
  faults: 0,
  problems: [],
  ...of,
});

const results = (all: Measured[], waves: Wave[] = []): Results => ({
  command: "npm run bench",
  at: "2026-11-21T08:00:00.000Z",
  machine: { cores: 2, processor: "p", system: "s", node: "26", workerd: "1" },
  connections: 32,
  seconds: 1,
  rounds: 3,
  fleets: [
    {
      devices: 1000,
      targets: 500,
      databaseBytesPerDevice: 1,
      dailyStamp: { rowsRead: 1, rowsWritten: 2 },
      measured: all,
      waves,
    },
  ],
});

const broken = (all: Measured[], waves: Wave[] = []) =>
  goalsOf(results(all, waves))
    .filter((goal) => !isHeld(goal))
    .map(({ what, kind }) => `${kind}: ${what.replace(/^.*devices: /, "")}`);

describe("goals", () => {
  it("are held by checks that touch nothing and cost twice nothing", () => {
    expect(broken([measured({ timing: timing({ cpuUs: 200, p99Ms: 20 }), cpuTimesNothing: 2 })])).toEqual([]);
  });

  it.each<[string, Partial<Measured>, string[]]>([
    ["an idle check with a statement", { mostCost: cost({ statements: 1 }) }, ["count: D1 statements"]],
    [
      "a relaxed check with an object call",
      { typicalCost: cost({ objectCalls: 1 }) },
      ["count: object calls"],
    ],
    ["a slow check", { timing: timing({ p99Ms: 21 }) }, ["time: p99 at half load"]],
    ["a dear check", { timing: timing({ cpuUs: 601 }), cpuTimesNothing: 2.1 }, ["time: CPU", "time: CPU"]],
    [
      "a report of the same that asks the database",
      { id: "W2", mostCost: cost({ statements: 1 }), cpuTimesNothing: 3.1 },
      ["count: D1 statements", "time: CPU"],
    ],
    [
      "a changed value that reads and writes too much",
      { id: "W3", typicalCost: cost({ rowsRead: 61, rowsWritten: 6 }) },
      ["count: rows read", "count: rows written"],
    ],
    [
      "an update with a ninth trip",
      { id: "W5", mostCost: cost({ roundTrips: 9 }), typicalCost: cost({ rowsRead: 301 }) },
      ["count: D1 round trips", "count: rows read"],
    ],
    ["a wrong answer", { id: "W3", faults: 1 }, ["count: wrong answers"]],
    ["answers that nobody looked at", { id: "W3", checked: 9 }, ["count: answers for each that was checked"]],
  ])("are broken by %s", (_, of, expected) => {
    expect(broken([measured(of)])).toEqual(expected);
  });

  it("allow a strict check its one object call", () => {
    expect(broken([measured({ mode: "strict", typicalCost: cost({ objectCalls: 1 }) })])).toEqual([]);
  });

  it("compare outsiders with W1 by what doing nothing cost beside either", () => {
    const alone = measured({});
    const slowMinute = measured({ id: "W6", timing: timing({ cpuUs: 200 }), cpuTimesNothing: 1 });
    const dearer = measured({ id: "W6", timing: timing({ cpuUs: 100 }), cpuTimesNothing: 1.2 });
    expect(broken([alone, slowMinute])).toEqual([]);
    expect(broken([alone, dearer])).toEqual(["time: CPU"]);
  });

  it("allow a wave to be told to wait and not to be told of a failure", () => {
    expect(broken([], [wave({ 200: 600, 204: 300, 429: 10 })])).toEqual([]);
    expect(broken([], [wave({ 200: 600, 503: 1 })])).toEqual(["count: answers 5xx"]);
    expect(broken([], [wave({ 200: 600 }, { unfinished: 1, cpuUs: 601 })])).toEqual([
      "time: devices that are not back in time",
      "time: CPU",
    ]);
  });

  it("are told in one line each", () => {
    const [goal] = goalsOf(results([measured({ mostCost: cost({ statements: 2 }) })]));
    expect(goal && goalLine(goal)).toBe(
      "OVER W1 relaxed, 1,000 devices: D1 statements: 2 at most in one check (goal: at most 0)",
    );
  });
});

describe("the table", () => {
  it("shows doing nothing in brackets, and what falls due now and then beside the usual cost", () => {
    const one = measured({
      meanCost: cost({ objectCalls: 0.02 }),
      doNothing: timing({ cpuUs: 80 }),
    });
    const table = resultsTable(results([one], [wave({ 200: 600, 204: 300 })]));
    expect(table).toContain("| W1 idle check, relaxed | 0 | 0 | 0 | 0 (+0.02) | 100 (80) |");
    expect(table).toContain("W7, 60 s and 5 s more: 300 of 300 devices back; answers 600 × 200, 300 × 204.");
    expect(table).toContain("`npm run bench`, 2026-11-21; 2 cores (p)");
  });
});

describe("documents", () => {
  const text = "before\n<!-- results: begin -->\nold\n<!-- results: end -->\nafter\n";

  it("keep everything outside the marks", () => {
    const once = withPart(text, "results", "new\n");
    expect(once).toBe("before\n<!-- results: begin -->\n\nnew\n\n<!-- results: end -->\nafter\n");
    expect(withPart(once, "results", "new")).toBe(once);
  });

  it("are not written without marks", () => {
    expect(() => withPart("text", "results", "new")).toThrow("marks");
  });
});

describe("options", () => {
  it("choose sizes and workloads", () => {
    const options = readOptions(["--devices", "10,20", "--workloads", "w1,W6", "--seconds", "0.5"]);
    expect(options).toMatchObject({ fleets: [10, 20], seconds: 0.5, workloads: new Set(["W1", "W6"]) });
  });

  it.each([
    [["--devices", "many"]],
    [["--workloads", "W9"]],
    [["--seconds", "0"]],
    [["--fast"]],
    [["--write-docs", "--workloads", "W1"]],
  ])("are refused if they make no sense: %j", (args) => {
    expect(() => readOptions(args)).toThrow();
  });
});
