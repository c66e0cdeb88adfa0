import { expect, it } from "vitest";
import { KeptReports, MOST_GATHERED } from "../../../src/checkin/kept-reports.ts";
import type { KeptReport } from "../../../src/checkin/pledges.ts";
import type { Later } from "../../../src/platform/later.ts";

function gathering() {
  const timers: (() => Promise<unknown>)[] = [];
  const told: number[] = [];
  const kept = new KeptReports();
  const later: Later = { now: () => undefined, after: (_, work) => timers.push(work) };
  const report: KeptReport = { device: "d", pledge: "p", print: "a", fresh: "f" };
  const add = (nowMs = 0) => kept.add(report, nowMs, later, async ({ length }) => void told.push(length));
  return { add, kept, timers, told };
}

it("tells of what gathered, by one timer at a time", async () => {
  const { add, timers, told } = gathering();
  for (let i = 0; i < 3; i++) add();
  expect([timers.length, told]).toEqual([1, []]);
  await timers[0]?.();
  add();
  expect([timers.length, told]).toEqual([2, [3]]);
});

it("tells of nothing that went along with a call", async () => {
  const { add, kept, timers, told } = gathering();
  add();
  expect(kept.take()).toHaveLength(1);
  await timers[0]?.();
  expect([kept.take(), told]).toEqual([[], []]);
});

it("sets another timer where one has ended with its request", () => {
  const { add, timers } = gathering();
  add();
  add(1999);
  expect(timers).toHaveLength(1);
  add(2000);
  expect(timers).toHaveLength(2);
});

it(`tells of ${MOST_GATHERED} at once [limit: reports gathered]`, () => {
  const { add, told } = gathering();
  for (let i = 1; i < MOST_GATHERED; i++) add();
  expect(told).toEqual([]);
  add();
  expect(told).toEqual([MOST_GATHERED]);
});
