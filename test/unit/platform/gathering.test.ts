import { beforeEach, describe, expect, it, vi } from "vitest";
import { Gathering } from "../../../src/platform/gathering.ts";
import type { Statement } from "../../../src/platform/statement.ts";

type Batch = readonly Statement<unknown>[];
type Ran = Awaited<ReturnType<Gathering["carryOut"]>>;

const batchOf = (...names: string[]): Batch =>
  names.map((sql) => ({ sql, params: [], read: () => undefined }));
const ranOf = (batch: Batch) => batch.map(({ sql }) => ({ results: [{ sql }] })) as unknown as Ran;
const namesOf = (ran: Ran) => ran.map(({ results }) => results[0]?.["sql"]);

/** A database that answers when it is told to. */
let trips: { names: string[]; answer: () => void; refuse: (cause: Error) => void }[];
let gathering: Gathering;
let held: Promise<unknown>[];

const send = (batch: Batch) =>
  new Promise<Ran>((resolve, refuse) => {
    const names = batch.map(({ sql }) => sql);
    trips.push({ names, answer: () => resolve(ranOf(batch)), refuse });
  });
const clock = { now: () => 1000, later: (work: Promise<unknown>) => void held.push(work) };
const ask = (...names: string[]) => gathering.carryOut(batchOf(...names), send, clock).then(namesOf);
const settled = () => new Promise((resolve) => setImmediate(resolve));
const sent = () => trips.map(({ names }) => names);

beforeEach(() => {
  [trips, held] = [[], []];
  gathering = new Gathering();
});

describe("batches that come at the same time", () => {
  it("go at once while few are under way, and together after that", async () => {
    const answers = [ask("a"), ask("b"), ask("c", "d"), ask("e"), ask("f")];
    expect(sent()).toEqual([["a"], ["b"]]);
    trips[0]?.answer();
    await settled();
    expect(sent()).toEqual([["a"], ["b"], ["c", "d", "e", "f"]]);
    trips[1]?.answer();
    trips[2]?.answer();
    expect(await Promise.all(answers)).toEqual([["a"], ["b"], ["c", "d"], ["e"], ["f"]]);
    const after = ask("g");
    trips[3]?.answer();
    expect([await after, held.length]).toEqual([["g"], 4]);
  });

  it("are sixteen at most", async () => {
    const answers = Array.from({ length: 2 + 17 }, (_, i) => ask(String(i)));
    trips[0]?.answer();
    await settled();
    expect(trips[2]?.names).toHaveLength(16);
    trips[1]?.answer();
    await settled();
    expect(trips[3]?.names).toEqual(["18"]);
    for (const { answer } of trips) answer();
    expect(await Promise.all(answers)).toEqual(answers.map((_, i) => [String(i)]));
  });

  it("do not suffer from one that is refused: each goes once more by itself", async () => {
    const answers = [ask("a"), ask("b"), ask("c"), ask("bad"), ask("d")];
    const outcomes = Promise.allSettled(answers);
    trips[0]?.answer();
    await settled();
    trips[2]?.refuse(new Error("no"));
    trips[1]?.answer();
    for (let at = 3; at < 6; at++) {
      await vi.waitUntil(() => trips.length > at);
      const { names, answer, refuse } = trips[at]!;
      if (names[0] === "bad") refuse(new Error("no"));
      else answer();
    }
    expect((await outcomes).map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    expect(new Set(sent().slice(3).flat())).toEqual(new Set(["c", "bad", "d"]));
  });

  it("tell the one that is refused why", async () => {
    const refused = ask("bad");
    trips[0]?.refuse(new Error("no such thing"));
    await expect(refused).rejects.toThrow("no such thing");
  });

  it("go alone if nobody takes them along in time", async () => {
    vi.useFakeTimers();
    try {
      const answers = [ask("a"), ask("b"), ask("c")];
      await vi.advanceTimersByTimeAsync(2000);
      expect(sent()).toEqual([["a"], ["b"], ["c"]]);
      for (const { answer } of trips) answer();
      expect(await Promise.all(answers)).toEqual([["a"], ["b"], ["c"]]);
    } finally {
      vi.useRealTimers();
    }
  });
});
