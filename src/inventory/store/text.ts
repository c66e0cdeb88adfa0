import { sql, type SQL } from "drizzle-orm";
import { rows, type Statement } from "../../platform/database.ts";
import type { DeviceRow } from "../device-view.ts";
import { type Row } from "../../platform/columns.ts";
import { inventoryDevicesTable } from "../../devices/index.ts";
import { all } from "./conditions.ts";
import type { DeviceQuery, Window } from "../search/query.ts";
import { possibleStems } from "../search/search-text.ts";
import { checks } from "./search.ts";
import { DEVICE_COLUMNS } from "./devices.ts";

/** Devices that are put in order of their score; scoring each of a whole fleet would cost too much. */
const SCORED = 200;

const hexadecimal = (text: string): string => Buffer.from(text, "utf8").toString("hex");

/** A word as an expression of the text index, which finds it by its stem. A word with a star matches beginnings. */
function expressionOf(word: string): string {
  if (!word.endsWith("*")) return `"${word}"`;
  const beginning = word.slice(0, -1);
  const stems = possibleStems(beginning).map((stem) => `"${stem}"`);
  return `(${[`"${beginning}" *`, ...stems].join(" OR ")})`;
}

/** Inside the tenant only, whose column is one word. */
const within = (query: DeviceQuery, expression: string): string =>
  `(tenant : "${hexadecimal(query.tenant)}x" AND body : (${expression}))`;

type Share = "any" | "all" | "some but not all";

function matchOf(query: DeviceQuery, words: readonly string[], share: Share): string {
  const expressions = words.map(expressionOf);
  const [any, all] = [expressions.join(" OR "), expressions.join(" AND ")];
  if (share === "some but not all") return `${within(query, any)} NOT ${within(query, all)}`;
  return within(query, share === "any" ? any : all);
}

/** Without further conditions the words alone tell which devices they are: no row of a device is read. */
function found(
  query: DeviceQuery,
  words: readonly string[],
  share: Share,
  withDevice = false,
): { from: SQL; where: SQL } {
  const match = sql`t.inventory_text MATCH ${matchOf(query, words, share)}`;
  const conditions = checks(query, undefined, sql.raw("d.device_id"));
  if (!withDevice && conditions.length === 0) return { from: sql`inventory_text t`, where: match };
  return {
    from: sql`inventory_text t CROSS JOIN ${inventoryDevicesTable} d ON d.device_no = t.rowid`,
    where: all([match, ...conditions]),
  };
}

/** Devices that have any of the words, those that have all of them first, each part in the order of age. */
function hits(query: DeviceQuery, words: readonly string[], limit: number, offset: number): SQL {
  const part = (share: Share) => {
    const { from, where } = found(query, words, share);
    return sql`SELECT * FROM (
      SELECT t.rowid AS device_no, t.rank AS score FROM ${from} WHERE ${where} ORDER BY t.rowid)`;
  };
  const rest = words.length > 1 ? sql`UNION ALL ${part("some but not all")}` : sql``;
  return sql`${part("all")} ${rest} LIMIT ${limit} OFFSET ${offset}`;
}

/** In the order of how many of the words a hit has; of a single word each has it. */
function byWords(query: DeviceQuery, words: readonly string[]): SQL {
  if (words.length === 1) return sql``;
  const each = JSON.stringify(words.map((word) => matchOf(query, [word], "all")));
  return sql`(SELECT count(*) FROM json_each(${each}) w
    WHERE EXISTS (SELECT 1 FROM inventory_text x WHERE x.rowid = h.device_no AND x.inventory_text MATCH w.value)) DESC,`;
}

/**
 * A page of the devices that have any of the words. The first ones found are in order of how many they have and then
 * of their score; all others are in order of their age.
 */
export function textPage(
  query: DeviceQuery,
  words: readonly string[],
  window: Window,
): Statement<DeviceRow[]> {
  const scored = window.limit * Math.max(1, Math.floor(SCORED / window.limit));
  if (window.offset >= scored) {
    return rows(sql`
      WITH hits AS MATERIALIZED (${hits(query, words, window.limit, window.offset)})
      SELECT ${DEVICE_COLUMNS} FROM hits h CROSS JOIN ${inventoryDevicesTable} d ON d.device_no = h.device_no`);
  }
  return rows(sql`
    WITH hits AS MATERIALIZED (${hits(query, words, scored, 0)})
    SELECT ${DEVICE_COLUMNS} FROM hits h CROSS JOIN ${inventoryDevicesTable} d ON d.device_no = h.device_no
    ORDER BY ${byWords(query, words)} h.score, h.device_no LIMIT ${window.limit} OFFSET ${window.offset}`);
}

export const textCount = (query: DeviceQuery, words: readonly string[]): SQL => {
  const { from, where } = found(query, words, "any");
  return sql`SELECT count(*) FROM ${from} WHERE ${where}`;
};

export type NumberedRow = DeviceRow & Row<typeof inventoryDevicesTable, "device_no">;

/** Devices that have any of the words, from a number on: for reading all of them. */
export function textAfter(
  query: DeviceQuery,
  words: readonly string[],
  { after, limit }: { after: number; limit: number },
): Statement<NumberedRow[]> {
  const { from, where } = found(query, words, "any", true);
  return rows(sql`
    SELECT ${DEVICE_COLUMNS}, d.device_no FROM ${from} WHERE ${where} AND t.rowid > ${after}
    ORDER BY t.rowid LIMIT ${limit}`);
}
