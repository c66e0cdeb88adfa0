import { describe, expect, it } from "vitest";
import { VerifiedTokens } from "../../../src/platform/verified-tokens.ts";

const token = (n: number) => `header.payload-${n}.signature`;

describe("tokens seen before", () => {
  it("are known by every character", () => {
    const tokens = new VerifiedTokens();
    tokens.add(token(1));
    expect([tokens.has(token(1)), tokens.has(`${token(1)} `), tokens.has(token(2)), tokens.has("")]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it("of a large fleet are nearly all remembered", () => {
    const tokens = new VerifiedTokens();
    for (let n = 0; n < 100_000; n++) tokens.add(token(n));
    let known = 0;
    for (let n = 0; n < 100_000; n++) if (tokens.has(token(n))) known += 1;
    expect(known).toBeGreaterThan(95_000);
    expect(tokens.has(token(100_000))).toBe(false);
  });
});
