import { describe, expect, it } from "vitest";
import type { Deps } from "../../../src/platform/deps.ts";
import { Fault } from "../../../src/platform/fault.ts";
import { inLine, MAX_IN_LINE } from "../../../src/useradm/line.ts";

let now = 0;
const deps = { now: () => now, later: () => {} } as unknown as Deps;

const FULL = ["unavailable", { "Retry-After": "3" }];

const refusal = async () => {
  const cause = await inLine(deps, async () => "let in").catch((thrown: unknown) => thrown);
  return cause instanceof Fault ? [cause.kind, cause.detail.headers] : cause;
};

describe("the line of logins", () => {
  it("refuses whoever comes after many, and only as long as that is so", async () => {
    let [end, fail] = [() => {}, () => {}];
    const ended = new Promise<void>((done) => (end = done));
    const failed = new Promise<void>((_, reject) => (fail = () => reject(new Error("no hash"))));
    const places = Array.from({ length: MAX_IN_LINE }, (_, i) =>
      inLine(deps, () => (i % 2 === 0 ? ended : failed)),
    );
    const outcomes = Promise.allSettled(places);
    expect(await refusal()).toEqual(FULL);
    end();
    fail();
    await outcomes;
    expect(await refusal()).toBe("let in");
  });

  it("forgets those whose requests were ended by the platform", async () => {
    for (let i = 0; i < MAX_IN_LINE; i++) void inLine(deps, () => new Promise(() => {}));
    expect(await refusal()).toEqual(FULL);
    now += 60_000;
    expect(await refusal()).toBe("let in");
  });
});
