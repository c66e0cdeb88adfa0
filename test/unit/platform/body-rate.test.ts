import { beforeEach, describe, expect, it } from "vitest";
import { BODY_WINDOW_MS, MIN_WINDOW_BYTES, RatedReads } from "../../../src/platform/body-rate.ts";
import { Fault } from "../../../src/platform/fault.ts";

/** A clock that moves only when told to, and does what is due by then. */
class Clock {
  nowMs = 0;
  #due: { atMs: number; work: () => Promise<unknown>; signal: AbortSignal | undefined }[] = [];
  readonly now = () => this.nowMs;
  readonly after = (ms: number, work: () => Promise<unknown>, signal?: AbortSignal) =>
    void this.#due.push({ atMs: this.nowMs + ms, work, signal });

  async advance(ms: number): Promise<void> {
    this.nowMs += ms;
    const due = this.#due.filter(({ atMs }) => atMs <= this.nowMs);
    this.#due = this.#due.filter(({ atMs }) => atMs > this.nowMs);
    for (const { work } of due) await work();
  }

  get waiting(): number {
    return this.#due.filter(({ signal }) => !signal?.aborted).length;
  }
}

type Result = ReadableStreamReadResult<Uint8Array>;

let clock: Clock;
let reads: RatedReads<Uint8Array>;
beforeEach(() => {
  clock = new Clock();
  reads = new RatedReads(clock);
});

const bytes = (size: number): Promise<Result> =>
  Promise.resolve({ done: false, value: new Uint8Array(size) });
const never = () => new Promise<Result>(() => {});

/** What becomes of a read, as far as it is known by now. */
function watch(read: Promise<Result>) {
  const seen: { outcome?: string } = {};
  read.then(
    () => (seen.outcome = "came"),
    (cause: unknown) => (seen.outcome = cause instanceof Fault ? cause.kind : "failed"),
  );
  return seen;
}

/** Bytes come in pieces, each so long after the one before; answers with how many came before the body was given up. */
async function pieces(count: number, size: number, everyMs: number): Promise<number> {
  for (let i = 0; i < count; i += 1) {
    let deliver: (result: Result) => void = () => {};
    const seen = watch(reads.next(new Promise((resolve) => (deliver = resolve))));
    await clock.advance(everyMs);
    deliver({ done: false, value: new Uint8Array(size) });
    await Promise.resolve().then(() => undefined);
    if (seen.outcome !== "came") return i;
  }
  return count;
}

describe("a body", () => {
  it("that stands still is given up after the window, not before", async () => {
    const seen = watch(reads.next(never()));
    await clock.advance(BODY_WINDOW_MS - 1);
    expect(seen.outcome).toBeUndefined();
    await clock.advance(1);
    expect(seen.outcome).toBe("timeout");
    await expect(reads.next(bytes(1))).rejects.toMatchObject({ kind: "timeout" });
  });

  it("that trickles is given up", async () => {
    expect(await pieces(100, 1, 1000)).toBeLessThan(21);
  });

  it("may take as long as it keeps the rate", async () => {
    expect(await pieces(100, MIN_WINDOW_BYTES / 4, 1000)).toBe(100);
  });

  it("is not held to what its reader takes for itself", async () => {
    for (let i = 0; i < 10; i += 1) {
      await reads.next(bytes(1));
      await clock.advance(BODY_WINDOW_MS);
    }
    const seen = watch(reads.next(never()));
    await clock.advance(BODY_WINDOW_MS);
    expect(seen.outcome).toBe("timeout");
  });

  it("that ended leaves nothing to be done", async () => {
    await reads.next(bytes(1));
    reads.end();
    expect(clock.waiting).toBe(0);
  });

  it("that breaks off is malformed", async () => {
    await expect(reads.next(Promise.reject(new Error("reset")))).rejects.toMatchObject({
      kind: "bad_request",
      publicMessage: "unexpected EOF",
    });
  });
});
