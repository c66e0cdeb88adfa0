import { describe, expect, it } from "vitest";
import type { Deps } from "../../../src/platform/deps.ts";
import { Fault } from "../../../src/platform/fault.ts";
import { inLine, MAX_IN_LINE, MAX_OF_NETWORK } from "../../../src/useradm/login-concurrency.ts";

let now = 0;
const aServer = () => ({ now: () => now, later: () => {}, settings: {} }) as unknown as Deps;

const FULL = ["unavailable", { "Retry-After": "3" }];

const outcomeOf = async (deps: Deps, network: string) => {
  const cause = await inLine(deps, network, async () => "let in").catch((thrown: unknown) => thrown);
  return cause instanceof Fault ? [cause.kind, cause.detail.headers] : cause;
};

describe("the line of logins", () => {
  it("refuses whoever comes after many, and only as long as that is so", async () => {
    const deps = aServer();
    let [end, fail] = [() => {}, () => {}];
    const ended = new Promise<void>((done) => (end = done));
    const failed = new Promise<void>((_, reject) => (fail = () => reject(new Error("no hash"))));
    const places = Array.from({ length: MAX_IN_LINE }, (_, i) =>
      inLine(deps, `network ${i}`, () => (i % 2 === 0 ? ended : failed)),
    );
    const outcomes = Promise.allSettled(places);
    expect(await outcomeOf(deps, "another")).toEqual(FULL);
    expect(await outcomeOf(aServer(), "another")).toBe("let in");
    end();
    fail();
    await outcomes;
    expect(await outcomeOf(deps, "another")).toBe("let in");
  });

  it("has room for a few of one network, and lets networks take turns", async () => {
    const deps = aServer();
    const order: string[] = [];
    const come = (network: string) =>
      inLine(deps, network, async () => {
        await Promise.resolve();
        order.push(network);
      });
    const crowd = Array.from({ length: MAX_OF_NETWORK }, () => come("crowd"));
    expect(await outcomeOf(deps, "crowd")).toEqual(FULL);
    await Promise.all([...crowd, come("other")]);
    expect(order.indexOf("other")).toBeLessThanOrEqual(2);
  });

  it("forgets those whose requests were ended by the platform", async () => {
    const deps = aServer();
    for (let i = 0; i < MAX_IN_LINE; i++) void inLine(deps, `network ${i}`, () => new Promise(() => {}));
    expect(await outcomeOf(deps, "another")).toEqual(FULL);
    now += 30_000;
    expect(await outcomeOf(deps, "another")).toBe("let in");
  });
});
