import type { Step, Workload } from "../workloads/workload.ts";
import type { Answer } from "./answer.ts";
import { addCosts, costIn, mapCost, NO_COST, type Cost } from "./cost.ts";

/** What a run of a workload came to. Costs are those of whole turns. */
export interface Summary {
  elapsedMs: number;
  /** Turns that came to their end. */
  turns: number;
  /** Turns that were begun and had not come to their end when the run had. */
  unfinished: number;
  answers: number;
  statuses: Record<number, number>;
  /** Of a turn: the middle one, the mean, the dearest. */
  typicalCost: Cost;
  meanCost: Cost;
  mostCost: Cost;
  checked: number;
  /** What was wrong, the first few. */
  problems: string[];
  faults: number;
  /** From the moment a request was due until it was answered; an open loop only. */
  p50Ms: number;
  p99Ms: number;
  /** Share of one core that the generator used. */
  generatorShare: number;
}

const CHECK_ALL = 20;
const CHECK_EVERY = 20;
const KEPT_PROBLEMS = 5;
const KEPT_COSTS = 1000;

/** The value below which this share of the samples lies. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const across = (costs: readonly Cost[], pick: (values: number[]) => number): Cost =>
  mapCost(NO_COST, (_, name) => (costs.length === 0 ? 0 : pick(costs.map((cost) => cost[name]))));

/** Counts and checks the answers of one run. */
export class Tally {
  readonly #allowed: readonly number[];
  readonly #statuses = new Map<number, number>();
  readonly #turnCosts: Cost[] = [];
  readonly #latenciesMs: number[] = [];
  readonly #problems: string[] = [];
  #total = NO_COST;
  #answers = 0;
  #begun = 0;
  #turns = 0;
  #checked = 0;
  #faults = 0;

  constructor(workload: Workload) {
    this.#allowed = workload.allowed;
  }

  /** Takes an answer; gives what it cost. */
  answer(step: Step, { status, head, body }: Answer, latencyMs?: number): Cost {
    this.#answers += 1;
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    if (latencyMs !== undefined) this.#latenciesMs.push(latencyMs);
    if (!this.#allowed.includes(status)) this.fault(`${status} ${body.slice(0, 200)}`);
    else if (this.#answers <= CHECK_ALL || this.#answers % CHECK_EVERY === 0) {
      this.#checked += 1;
      const problem = step.problem({ status, head, body });
      if (problem !== undefined) this.fault(problem);
    }
    const told = costIn(head);
    // Who is sent away at the door costs nothing that would be counted.
    if (!told && status !== 429) throw new Error(`an answer ${status} does not tell its cost`);
    const cost = told ?? NO_COST;
    this.#total = addCosts(this.#total, cost);
    return cost;
  }

  turn(cost: Cost): void {
    this.#turns += 1;
    if (this.#turnCosts.length < KEPT_COSTS) this.#turnCosts.push(cost);
  }

  begin(): void {
    this.#begun += 1;
  }

  fault(problem: string): void {
    this.#faults += 1;
    if (this.#problems.length < KEPT_PROBLEMS) this.#problems.push(problem);
  }

  summary(elapsedMs: number, generatorShare: number): Summary {
    const turns = Math.max(1, this.#turns);
    return {
      elapsedMs,
      turns: this.#turns,
      unfinished: this.#begun - this.#turns,
      answers: this.#answers,
      statuses: Object.fromEntries(this.#statuses),
      typicalCost: across(this.#turnCosts, (values) => quantile(values, 0.5)),
      meanCost: mapCost(this.#total, (value) => value / turns),
      mostCost: across(this.#turnCosts, (values) => Math.max(...values)),
      checked: this.#checked,
      problems: this.#problems,
      faults: this.#faults,
      p50Ms: quantile(this.#latenciesMs, 0.5),
      p99Ms: quantile(this.#latenciesMs, 0.99),
      generatorShare,
    };
  }
}
