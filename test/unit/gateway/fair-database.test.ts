import { beforeEach, describe, expect, it } from "vitest";
import { FairDatabase } from "../../../src/gateway/fair-database.ts";

const MS_PER_S = 500;

let now: number;
let fair: FairDatabase;
/** Batches in the order in which the database got them. */
let begun: string[];
let running: (() => void)[];
beforeEach(() => {
  now = 0;
  fair = new FairDatabase(MS_PER_S);
  begun = [];
  running = [];
});

const deps = { now: () => now, later: (work: Promise<unknown>) => void work };

const result = (duration: number) => ({
  results: [],
  success: true as const,
  meta: { duration } as D1Meta & Record<string, unknown>,
});

/** Takes so much time of the database at once. */
const take = (tenant: string, ms: number) => fair.run(deps, tenant, async () => [result(ms)]);

/** A batch that runs until it is told to end. */
function hold(tenant: string, name = tenant): Promise<unknown> {
  return fair.run(deps, tenant, () => {
    begun.push(name);
    return new Promise((done) => running.push(() => done([result(1)])));
  });
}

const endNext = () => running.shift()?.();

async function untilBegun(count: number): Promise<void> {
  while (begun.length < count) await new Promise((again) => setTimeout(again, 1));
}

describe("the database", () => {
  it("is there at once for a tenant within its budget", async () => {
    await take("a", MS_PER_S);
    const all = [hold("a"), hold("b")];
    expect(begun).toEqual(["a", "b"]);
    running.forEach((end) => end());
    await Promise.all(all);
  });

  it("does one thing at a time for whoever is over it, and keeps nobody else waiting", async () => {
    await take("a", MS_PER_S + 1);
    const all = [hold("a", "a1"), hold("a", "a2")];
    await untilBegun(1);
    all.push(hold("b"), hold("b"));
    expect(begun).toEqual(["a1", "b", "b"]);
    running.splice(0).forEach((end) => end());
    await untilBegun(4);
    expect(begun[3]).toBe("a2");
    endNext();
    await Promise.all(all);
  });

  it("takes tenants that are over it in turn", async () => {
    await Promise.all([take("a", 9999), take("b", 9999)]);
    const all = [hold("a"), hold("a"), hold("a"), hold("b"), hold("b")];
    for (let i = 1; i <= all.length; i += 1) {
      await untilBegun(i);
      endNext();
    }
    await Promise.all(all);
    expect(begun).toEqual(["a", "b", "a", "b", "a"]);
  });

  it("is there at once again when the time is made up for", async () => {
    await take("a", MS_PER_S * 3);
    now += 2000;
    const done = hold("a");
    expect(begun).toEqual(["a"]);
    endNext();
    await done;
  });

  it("forgives after a minute, however much was taken", async () => {
    await take("a", 1e9);
    now += 60_000;
    const done = hold("a");
    expect(begun).toEqual(["a"]);
    endNext();
    await done;
  });

  it("is not left to those who take much at once before any of it is done", () => {
    for (let i = 0; i < 20; i += 1) void hold("a");
    expect(begun.length).toBeLessThan(12);
    void hold("b");
    expect(begun).toContain("b");
  });

  it("passes on what fails, and goes on with the next", async () => {
    await take("a", 9999);
    const fails = fair.run(deps, "a", () => Promise.reject(new Error("no such table")));
    const next = take("a", 1);
    await expect(fails).rejects.toThrow("no such table");
    expect(await next).toHaveLength(1);
  });

  it("sends away whom the line has no room for", async () => {
    await take("a", 9999);
    const waiting = Array.from({ length: 128 }, () => hold("a"));
    await expect(hold("a")).rejects.toMatchObject({ kind: "rate_limited" });
    for (let i = 1; i <= waiting.length; i += 1) {
      await untilBegun(i);
      endNext();
    }
    await Promise.all(waiting);
  });
});
