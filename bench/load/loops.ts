import type { Step, Workload } from "../workloads/workload.ts";
import type { Connection } from "./connection.ts";
import { addCosts, NO_COST, type Cost } from "./cost.ts";
import { Tally, type Summary } from "./tally.ts";

/** Numbers for turns that go on from run to run, so that a fleet is walked through and not begun again each time. */
export type TurnNumbers = () => number;

async function measured(tally: Tally, run: () => Promise<void>): Promise<Summary> {
  const [cpu, start] = [process.cpuUsage(), performance.now()];
  await run();
  const elapsedMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return tally.summary(elapsedMs, (user + system) / 1000 / elapsedMs);
}

/** What follows from an answer. A device that is told something impossible ends its turn, and the run has a fault. */
function following(tally: Tally, step: Step, answer: Parameters<Step["problem"]>[0]): Step | undefined {
  try {
    return step.then?.(answer);
  } catch (cause) {
    tally.fault(cause instanceof Error ? cause.message : String(cause));
    return undefined;
  }
}

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function oneTurn(connection: Connection, tally: Tally, first: Step): Promise<void> {
  tally.begin();
  let cost: Cost = NO_COST;
  for (let step: Step | undefined = first; step;) {
    if (step.waitMs !== undefined) await after(step.waitMs);
    const now: Step = step;
    const answer = await new Promise<Parameters<Step["problem"]>[0]>((resolve) =>
      connection.send(now.bytes, resolve),
    );
    cost = addCosts(cost, tally.answer(now, answer));
    step = following(tally, now, answer);
  }
  tally.turn(cost);
}

/** Each connection does turn after turn, as fast as the server answers, until the time or the turns are used up. */
export function closedLoop(
  connections: readonly Connection[],
  workload: Workload,
  numbers: TurnNumbers,
  limit: { ms: number; turns?: number },
): Promise<Summary> {
  const tally = new Tally(workload);
  return measured(tally, async () => {
    const end = performance.now() + limit.ms;
    let left = limit.turns ?? Number.POSITIVE_INFINITY;
    const lane = async (connection: Connection) => {
      while (performance.now() < end && left-- > 0) {
        const first = workload.turn(numbers());
        if (!first) return;
        await oneTurn(connection, tally, first);
      }
    };
    await Promise.all(connections.map(lane));
  });
}

interface Due {
  step: Step;
  atMs: number;
  spent: Cost;
}

/** How long turns may go on after the last was due to begin. */
const GRACE_MS = 5_000;
const ANSWER_WITHIN_MS = 60_000;
/** Timers are no finer than this; closer moments are waited for by turning the event loop. */
const TIMER_MS = 1.5;

export interface Arrivals {
  turnsPerSecond: number;
  ms: number;
}

/**
 * Turns begin on a fixed schedule whether or not the server keeps up. A request that finds no free connection waits, and
 * its latency counts from the moment it was due, so a slow server cannot make its own load lighter.
 */
class OpenLoop {
  readonly #free: Connection[];
  readonly #workload: Workload;
  readonly #numbers: TurnNumbers;
  readonly #queue: Due[] = [];
  #head = 0;
  /** Turns begun and not ended. */
  #open = 0;
  /** Requests sent and not answered. */
  #inFlight = 0;
  #stopped = false;
  readonly tally: Tally;

  constructor(connections: readonly Connection[], workload: Workload, numbers: TurnNumbers) {
    this.#free = [...connections];
    this.#workload = workload;
    this.#numbers = numbers;
    this.tally = new Tally(workload);
  }

  async run({ turnsPerSecond, ms }: Arrivals): Promise<void> {
    const [interval, start] = [1000 / turnsPerSecond, performance.now()];
    const total = Math.floor(ms / interval);
    for (let begun = 0; begun < total;) {
      const now = performance.now();
      for (; begun < total && start + begun * interval <= now; begun++) {
        const step = this.#workload.turn(this.#numbers());
        if (!step) return this.#drain();
        this.#open += 1;
        this.tally.begin();
        this.#enqueue({ step, atMs: start + begun * interval, spent: NO_COST });
      }
      const waitMs = start + begun * interval - performance.now();
      if (waitMs > TIMER_MS) await after(waitMs - 1);
      else await new Promise(setImmediate);
    }
    await this.#drain();
  }

  async #drain(): Promise<void> {
    const end = performance.now() + GRACE_MS;
    while (this.#open > 0 && performance.now() < end) await after(1);
    this.#stopped = true;
    this.#queue.length = 0;
    // The connections are needed again.
    while (this.#inFlight > 0) {
      if (performance.now() > end + ANSWER_WITHIN_MS) throw new Error("the server does not answer");
      await after(1);
    }
  }

  #enqueue(due: Due): void {
    if (this.#stopped) return;
    this.#queue.push(due);
    this.#dispatch();
  }

  #dispatch(): void {
    while (this.#head < this.#queue.length && this.#free.length > 0) {
      const due = this.#queue[this.#head++];
      const connection = this.#free.pop();
      if (!due || !connection) return;
      this.#inFlight += 1;
      connection.send(due.step.bytes, (answer) => {
        this.#inFlight -= 1;
        this.#free.push(connection);
        this.#answered(due, answer);
        this.#dispatch();
      });
    }
  }

  #answered({ step, atMs, spent }: Due, answer: Parameters<Step["problem"]>[0]): void {
    const cost = addCosts(spent, this.tally.answer(step, answer, performance.now() - atMs));
    const next = following(this.tally, step, answer);
    if (!next) {
      this.tally.turn(cost);
      this.#open -= 1;
    } else if (next.waitMs === undefined) {
      this.#enqueue({ step: next, atMs: performance.now(), spent: cost });
    } else {
      const dueMs = performance.now() + next.waitMs;
      setTimeout(() => this.#enqueue({ step: next, atMs: dueMs, spent: cost }), next.waitMs);
    }
  }
}

export function openLoop(
  connections: readonly Connection[],
  workload: Workload,
  numbers: TurnNumbers,
  arrivals: Arrivals,
): Promise<Summary> {
  const loop = new OpenLoop(connections, workload, numbers);
  return measured(loop.tally, () => loop.run(arrivals));
}
