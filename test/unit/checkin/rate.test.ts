import { describe, expect, it } from "vitest";
import { CheckRate } from "../../../src/checkin/rate.ts";

const START = 1_000_000_000;

describe("the mode of a tenant", () => {
  it("is strict at first and relaxed as soon as a window holds too many checks", () => {
    const rate = new CheckRate(100);
    rate.add(1000, START);
    expect(rate.mode(START)).toBe("strict");
    rate.add(1, START + 500);
    expect(rate.mode(START + 500)).toBe("relaxed");
  });

  it("does not flap between the two bounds", () => {
    const rate = new CheckRate(100);
    const modes = [1100, 900, 700, 600, 499, 600, 900, 1001].map((checks, i) => {
      const atMs = START + i * 10_000;
      rate.add(checks, atMs);
      return rate.mode(atMs + 10_000);
    });
    const [many, few] = ["relaxed", "strict"];
    expect(modes).toEqual([many, many, many, many, few, few, few, many]);
  });

  it("is strict again after silence", () => {
    const rate = new CheckRate(100);
    rate.add(5000, START);
    expect([rate.mode(START), rate.mode(START + 60_000), rate.perSecond(START + 60_000)]).toEqual([
      "relaxed",
      "strict",
      0,
    ]);
  });

  it("tells the checks a second of the last window", () => {
    const rate = new CheckRate(100);
    rate.add(50, START);
    expect([rate.perSecond(START + 5000), rate.perSecond(START + 10_000)]).toEqual([0, 5]);
  });
});
