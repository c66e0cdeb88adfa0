import { sql, type SQL } from "drizzle-orm";
import { rows, type Statement } from "../../platform/database.ts";
import type { DeviceRow } from "../device-view.ts";
import { all } from "../search/conditions.ts";
import type { DeviceQuery, Window } from "../search/query.ts";
import { checks } from "./search.ts";
import { DEVICE_COLUMNS } from "./devices.ts";

/** Devices that are put in order of their score; scoring each of a whole fleet would cost too much. */
const SCORED = 200;

const hexadecimal = (text: string): string => Buffer.from(text, "utf8").toString("hex");

/** The words as an expression of the text index, inside the tenant. A word with a star matches beginnings. */
const matchOf = (query: DeviceQuery, words: readonly string[]): string =>
  [`tenant : "${hexadecimal(query.tenant)}"`, ...words.map((word) => `body : ${quoted(word)}`)].join(" AND ");

const quoted = (word: string): string => (word.endsWith("*") ? `"${word.slice(0, -1)}" *` : `"${word}"`);

/** Without further conditions the words alone tell which devices they are: no row of a device is read. */
function found(query: DeviceQuery, words: readonly string[], withDevice = false): { from: SQL; where: SQL } {
  const match = sql`t.inventory_text MATCH ${matchOf(query, words)}`;
  const conditions = checks(query, undefined, sql.raw("d.device_id"));
  if (!withDevice && conditions.length === 0) return { from: sql`inventory_text t`, where: match };
  return {
    from: sql`inventory_text t CROSS JOIN inventory_devices d ON d.device_no = t.rowid`,
    where: all([match, ...conditions]),
  };
}

/** A page of the devices that have all words. The first ones found are in order of their score, all others of their age. */
export function textPage(
  query: DeviceQuery,
  words: readonly string[],
  window: Window,
): Statement<DeviceRow[]> {
  const scored = window.limit * Math.max(1, Math.floor(SCORED / window.limit));
  if (window.offset >= scored) {
    const { from, where } = found(query, words, true);
    return rows(sql`
      SELECT ${DEVICE_COLUMNS} FROM ${from} WHERE ${where}
      ORDER BY t.rowid LIMIT ${window.limit} OFFSET ${window.offset}`);
  }
  const { from, where } = found(query, words);
  return rows(sql`
    WITH hits AS MATERIALIZED (
      SELECT t.rowid AS device_no, t.rank AS score FROM ${from} WHERE ${where} ORDER BY t.rowid LIMIT ${scored})
    SELECT ${DEVICE_COLUMNS} FROM hits h CROSS JOIN inventory_devices d ON d.device_no = h.device_no
    ORDER BY h.score, h.device_no LIMIT ${window.limit} OFFSET ${window.offset}`);
}

export const textCount = (query: DeviceQuery, words: readonly string[]): SQL => {
  const { from, where } = found(query, words);
  return sql`SELECT count(*) FROM ${from} WHERE ${where}`;
};

export interface NumberedRow extends DeviceRow {
  device_no: number;
}

/** Devices that have all words, from a number on: for reading all of them. */
export function textAfter(
  query: DeviceQuery,
  words: readonly string[],
  { after, limit }: { after: number; limit: number },
): Statement<NumberedRow[]> {
  const { from, where } = found(query, words, true);
  return rows(sql`
    SELECT ${DEVICE_COLUMNS}, d.device_no FROM ${from} WHERE ${where} AND t.rowid > ${after}
    ORDER BY t.rowid LIMIT ${limit}`);
}
