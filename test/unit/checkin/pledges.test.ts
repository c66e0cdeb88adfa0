import { beforeEach, describe, expect, it } from "vitest";
import { MOST_IN_MEMORY, MOST_PRINTS, Pledges } from "../../../src/checkin/pledges.ts";
import { asDeviceId } from "../../../src/platform/ids.ts";
import { isGood, isOver, newPledge } from "../../../src/platform/near-reports.ts";

const DAY = 86_400_000;
const NOON = 20_000 * DAY + DAY / 2;

let rows: Map<string, unknown>;
let pledges: Pledges;

/** A head that has fallen knows what is in its storage. */
const restarted = () =>
  new Pledges({
    get: (key: string) => rows.get(key),
    put: (key: string, value: unknown) => void rows.set(key, value),
    delete: (key: string) => rows.delete(key),
    list: ({ prefix = "", startAfter = "", limit = 0 }: SyncKvListOptions = {}) =>
      [...rows]
        .filter(([key]) => key.startsWith(prefix) && key > startAfter)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, limit),
  } as unknown as SyncKvStorage);

beforeEach(() => {
  rows = new Map();
  pledges = restarted();
});

/** A report that is asked about, and told to be what a row has that is pledged by it. */
function pledged(device: string, print: string, nowMs = NOON): string {
  const asking = { print, fresh: newPledge(nowMs) };
  expect(pledges.ask(device, asking, nowMs).isSame).toBe(false);
  pledges.keep({ device, pledge: asking.fresh, ...asking });
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
    pledges.keep({ device: "d", pledge, ...other });
    expect([isSame("d", "a"), isSame("d", "b")]).toEqual([true, true]);
  });

  it("are not known any more after two were under way at once", () => {
    const pledge = pledged("d", "a");
    const [one, two] = [newPledge(NOON), newPledge(NOON)];
    pledges.ask("d", { print: "b", fresh: one }, NOON);
    const second = pledges.ask("d", { print: "c", fresh: two }, NOON);
    expect(second).toEqual({ isSame: false, ended: [pledge, one] });
    pledges.keep({ device: "d", pledge, print: "b", fresh: one });
    pledges.keep({ device: "d", pledge, print: "c", fresh: two });
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
    pledges.keep({ device: "e", pledge: coming.fresh, ...coming });
    expect(isSame("e", "b")).toBe(false);
  });

  it(`are the last ${MOST_PRINTS} of a device [limit: reports by turns]`, () => {
    const pledge = pledged("d", "0");
    for (let i = 1; i <= MOST_PRINTS; i++) {
      const asking = { print: String(i), fresh: newPledge(NOON) };
      pledges.ask("d", asking, NOON);
      pledges.keep({ device: "d", pledge, ...asking });
    }
    expect(isSame("d", "1")).toBe(true);
    expect(isSame("d", "0")).toBe(false);
  });

  it("go when their day is over, a few with each new one", () => {
    for (let i = 0; i < 6; i++) pledged(`d${i}`, "a");
    pledges.save(NOON);
    pledged("d", "a", NOON + DAY);
    pledges.save(NOON + DAY);
    expect([...rows.keys()]).toEqual(["report:d4", "report:d5", "report:d"]);
  });
});

describe("after a fall", () => {
  it("only what was stored is answered by", () => {
    pledged("d", "a");
    pledges.save(NOON);
    expect(pledges.hasUnsaved).toBe(false);
    pledged("e", "a");
    expect(pledges.hasUnsaved).toBe(true);
    pledges = restarted();
    expect([isSame("d", "a"), isSame("e", "a")]).toEqual([true, false]);
  });

  it("nothing is answered by what had ended, however that was", () => {
    const [asked, ended] = [pledged("d", "a"), pledged("e", "a")];
    pledges.save(NOON);
    const other = { print: "b", fresh: newPledge(NOON) };
    expect(pledges.ask("d", other, NOON).ended).toEqual([asked]);
    pledges.end([{ device_id: asDeviceId("e"), pledge: ended }]);
    expect([...rows]).toEqual([]);
    pledges = restarted();
    // What comes late is of somebody whom nobody knows.
    pledges.keep({ device: "d", pledge: other.fresh, ...other });
    pledges.keep({ device: "d", pledge: asked, ...other });
    expect([isSame("d", "b"), isSame("d", "a"), isSame("e", "a")]).toEqual([false, false, false]);
  });

  it("nothing is answered by what an earlier version has stored of a report under way", () => {
    const [pledge, asker] = [newPledge(NOON), newPledge(NOON)];
    rows.set("report:d", { pledge, prints: ["a"], asker });
    expect(pledges.ask("d", { print: "a", fresh: newPledge(NOON) }, NOON)).toEqual({
      isSame: false,
      ended: [pledge, asker],
    });
    expect([...rows]).toEqual([]);
  });
});

it(`of reports that are not stored the last ${MOST_IN_MEMORY} are known [limit: reports in memory]`, () => {
  for (let i = 0; i <= MOST_IN_MEMORY; i++) pledged(`d${i}`, "a");
  expect([isSame("d1", "a"), isSame("d0", "a"), rows.size]).toEqual([true, false, 0]);
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
