import { describe, expect, it } from "vitest";
import { limitMs } from "../../../src/deployments/rollout/stuck.ts";
import type { DueStuck } from "../../../src/deployments/store/stuck.ts";

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;

const fleet = (installing: { ms: number; left: number }, timeoutMs: number | null = null) =>
  ({ timeout_ms: timeoutMs, installing_ms: installing.ms, installing_left: installing.left }) as DueStuck;

describe("how long a device may stay in a state", () => {
  it("is far beyond what the others needed, never less than some hours and never more than a week", () => {
    const others = (meanMs: number) => limitMs(fleet({ ms: 50 * meanMs, left: 50 }), "installing", false);
    expect(others(60_000)).toBe(6 * HOUR_MS);
    expect(others(HOUR_MS)).toBe(20 * HOUR_MS);
    expect(others(24 * HOUR_MS)).toBe(WEEK_MS);
  });

  it("is a week while few have told, and for one that is to try again", () => {
    expect(limitMs(fleet({ ms: 19, left: 19 }), "installing", false)).toBe(WEEK_MS);
    expect(limitMs(fleet({ ms: 0, left: 500 }, 60_000), "installing", true)).toBe(WEEK_MS);
  });

  it("is what a person said, and without end where a person is waited for", () => {
    expect(limitMs(fleet({ ms: 0, left: 0 }, 60_000), "installing", false)).toBe(60_000);
    expect(limitMs(fleet({ ms: 0, left: 0 }, 60_000), "pause_before_installing", false)).toBe(Infinity);
  });
});
