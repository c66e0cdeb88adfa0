import { getTableName, Name, sql, SQL, StringChunk } from "drizzle-orm";
import { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { DigestChange } from "./digest-change.ts";
import type { TenantId } from "./ids.ts";

/** One SQL statement and how its result is read. Stores make them; a service puts them into one batch. */
export interface Statement<T> {
  readonly sql: string;
  readonly params: unknown[];
  readonly read: (result: D1Result<Record<string, unknown>>) => T;
  /** What the tenant's head has to know if it changes a row. */
  readonly alters?: DigestChange;
  /** Of whom it records something that belongs into the database of that tenant, in whichever it is carried out. */
  readonly records?: TenantId;
  /** The same by the rows that it finds. */
  readonly altersBy?: (rows: readonly Record<string, unknown>[]) => DigestChange[];
}

export type Results<S extends readonly Statement<unknown>[]> = {
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

/** Marks a statement that records something about a tenant. */
export const recording = <T>(records: TenantId, statement: Statement<T>): Statement<T> => ({
  ...statement,
  records,
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

const WRITES = /^\s*(?:INSERT|UPDATE|DELETE|REPLACE)\b|^\s*WITH\b[\s\S]*?\b(?:INSERT|UPDATE|DELETE)\b/i;

export const isWrite = ({ sql: text }: Pick<Statement<unknown>, "sql">): boolean => WRITES.test(text);
