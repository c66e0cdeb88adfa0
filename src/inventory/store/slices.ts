import { sql, type SQL } from "drizzle-orm";
import { firstRow, type Statement } from "../../platform/database.ts";

/**
 * What takes long in a great fleet is done in slices, each a statement of its own, between which the database answers
 * others. A slice looks at a stretch of what there is to look at, and tells where it ended.
 */
export interface Stretch {
  after: Position | undefined;
  size: number;
  descending?: boolean | undefined;
  /** Nothing is looked at unless this holds. */
  guard?: SQL | undefined;
}

/** What is looked at first: a page that is not full with it is found in slices. */
export const FIRST_STRETCH = 2000;

/** What was looked at last. Integers are told as texts and blobs in hexadecimal digits, so that they come back as they were. */
export interface Position {
  type: "null" | "integer" | "real" | "text" | "blob";
  value: string | number | null;
  device: string;
}

/** The parts of the queries of a stretch: what it meets, what of that it finds, by which id, and its end as `endOf` tells it. */
export type Parts = (stretch: Stretch) => { from: SQL; where: SQL; id: SQL; end: SQL };

export interface Slice {
  found: number;
  /** Of what was found, those that were wanted. */
  ids: string[];
  /** Nothing if there is no more to look at. */
  end: Position | undefined;
  rowsRead: number;
  ms: number | undefined;
}

/** The limit of a stretch: unlike a condition it is looked at before any row is. */
export const limitOf = ({ size, guard }: Stretch): SQL =>
  guard ? sql`CASE WHEN ${guard} THEN ${size} ELSE 0 END` : sql`${size}`;

/** A value in a form that comes back as it was. */
export const told = (value: SQL): SQL => sql`CASE typeof(${value}) WHEN 'blob' THEN hex(${value})
  WHEN 'integer' THEN CAST(${value} AS TEXT) ELSE ${value} END`;

/** The last of the value and device that a query has so many of; nothing if it has fewer. */
export const endOf = (met: SQL, size: number): SQL => sql`
  SELECT json_array(typeof(e.value), ${told(sql.raw("e.value"))}, e.device_id)
  FROM (${met}) e LIMIT 1 OFFSET ${size - 1}`;

/** The position after a device on a trail along ids. */
export const afterDevice = (device: string): Position => ({ type: "null", value: null, device });

export function readPosition(text: string | null): Position | undefined {
  if (text === null) return undefined;
  const [type, value, device] = JSON.parse(text) as [Position["type"], Position["value"], string]; // written by `endOf`
  return { type, value, device };
}

export const valueOf = ({ type, value }: Position): SQL => {
  // The sign keeps texts that look like numbers from being compared as such.
  if (type === "integer") return sql`+CAST(${value} AS INTEGER)`;
  return type === "blob" ? sql`unhex(${value})` : sql`${value}`;
};

/** Ids of what a slice finds: so many after so many. */
export interface Wanted {
  skip: number;
  take: number;
}

interface SliceRow {
  found: number;
  ids: string;
  end: string | null;
}

/** Carries out one slice, with further columns beside what it tells. */
function sliced<T extends object>(
  parts: Parts,
  stretch: Stretch,
  wanted: Wanted,
  further: SQL,
): {
  statement: Statement<(SliceRow & T) | undefined>;
  read: (result: D1Result<Record<string, unknown>>) => Slice;
} {
  const statement = firstRow<SliceRow & T>(
    wanted.take > 0 ? taking(parts, stretch, wanted) : counting(parts, stretch, further),
  );
  const read = (result: D1Result<Record<string, unknown>>): Slice => {
    const row = statement.read(result);
    return {
      found: row?.found ?? 0,
      ids: JSON.parse(row?.ids ?? "[]") as string[], // made by the database from ids
      end: readPosition(row?.end ?? null),
      rowsRead: result.meta.rows_read,
      ms: result.meta.duration,
    };
  };
  return { statement, read };
}

/** Where the end is looked for only if there is one. */
function counting(parts: Parts, stretch: Stretch, further: SQL): SQL {
  const { from, where, end } = parts(stretch);
  return sql`
    WITH counted AS MATERIALIZED (SELECT count(*) AS met, count(*) FILTER (WHERE ${where}) AS found FROM ${from})
    SELECT c.found, '[]' AS ids, CASE WHEN c.met >= ${stretch.size} THEN (${end}) END AS "end" ${further} FROM counted c`;
}

function taking(parts: Parts, stretch: Stretch, { skip, take }: Wanted): SQL {
  const { from, where, id, end } = parts(stretch);
  return sql`
    WITH found AS MATERIALIZED (SELECT ${id} AS id FROM ${from} WHERE ${where})
    SELECT (SELECT count(*) FROM found) AS found,
      (SELECT json_group_array(id) FROM (SELECT id FROM found LIMIT ${take} OFFSET ${skip})) AS ids, (${end}) AS "end"`;
}

const NO_IDS: Wanted = { skip: 0, take: 0 };

export const sliceOf = (parts: Parts, stretch: Stretch, wanted = NO_IDS): Statement<Slice> => {
  const { statement, read } = sliced(parts, stretch, wanted, sql``);
  return { ...statement, read };
};

/** A first slice, with what another query of one number tells. */
export function sliceBeside<T extends object>(
  parts: Parts,
  stretch: Stretch,
  further: SQL,
): Statement<Slice & { beside: T | undefined }> {
  const { statement, read } = sliced<T>(parts, stretch, NO_IDS, further);
  return { ...statement, read: (result) => ({ ...read(result), beside: statement.read(result) }) };
}
