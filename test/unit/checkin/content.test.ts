import { beforeEach, describe, expect, it } from "vitest";
import { Content } from "../../../src/checkin/content.ts";

const NOW = 1_000_000;
const HOUR = 3_600_000;

let content: Content;
const note = (device: string, untilMs: number) => content.noting(device, NOW)?.(untilMs);
const has = (...atMs: number[]) => atMs.map((ms) => content.has("a", ms));

beforeEach(() => {
  content = new Content();
  content.follow("one");
});

describe("a device for which there is nothing", () => {
  it("needs nobody until its time, and for an hour at most", () => {
    note("a", NOW + 1000);
    expect(has(NOW - 1, NOW, NOW + 999, NOW + 1000)).toEqual([false, true, true, false]);
    note("a", NOW + 2 * HOUR);
    expect(has(NOW + HOUR - 1, NOW + HOUR)).toEqual([true, false]);
    expect(content.has("b", NOW)).toBe(false);
  });

  it("needs nobody while the head tells of no change", () => {
    note("a", NOW + HOUR);
    content.follow("one");
    expect(has(NOW)).toEqual([true]);
    content.follow("two");
    expect(has(NOW)).toEqual([false]);
    content.follow("one");
    expect(has(NOW)).toEqual([false]);
  });

  it("is not known by what was read before a change", () => {
    const noting = content.noting("a", NOW);
    content.follow("two");
    noting?.(NOW + HOUR);
    expect(has(NOW)).toEqual([false]);
  });

  it("is not known while the head tells no stamp", () => {
    note("a", NOW + HOUR);
    content.follow(undefined);
    expect([content.has("a", NOW), content.noting("a", NOW)]).toEqual([false, undefined]);
  });

  it("is one of ten thousand at most", () => {
    note("a", NOW + HOUR);
    for (let i = 0; i < 9_999; i++) note(`other ${i}`, NOW + HOUR);
    expect(has(NOW)).toEqual([true]);
    note("one more", NOW + HOUR);
    expect([content.has("a", NOW), content.has("one more", NOW)]).toEqual([false, true]);
  });
});
