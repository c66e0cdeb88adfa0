import { describe, expect, test } from "vitest";
import { FAILURE_MARGIN, LEVEL } from "../../src/deployments/judge/levels.ts";
import {
  FLEET,
  halts,
  harmful,
  harmless,
  untilCleared,
  untilHalt,
  untilSilenceFound,
} from "../support/judge-simulation.ts";

/** Rollouts through a fleet of 10,000, looked at every minute; in `docs/rollouts.md` is what a run of it told. */
const RUNS = 10_000;
const SILENCE_RUNS = 1000;

function told(what: string, runs: number, found: readonly number[], within = FLEET): number {
  const early = found.filter((devices) => devices < within).length;
  const middle = found.toSorted((a, b) => a - b)[found.length >> 1];
  console.log(`${what}: ${runs} runs, ${found.length} stopped, ${early} before ${within}, median ${middle}`);
  return early;
}

describe("failed updates", () => {
  test.each([0, FAILURE_MARGIN])("%d more are no fault, in all but one of a hundred rollouts", (apart) => {
    const found = halts(RUNS, (chance) => untilHalt(chance, harmless(chance, FLEET, apart)));
    expect(told(`apart by ${apart}`, RUNS, found)).toBeLessThanOrEqual(LEVEL * RUNS);
  });

  test("five times as many stop it before a twentieth of the fleet", () => {
    const found = halts(RUNS, (chance) => untilHalt(chance, harmful(chance)));
    expect(told("2 to 10 percent", RUNS, found, FLEET / 20)).toBeGreaterThanOrEqual(0.95 * RUNS);
  });
});

describe("that no more fall silent", () => {
  test("is found where it is so", () => {
    const found = halts(SILENCE_RUNS, (chance) => untilCleared(chance, { more: 0, bySite: false }));
    expect(told("cleared", SILENCE_RUNS, found)).toBeGreaterThanOrEqual(0.95 * SILENCE_RUNS);
  });

  test.each([0.03, 0.05])("is hardly ever believed where a share of %d does", (more) => {
    const found = halts(SILENCE_RUNS, (chance) => untilCleared(chance, { more, bySite: false }));
    expect(told(`cleared in spite of ${more}`, SILENCE_RUNS, found)).toBeLessThanOrEqual(
      LEVEL * SILENCE_RUNS,
    );
  });
});

describe.each([true, false])("silence, by site: %s", (bySite) => {
  test("of a site at night is no fault", () => {
    const found = halts(SILENCE_RUNS, (chance) => untilSilenceFound(chance, { more: 0, bySite }));
    expect(told("nights", SILENCE_RUNS, found)).toBeLessThanOrEqual(LEVEL * SILENCE_RUNS);
  });

  test("of a twentieth of those updated is found", () => {
    const found = halts(SILENCE_RUNS, (chance) => untilSilenceFound(chance, { more: 0.05, bySite }));
    expect(told("silent after the update", SILENCE_RUNS, found)).toBe(SILENCE_RUNS);
  });
});
