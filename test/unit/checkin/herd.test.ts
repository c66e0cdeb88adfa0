import { describe, expect, it } from "vitest";
import { CallCounts, spreadSeconds, WorkBudget } from "../../../src/checkin/rate-limit.ts";

const START = 1_000_000_000;

describe("calls of a minute", () => {
  it("are counted by caller and forgotten with the minute", () => {
    const counts = new CallCounts(2);
    const waits = ["a", "a", "b", "a"].map((caller, i) => counts.waitOf(caller, START + i * 1000));
    expect(waits).toEqual([0, 0, 0, 57_000]);
    expect(counts.waitOf("a", START + 60_000)).toBe(0);
  });

  it("are of any number without a limit", () => {
    const counts = new CallCounts(0);
    expect(Array.from({ length: 1000 }, () => counts.waitOf("a", START)).some(Boolean)).toBe(false);
  });
});

describe("a budget of work", () => {
  it("is so much a second, also after a pause", () => {
    const budget = new WorkBudget({ perSecond: 3, atOnce: 0 });
    const begun = (count: number, atMs: number) =>
      Array.from({ length: count }, () => budget.begin("t", atMs)).filter(Boolean).length;
    expect([begun(5, START), begun(5, START + 1000), begun(5, START + 60_000)]).toEqual([3, 3, 3]);
    expect(begun(2, START + 60_400)).toBe(1);
  });

  it("is so much at once, and what ends makes room once", () => {
    const budget = new WorkBudget({ perSecond: 0, atOnce: 2 });
    const [first] = [budget.begin("t", START), budget.begin("t", START)];
    expect(budget.begin("t", START)).toBeUndefined();
    first?.end();
    first?.end();
    expect(budget.begin("t", START)).toBeDefined();
    expect(budget.begin("t", START)).toBeUndefined();
  });

  it("has what comes too early wait for its turn, for as long as it may", () => {
    const budget = new WorkBudget({ perSecond: 10, atOnce: 0, patienceMs: 300 });
    const waits = Array.from({ length: 14 }, () => budget.begin("t", START)?.waitMs);
    expect(waits).toEqual([...Array.from({ length: 10 }, () => 0), 100, 200, 300, undefined]);
    expect(budget.begin("t", START + 200)?.waitMs).toBe(200);
  });

  it("of one tenant is not another's", () => {
    const budget = new WorkBudget({ perSecond: 1, atOnce: 1 });
    expect([budget.begin("a", START), budget.begin("b", START)].every(Boolean)).toBe(true);
  });
});

describe("coming back", () => {
  it("is not before its time and spread behind it", () => {
    const seconds = Array.from({ length: 200 }, () => spreadSeconds(10_000, 30_000));
    expect(Math.min(...seconds)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...seconds)).toBeLessThanOrEqual(40);
    expect(new Set(seconds).size).toBeGreaterThan(15);
  });
});
