import { getTableName, Name, sql, SQL, StringChunk } from "drizzle-orm";
import { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { DigestChange } from "./digest-change.ts";
import { Fault } from "./fault.ts";
import { DATABASE, isWithin } from "./limits.ts";

/** What a request cost the database so far; budgets are tested on these numbers. */
export interface DatabaseCost {
  roundTrips: number;
  statements: number;
  rowsRead: number;
  rowsWritten: number;
  /** Events recorded in the outbox. */
  events: number;
  /** Calls of the head of a tenant. */
  objectCalls: number;
}

export const noCost = (): DatabaseCost => ({
  roundTrips: 0,
  statements: 0,
  rowsRead: 0,
  rowsWritten: 0,
  events: 0,
  objectCalls: 0,
});

/** One SQL statement and how its result is read. Stores make them; a service puts them into one batch. */
export interface Statement<T> {
  readonly sql: string;
  readonly params: unknown[];
  readonly read: (result: D1Result<Record<string, unknown>>) => T;
  /** What the tenant's head has to know if it changes a row. */
  readonly alters?: DigestChange;
  /** The same by the rows that it finds. */
  readonly altersBy?: (rows: readonly Record<string, unknown>[]) => DigestChange[];
}

type Results<S extends readonly Statement<unknown>[]> = {
  -readonly [K in keyof S]: S[K] extends Statement<infer T> ? T : never;
};

/**
 * The text of a statement, with its parameters put into the list. Drizzle's own writer asks each part for all that it
 * could be, which takes longer than the rest of a small request.
 */
function textOf(query: SQL, params: unknown[]): string {
  let text = "";
  for (const part of query.queryChunks) {
    if (part instanceof StringChunk) text += part.value.join("");
    else if (part instanceof SQL) text += textOf(part, params);
    else if (part instanceof SQLiteTable) text += getTableName(part);
    else if (part instanceof Name) text += `"${part.value.replaceAll('"', '""')}"`;
    else if (part !== undefined) {
      params.push(part);
      text += "?";
    }
  }
  return text;
}

const compile = (query: SQL) => {
  const params: unknown[] = [];
  return { sql: textOf(query, params), params };
};

/** A statement whose rows are objects by column name. The row type is the store's promise about its own SQL. */
export const rows = <T extends object>(query: SQL): Statement<T[]> => ({
  ...compile(query),
  read: (result) => result.results as T[], // D1 gives untyped rows; the SQL beside this call decides the shape
});

/** A statement of which at most one row is wanted. */
export const firstRow = <T extends object>(query: SQL): Statement<T | undefined> => ({
  ...compile(query),
  read: (result) => result.results[0] as T | undefined, // as in `rows`
});

/** A statement of which only the number of changed rows matters. */
export const change = (query: SQL): Statement<number> => ({
  ...compile(query),
  read: (result) => result.meta.changes,
});

/** Marks a statement whose effect an idle check-in must see (design of `TenantHead`). */
export const altering = <T>(alters: DigestChange, statement: Statement<T>): Statement<T> => ({
  ...statement,
  alters,
});

/** Marks a statement whose rows mean that an idle check-in must see what else its batch did. */
export const alteringIfFound = <T>(alters: DigestChange, statement: Statement<T>): Statement<T> => ({
  ...statement,
  altersBy: (found) => (found.length > 0 ? [alters] : []),
});

/** The same where each row tells what an idle check-in must see. */
export const alteringByRow = <T extends object>(
  alters: (row: T) => DigestChange | undefined,
  statement: Statement<T[]>,
): Statement<T[]> => ({
  ...statement,
  altersBy: (found) => (found as readonly T[]).flatMap((row) => alters(row) ?? []), // as `rows` reads them
});

/** The same statement with its result turned into something else. */
export const mapped = <A, B>(statement: Statement<A>, turn: (result: A) => B): Statement<B> => ({
  ...statement,
  read: (result) => turn(statement.read(result)),
});

/**
 * Lists go in as one JSON parameter because a statement takes at most 100 parameters.
 * The only place that knows it.
 */
export const inJson = (column: SQL, values: readonly (string | number)[]): SQL =>
  sql`${column} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`;

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

export const OUT_OF_REACH = "out-of-reach";

export class Database {
  readonly cost: DatabaseCost;
  readonly #d1: D1Database;
  readonly #announce: Announce;
  readonly #run: Run;

  readonly #guard: Guard | undefined;

  constructor(
    d1: D1Database,
    cost: DatabaseCost,
    announce: Announce = async () => {},
    run = atOnce,
    guard?: Guard,
  ) {
    this.#guard = guard;
    this.#d1 = d1;
    this.cost = cost;
    this.#announce = announce;
    this.#run = run;
  }

  /** The same database whose batches are run so. */
  with(run: Run): Database {
    return new Database(this.#d1, this.cost, this.#announce, run, this.#guard);
  }

  /**
   * The same database whose next batch fails with this fault unless the demand holds, which is asked in the same round
   * trip. Later ones are not asked again: the first may have changed what it was about.
   */
  demanding(guard: Guard): Database {
    return new Database(this.#d1, this.cost, this.#announce, this.#run, guard);
  }

  /** Runs all statements as one transaction in one round trip: all take effect or none. */
  async batch<const S extends readonly Statement<unknown>[]>(statements: S): Promise<Results<S>> {
    if (statements.length === 0) return [] as unknown as Results<S>; // the empty tuple is its own result
    const guard = this.#guard;
    if (guard && !guard.asked) return this.#guarded(guard, statements);
    statements.forEach(requireFits);
    const prepared = statements.map((s) => this.#d1.prepare(s.sql).bind(...s.params));
    const results = await this.#run(() => this.#send(prepared));
    this.cost.roundTrips += 1;
    this.cost.statements += statements.length;
    results.forEach(({ meta }, i) => {
      this.cost.rowsRead += meta.rows_read ?? 0;
      this.cost.rowsWritten += meta.rows_written ?? 0;
      if (RECORDS_EVENT.test(statements[i]?.sql ?? "")) this.cost.events += meta.changes;
    });
    const changes = statements.flatMap(({ alters, altersBy }, i) => [
      ...(alters && (results[i]?.meta.changes ?? 0) > 0 ? [alters] : []),
      ...(altersBy?.(results[i]?.results ?? []) ?? []),
    ]);
    if (changes.length > 0) await this.#announce(changes);
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

  /** The same database for work after the answer, which is not part of the request's cost. */
  uncounted(): Database {
    return new Database(this.#d1, noCost(), this.#announce);
  }

  async #send(prepared: D1PreparedStatement[]): Promise<Ran> {
    try {
      return await this.#d1.batch<Record<string, unknown>>(prepared);
    } catch (cause) {
      if (isAway(cause)) {
        throw new Fault("unavailable", "service unavailable", { cause, headers: { "Retry-After": "5" } });
      }
      throw cause;
    }
  }
}

const isTooLarge = (value: unknown): boolean =>
  typeof value === "string" && !isWithin(value, DATABASE.valueBytes);

/** Refuses what the platform would not take; where a bound of its own says more, that comes before. */
function requireFits({ sql: text, params }: Statement<unknown>): void {
  if (params.some(isTooLarge)) throw new Fault("too_large", "the request is too large to be stored");
  if (params.length > DATABASE.parameters || !isWithin(text, DATABASE.statementBytes))
    throw new Fault("bad_request", "the request has too many conditions");
}

/** How the platform words that the database is busy, moving or away; our own mistakes are worded otherwise. */
const AWAY =
  /overloaded|exceeded timeout|Network connection lost|to be reset|reset because|transient issue|internal error/i;

export const isAway = (cause: unknown) => cause instanceof Error && AWAY.test(cause.message);

/** True if a batch failed on the unique key of these columns, named as `table.column, table.column`. */
export const isUniqueViolation = (cause: unknown, columns: string): boolean =>
  cause instanceof Error && cause.message.includes(`UNIQUE constraint failed: ${columns}`);

const REFUSED = "refused-";

/**
 * Fails the whole batch, so that nothing of it takes effect, unless the condition holds; `refusalOf` reads the name of
 * the refusal from the error. For batches whose statements cannot all carry the guard, because other domains made them.
 */
export const demand = (condition: SQL, refusal: string): Statement<void> => ({
  // SQLite has no statement that raises an error on purpose outside triggers; a bad JSON path does, and quotes it.
  ...compile(sql`SELECT json_extract('{}', CASE WHEN ${condition} THEN '$' ELSE ${REFUSED + refusal} END)`),
  read: () => undefined,
});

/** That the statement before it in the batch changed something. */
export const demandChanged = (refusal: string): Statement<void> => demand(sql`changes() > 0`, refusal);

/** The name of the demand on which a batch failed. */
export const refusalOf = (cause: unknown): string | undefined =>
  cause instanceof Error ? /'refused-([\w-]+)'/.exec(cause.message)?.[1] : undefined;
