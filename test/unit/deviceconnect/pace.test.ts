import { describe, expect, it } from "vitest";
import { Pace } from "../../../src/deviceconnect/backpressure.ts";
import { LIMITS } from "../../../src/deviceconnect/sockets.ts";

const { messagesPerSecond } = LIMITS;
const times = (count: number, work: () => boolean) =>
  Array.from({ length: count }, work).filter(Boolean).length;

describe("pace of a socket", () => {
  it("allows so many messages a second, and as many in the next [differs: floods]", () => {
    const pace = new Pace();
    expect(messagesPerSecond).toBe(5000);
    expect(times(10_000, () => pace.mayGoOn(1_000))).toBe(messagesPerSecond);
    expect(times(10_000, () => pace.mayGoOn(2_000))).toBe(messagesPerSecond);
  });

  it("does not count answers, nor payload", () => {
    const pace = new Pace();
    expect(times(10_000, () => pace.keepsUp(10) && pace.mayGoOn(1_000))).toBe(10_000);
    expect(times(10_000, () => pace.mayGoOn(1_000, 255))).toBe(10_000);
  });

  it("bounds what is on the way to a peer that says nothing [differs: floods]", () => {
    const pace = new Pace();
    expect(times(10_000, () => pace.keepsUp(8192))).toBe((16 * 1024 * 1024) / 8192);
  });

  it("lets go on without end what is answered, or seen to the end", () => {
    const [answering, watching] = [new Pace(), new Pace()];
    expect(times(10_000, () => answering.keepsUp(8192) && answering.mayGoOn(1_000, 255))).toBe(10_000);
    for (let minute = 0; minute < 10; minute += 1) {
      expect(times(2000, () => watching.keepsUp(8192))).toBe(2000);
      watching.caughtUp();
    }
  });

  it("still bounds what is answered far too slowly", () => {
    const pace = new Pace();
    const burst = () => times(10, () => pace.keepsUp(8192)) === 10 && pace.mayGoOn(1_000, 255);
    expect(times(1000, burst)).toBeLessThan(300);
  });
});
