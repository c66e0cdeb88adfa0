import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { cronMatches, runCrons } from "../../../src/local/cron.ts";

// A Saturday.
const AT = new Date("2026-11-21T03:17:00Z");

describe("a cron expression", () => {
  test.each([
    ["* * * * *", true],
    ["17 3 * * *", true],
    ["18 3 * * *", false],
    ["17 4 * * *", false],
    ["*/17 * * * *", true],
    ["*/5 * * * *", false],
    ["15/2 * * * *", true],
    ["10-20 * * * *", true],
    ["10-20/7 3 * * *", true],
    ["10-20/4 3 * * *", false],
    ["1,17,30 3 21 11 *", true],
    ["17 3 22 * *", false],
    ["17 3 * 10 *", false],
    ["17 3 * * 7", true],
    ["17 3 * * 1-5", false],
  ])("%s falls on the minute: %s", (expression, falls) => {
    expect(cronMatches(expression, AT)).toBe(falls);
  });

  test("is read in UTC", () => {
    expect(cronMatches("17 5 * * *", new Date("2026-11-21T03:17:00-02:00"))).toBe(true);
  });
});

describe("the clock of a local server", () => {
  beforeEach(() => void vi.useFakeTimers({ now: new Date("2026-11-21T03:15:40Z") }));
  afterEach(() => void vi.useRealTimers());

  test("fires each expression once in each of its minutes from the present one on, and no more after its end", () => {
    const fired: string[] = [];
    const end = runCrons(["* * * * *", "17 3 * * *"], (expression, at) =>
      fired.push(`${at.toISOString().slice(11, 19)} ${expression}`),
    );
    vi.advanceTimersByTime(140_000);
    expect(fired).toEqual([
      "03:15:00 * * * * *",
      "03:16:00 * * * * *",
      "03:17:00 * * * * *",
      "03:17:00 17 3 * * *",
      "03:18:00 * * * * *",
    ]);
    end();
    vi.advanceTimersByTime(600_000);
    expect(fired).toHaveLength(5);
  });
});
