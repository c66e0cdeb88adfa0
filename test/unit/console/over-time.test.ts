import { describe, expect, it } from "vitest";
import {
  columnsOf,
  marksOf,
  planOf,
  shownUntilMs,
  type Gone,
} from "../../../console/src/pages/deployments/over-time.ts";

const at = (minute: number): string => new Date(Date.UTC(2026, 2, 1, 10, minute)).toISOString();
const ms = (minute: number): number => Date.parse(at(minute));

const gone: Gone = {
  created: at(0),
  max_devices: 21,
  points: [
    { time: at(10), begun: 4, success: 0, failure: 0, other: 0 },
    { time: at(20), begun: 6, success: 3, failure: 1, other: 1 },
  ],
};
const phases = [{ batch_size: 25 }, { batch_size_devices: 6, opens: at(15) }, { opens: at(70) }];

describe("a deployment over time", () => {
  it("has its states on top of each other, and its plan beside them", () => {
    const untilMs = shownUntilMs(gone, false);
    const plan = planOf(gone, phases, untilMs);
    const marks = marksOf(phases, { since: at(18), isHalt: true }, untilMs);
    expect(marks.map(({ atMs, name }) => [atMs, name])).toEqual([
      [ms(15), "phase 2"],
      [ms(18), "halted"],
      [ms(70), "phase 3"],
    ]);
    expect(columnsOf(gone, plan, marks)).toEqual([
      [0, 10, 15, 18, 20, 70].map((minute) => ms(minute) / 1000),
      [0, 4, 4, 4, 6, null], // at it
      [0, 0, 0, 0, 5, null], // ended otherwise
      [0, 0, 0, 0, 4, null], // failed
      [0, 0, 0, 0, 3, null], // updated
      [5, 5, 11, 11, 11, 21],
    ]);
  });

  it("looks as far ahead as it has gone, an hour at least, and no further than its end", () => {
    expect(shownUntilMs(gone, true)).toBe(ms(20));
    expect(shownUntilMs(gone, false)).toBe(ms(80));
    expect(shownUntilMs({ ...gone, points: [{ ...gone.points[0]!, time: at(90) }] }, false)).toBe(ms(180));
    expect(planOf(gone, phases, ms(20)).map(({ devices }) => devices)).toEqual([5, 11]);
    expect(marksOf(phases, undefined, ms(20))).toHaveLength(1);
  });

  it("has no plan where it goes to all at once, and none of a phase that waits for more than time", () => {
    expect(planOf(gone, [], ms(80))).toEqual([]);
    expect(planOf(gone, [{}], ms(80))).toEqual([]);
    expect(columnsOf(gone, [], [])).toHaveLength(5);
    const waiting = [{ batch_size: 25 }, {}];
    expect(planOf(gone, waiting, ms(80))).toEqual([{ atMs: ms(0), devices: 5 }]);
    expect(marksOf(waiting, undefined, ms(80))).toEqual([]);
  });

  it("counts who ended without having begun among those who ended", () => {
    const aborted = { ...gone, points: [{ time: at(5), begun: 1, success: 1, failure: 0, other: 4 }] };
    expect(columnsOf(aborted, [], []).map((column) => column.at(-1))).toEqual([ms(5) / 1000, 5, 5, 1, 1]);
  });
});
