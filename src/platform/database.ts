import { sql } from "drizzle-orm";
import type { DigestChange } from "./digest-change.ts";
import { Fault } from "./fault.ts";
import { gatheringOf, type Clock } from "./gathering.ts";
import type { TenantId } from "./ids.ts";
import { isAway, requireFits } from "./database-faults.ts";
import { tellLong } from "./long-statements.ts";
import type { Sessions } from "./replicas.ts";
import { isWrite, refusalOf, rows, type Results, type Statement } from "./statement.ts";

export { isAway, isUniqueViolation } from "./database-faults.ts";
export {
  altering,
  alteringByRow,
  alteringIfFound,
  change,
  demand,
  demandChanged,
  firstRow,
  inJson,
  mapped,
  recording,
  refusalOf,
  rows,
  type Results,
  type Statement,
} from "./statement.ts";

/** What a request cost the database so far; budgets are tested on these numbers. */
export interface DatabaseCost {
  roundTrips: number;
  statements: number;
  rowsRead: number;
  rowsWritten: number;
  /** Of all statements the one that took longest, by the database's own clock, and the one that read most. */
  longestMs: number;
  mostRowsRead: number;
  /** Where events were recorded in the outbox. */
  eventsIn: Set<D1Database>;
  /** Calls of the head of a tenant. */
  objectCalls: number;
}

export const noCost = (): DatabaseCost => ({
  roundTrips: 0,
  statements: 0,
  rowsRead: 0,
  rowsWritten: 0,
  longestMs: 0,
  mostRowsRead: 0,
  eventsIn: new Set(),
  objectCalls: 0,
});

/** Tells the heads of tenants what changed; the caller of a batch is answered after them. */
export type Announce = (changes: readonly DigestChange[]) => Promise<void>;

const RECORDS_EVENT = /^\s*INSERT INTO outbox\b/;

type Ran = D1Result<Record<string, unknown>>[];

/** Runs a batch, now or in its turn. */
export type Run = (batch: () => Promise<Ran>) => Promise<Ran>;

const atOnce: Run = (batch) => batch();

/** What a request has to satisfy before anything is done for it. */
export interface Guard {
  /** Refuses by the name `OUT_OF_REACH`. */
  demand: Statement<void>;
  fault: (cause: unknown) => Fault;
  asked: boolean;
}

/** Finds the database of a tenant when a batch is about to be sent, and again if that one refuses it. */
export interface Door {
  open: () => Promise<D1Database>;
  /** Comes before the statements of a batch. */
  demand: (statements: readonly Statement<unknown>[]) => Statement<void> | undefined;
  /** Whether to try again: the batch had no effect. Throws what the caller is told. */
  refused: (cause: unknown, attempt: number) => Promise<boolean>;
}

/** What a database does beside a batch. */
export interface Followers {
  /** Tells the heads of tenants what changed. */
  announce?: Announce;
  /** Takes on what the statements that were carried out have changed. */
  after?: (statements: readonly Statement<unknown>[]) => Promise<void>;
}

const isDoor = (way: D1Database | Door): way is Door => "refused" in way;

export const OUT_OF_REACH = "out-of-reach";

/** The refusal of changes while a restore goes on (the triggers of the journal). */
const BEING_RESTORED = "being-restored";

/** Whether a change was refused because of that: it is to come again. */
export const isBeingRestored = (cause: unknown): boolean =>
  cause instanceof Fault && refusalOf(cause.cause) === BEING_RESTORED;

export class Database {
  readonly cost: DatabaseCost;
  readonly #way: D1Database | Door;
  readonly #followers: Followers;
  readonly #run: Run;

  readonly #guard: Guard | undefined;
  readonly #sessions: Sessions | undefined;
  #gather: ((statements: readonly Statement<unknown>[]) => Promise<Ran>) | undefined;

  constructor(
    way: D1Database | Door,
    cost: DatabaseCost,
    followers: Followers = {},
    run = atOnce,
    guard?: Guard,
    sessions?: Sessions,
  ) {
    this.#sessions = sessions;
    this.#guard = guard;
    this.#way = way;
    this.cost = cost;
    this.#followers = followers;
    this.#run = run;
  }

  /** The same database whose batches are run so. */
  with(run: Run): Database {
    return new Database(this.#way, this.cost, this.#followers, run, this.#guard, this.#sessions);
  }

  /** The same database, whose batches may go together with others of the tenant, as `Gathering` says. */
  together(tenant: TenantId, clock: Clock): Database {
    const way = this.#way;
    if (isDoor(way)) return this; // each of its batches finds the database by itself
    const gathering = gatheringOf(way, tenant);
    const together = this.with(this.#run);
    together.#gather = (statements) => gathering.carryOut(statements, (all) => this.#carryOut(all), clock);
    return together;
  }

  /** The same database, asked in these sessions. */
  through(sessions: Sessions): Database {
    return new Database(this.#way, this.cost, this.#followers, this.#run, this.#guard, sessions);
  }

  /**
   * The same database whose next batch fails with this fault unless the demand holds, which is asked in the same round
   * trip. Later ones are not asked again: the first may have changed what it was about.
   */
  demanding(guard: Guard): Database {
    return new Database(this.#way, this.cost, this.#followers, this.#run, guard, this.#sessions);
  }

  /** Runs all statements as one transaction in one round trip: all take effect or none. */
  async batch<const S extends readonly Statement<unknown>[]>(statements: S): Promise<Results<S>> {
    if (statements.length === 0) return [] as unknown as Results<S>; // the empty tuple is its own result
    const guard = this.#guard;
    if (guard && !guard.asked) return this.#guarded(guard, statements);
    statements.forEach(requireFits);
    const results = await this.#run(() => this.#gather?.(statements) ?? this.#carryOut(statements));
    this.cost.roundTrips += 1;
    this.cost.statements += statements.length;
    for (const { meta } of results) {
      this.cost.rowsRead += meta.rows_read ?? 0;
      this.cost.rowsWritten += meta.rows_written ?? 0;
      this.cost.longestMs = Math.max(this.cost.longestMs, meta.duration ?? 0);
      this.cost.mostRowsRead = Math.max(this.cost.mostRowsRead, meta.rows_read ?? 0);
    }
    const changes = statements.flatMap(({ alters, altersBy }, i) => [
      ...(alters && (results[i]?.meta.changes ?? 0) > 0 ? [alters] : []),
      ...(altersBy?.(results[i]?.results ?? []) ?? []),
    ]);
    const { announce, after } = this.#followers;
    if (changes.length > 0) await announce?.(changes);
    await after?.(statements);
    return statements.map((s, i) => {
      const result = results[i];
      if (!result) throw new Error("the database answered fewer results than statements");
      return s.read(result);
    }) as unknown as Results<S>; // map keeps order and length, which the tuple type cannot see
  }

  async #guarded<const S extends readonly Statement<unknown>[]>(
    guard: Guard,
    statements: S,
  ): Promise<Results<S>> {
    guard.asked = true;
    try {
      const [, ...results] = await this.batch([guard.demand, ...statements]);
      return results as Results<S>; // the same statements after the demand
    } catch (cause) {
      guard.asked = false;
      throw refusalOf(cause) === OUT_OF_REACH ? guard.fault(cause) : cause;
    }
  }

  async one<T>(statement: Statement<T>): Promise<T> {
    const [result] = await this.batch([statement]);
    return result;
  }

  /** Rejects if the database does not answer. */
  async ping(): Promise<void> {
    await this.one(rows(sql`SELECT 1 AS up`));
  }

  /** The same database, of whose changes nobody is told. */
  alone(): Database {
    return new Database(this.#way, this.cost);
  }

  /** The same database for work after the answer, which is not part of the request's cost. */
  uncounted(): Database {
    return new Database(this.#way, noCost(), this.#followers);
  }

  async #carryOut(statements: readonly Statement<unknown>[]): Promise<Ran> {
    const way = this.#way;
    if (!isDoor(way)) return this.#send(way, statements);
    for (let attempt = 1; ; attempt++) {
      try {
        const demand = way.demand(statements);
        const d1 = await way.open();
        if (!demand) return await this.#send(d1, statements);
        const [demanded, ...results] = await this.#send(d1, [demand, ...statements]);
        this.cost.rowsRead += demanded?.meta.rows_read ?? 0;
        return results;
      } catch (cause) {
        if (!(await way.refused(cause, attempt))) throw cause;
      }
    }
  }

  async #send(d1: D1Database, statements: readonly Statement<unknown>[]): Promise<Ran> {
    const batch = (way: D1Database | D1DatabaseSession) =>
      way.batch<Record<string, unknown>>(statements.map((s) => way.prepare(s.sql).bind(...s.params)));
    try {
      const results = await (this.#sessions?.run(d1, statements.some(isWrite), batch) ?? batch(d1));
      tellLong(statements, results);
      if (statements.some(({ sql: text }, i) => RECORDS_EVENT.test(text) && results[i]?.meta.changes))
        this.cost.eventsIn.add(d1);
      return results;
    } catch (cause) {
      if (isAway(cause)) {
        throw new Fault("unavailable", "service unavailable", { cause, headers: { "Retry-After": "5" } });
      }
      if (refusalOf(cause) === BEING_RESTORED) {
        const headers = { "Retry-After": "5" };
        throw new Fault("unavailable", "the tenant is being restored", { cause, headers });
      }
      throw cause;
    }
  }
}
