import { beforeEach, describe, expect, it } from "vitest";
import { MOST_PRINTS, Pledges } from "../../../src/checkin/pledges.ts";
import { asDeviceId } from "../../../src/platform/ids.ts";
import { isGood, isOver, newPledge } from "../../../src/platform/near-reports.ts";

const DAY = 86_400_000;
const NOON = 20_000 * DAY + DAY / 2;

let rows: Map<string, unknown>;
let pledges: Pledges;

beforeEach(() => {
  rows = new Map();
  pledges = new Pledges({
    get: (key: string) => rows.get(key),
    put: (key: string, value: unknown) => void rows.set(key, value),
    delete: (key: string) => rows.delete(key),
    list: ({ prefix = "", startAfter = "", limit = 0 }: SyncKvListOptions = {}) =>
      [...rows]
        .filter(([key]) => key.startsWith(prefix) && key > startAfter)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, limit),
  } as unknown as SyncKvStorage);
});

/** A report that is asked about, and told to be what a row has that is pledged by it. */
function pledged(device: string, print: string, nowMs = NOON): string {
  const asking = { print, fresh: newPledge(nowMs) };
  expect(pledges.ask(device, asking, nowMs).isSame).toBe(false);
  pledges.keep(device, asking.fresh, asking, nowMs);
  return asking.fresh;
}

const isSame = (device: string, print: string, nowMs = NOON) =>
  pledges.ask(device, { print, fresh: newPledge(nowMs) }, nowMs).isSame;

describe("reports of the same", () => {
  it("are known from when they were told of, on the same day", () => {
    pledged("d", "a");
    expect([isSame("d", "a"), isSame("e", "a")]).toEqual([true, false]);
    expect(isSame("d", "a", NOON + DAY / 2 - 1)).toBe(true);
    expect(isSame("d", "a", NOON + DAY / 2)).toBe(false);
  });

  it("are not known while another is under way, and are again once it was nothing", () => {
    const pledge = pledged("d", "a");
    const other = { print: "b", fresh: newPledge(NOON) };
    expect(pledges.ask("d", other, NOON)).toEqual({ isSame: false, ended: [pledge], held: pledge });
    pledges.keep("d", pledge, other, NOON);
    expect([isSame("d", "a"), isSame("d", "b")]).toEqual([true, true]);
  });

  it("are not known any more after two were under way at once", () => {
    const pledge = pledged("d", "a");
    const [one, two] = [newPledge(NOON), newPledge(NOON)];
    pledges.ask("d", { print: "b", fresh: one }, NOON);
    const second = pledges.ask("d", { print: "c", fresh: two }, NOON);
    expect(second).toEqual({ isSame: false, ended: [pledge, one] });
    pledges.keep("d", pledge, { print: "b", fresh: one }, NOON);
    pledges.keep("d", pledge, { print: "c", fresh: two }, NOON);
    expect(isSame("d", "a")).toBe(false);
  });

  it("are not known once their pledge was ended, nor is one that was to become one", () => {
    const pledge = pledged("d", "a");
    pledges.end([{ device_id: asDeviceId("d"), pledge: newPledge(NOON) }]);
    expect(isSame("d", "a")).toBe(true);
    pledges.end([{ device_id: asDeviceId("d"), pledge }]);
    expect(isSame("d", "a")).toBe(false);
    const coming = { print: "b", fresh: newPledge(NOON) };
    pledges.ask("e", coming, NOON);
    pledges.end([{ device_id: asDeviceId("e"), pledge: coming.fresh }]);
    pledges.keep("e", coming.fresh, coming, NOON);
    expect(isSame("e", "b")).toBe(false);
  });

  it(`are the last ${MOST_PRINTS} of a device [limit: reports by turns]`, () => {
    const pledge = pledged("d", "0");
    for (let i = 1; i <= MOST_PRINTS; i++) {
      const asking = { print: String(i), fresh: newPledge(NOON) };
      pledges.ask("d", asking, NOON);
      pledges.keep("d", pledge, asking, NOON);
    }
    expect(isSame("d", "1")).toBe(true);
    expect(isSame("d", "0")).toBe(false);
  });

  it("go when their day is over, a few with each new one", () => {
    for (let i = 0; i < 6; i++) pledged(`d${i}`, "a");
    pledged("d", "a", NOON + DAY);
    expect([...rows.keys()]).toEqual(["report:d4", "report:d5", "report:d"]);
  });
});

describe("a pledge", () => {
  it("is good on its day, and surely over some minutes later", () => {
    const pledge = newPledge(NOON);
    const night = NOON + DAY / 2;
    expect([isGood(pledge, NOON - DAY / 2), isGood(pledge, night - 1)]).toEqual([true, true]);
    expect([isGood(pledge, NOON - DAY / 2 - 1), isGood(pledge, night)]).toEqual([false, false]);
    expect([isOver(pledge, night + 299_999), isOver(pledge, night + 300_000)]).toEqual([false, true]);
  });
});
