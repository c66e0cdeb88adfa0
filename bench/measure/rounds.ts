import type { Generator } from "../load/driver.ts";
import { quantile, type Summary } from "../load/tally.ts";
import { cpuMsOf } from "../process-cpu.ts";
import type { CheckMode, Measured, Timing } from "../report/results.ts";
import type { Ordered } from "../workloads/catalogue.ts";

/** A workload as it is measured: what has to be there before each run of it, and what must be true afterwards. */
export interface Subject {
  id: string;
  title: string;
  mode: CheckMode;
  /** Turns of which the costs are counted one by one. */
  countedTurns: number;
  before: () => Promise<Ordered>;
  /** What is wrong with the state of the server after a run. */
  after?: (summary: Summary) => Promise<string[]>;
}

export interface Bench {
  generator: Generator;
  /** Process of the runtime. */
  runtime: number | undefined;
  seconds: number;
  rounds: number;
}

const NOTHING: Ordered = { name: "do-nothing" };
const COUNT_WITHIN_MS = 20_000;

interface Sample {
  cpuUs: number;
  turnsPerSecond: number;
  summary: Summary;
}

async function saturated(bench: Bench, order: Ordered, ms: number): Promise<Sample> {
  const before = cpuMsOf(bench.runtime);
  const summary = await bench.generator.saturate(order, ms);
  const cpuMs = cpuMsOf(bench.runtime) - before;
  return {
    cpuUs: (cpuMs * 1000) / summary.turns,
    turnsPerSecond: (summary.turns * 1000) / summary.elapsedMs,
    summary,
  };
}

const median = (values: readonly number[]) => quantile(values, 0.5);

const timingOf = (full: readonly Sample[], half: readonly Summary[]): Timing => ({
  cpuUs: median(full.map(({ cpuUs }) => cpuUs)),
  turnsPerSecond: median(full.map(({ turnsPerSecond }) => turnsPerSecond)),
  p50Ms: median(half.map(({ p50Ms }) => p50Ms)),
  p99Ms: median(half.map(({ p99Ms }) => p99Ms)),
  generatorShare: median(full.map(({ summary }) => summary.generatorShare)),
});

/** Runs of a subject, all of them checked. */
class Runs {
  readonly #subject: Subject;
  readonly summaries: Summary[] = [];
  readonly #problems: string[] = [];

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  async add<T extends { summary: Summary }>(run: (order: Ordered) => Promise<T>): Promise<T> {
    const done = await run(await this.#subject.before());
    this.summaries.push(done.summary);
    this.#problems.push(...((await this.#subject.after?.(done.summary)) ?? []));
    return done;
  }

  get verdict() {
    const sum = (of: (summary: Summary) => number) =>
      this.summaries.reduce((total, one) => total + of(one), 0);
    return {
      answers: sum((one) => one.answers),
      checked: sum((one) => one.checked),
      faults: sum((one) => one.faults) + this.#problems.length,
      problems: [...this.#problems, ...this.summaries.flatMap(({ problems }) => problems)].slice(0, 5),
    };
  }
}

const half = (samples: readonly Sample[]) => median(samples.map(({ turnsPerSecond }) => turnsPerSecond)) / 2;

const IDLE_WITHIN_MS = 10_000;
const LOOK_MS = 200;
const IDLE_SHARE = 0.1;

/** What an earlier subject has left the server to do must not count for the next. */
async function untilIdle(runtime: number | undefined): Promise<void> {
  const end = performance.now() + IDLE_WITHIN_MS;
  for (let busyMs = LOOK_MS; busyMs > LOOK_MS * IDLE_SHARE && performance.now() < end;) {
    const before = cpuMsOf(runtime);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    busyMs = cpuMsOf(runtime) - before;
  }
}

/**
 * Short rounds of the subject and of doing nothing by turns, so that whatever else the machine does meets both. First as
 * fast as the server answers, for capacity and processor time, then at half of either's capacity, for latencies.
 */
export async function measure(bench: Bench, subject: Subject): Promise<Measured> {
  const { generator, rounds } = bench;
  const [ms, shortMs] = [bench.seconds * 1000, bench.seconds * 500];
  const runs = new Runs(subject);
  const scheduled = async (order: Ordered, turnsPerSecond: number, forMs: number) => ({
    summary: await generator.schedule(order, { turnsPerSecond, ms: forMs }),
  });

  await untilIdle(bench.runtime);
  await saturated(bench, NOTHING, shortMs);
  await runs.add((order) => saturated(bench, order, shortMs));
  const counted = await runs.add(async (order) => ({
    summary: await generator.oneByOne(order, subject.countedTurns, COUNT_WITHIN_MS),
  }));

  const [full, idleFull]: [Sample[], Sample[]] = [[], []];
  for (let round = 0; round < 2 * rounds + 1; round++) {
    idleFull.push(await saturated(bench, NOTHING, shortMs));
    full.push(await runs.add((order) => saturated(bench, order, shortMs)));
  }
  const [calm, idleCalm]: [Summary[], Summary[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    idleCalm.push((await scheduled(NOTHING, half(idleFull), shortMs)).summary);
    calm.push((await runs.add((order) => scheduled(order, half(full), ms))).summary);
  }

  const last = full.at(-1)?.summary ?? counted.summary;
  return {
    id: subject.id,
    title: subject.title,
    mode: subject.mode,
    typicalCost: counted.summary.typicalCost,
    mostCost: counted.summary.mostCost,
    meanCost: last.meanCost,
    timing: timingOf(full, calm),
    doNothing: timingOf(idleFull, idleCalm),
    cpuTimesNothing: median(full.map(({ cpuUs }, round) => cpuUs / (idleFull[round]?.cpuUs ?? Number.NaN))),
    ...runs.verdict,
  };
}
