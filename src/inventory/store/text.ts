import { sql, type SQL } from "drizzle-orm";
import { inventoryDevicesTable } from "../../devices/index.ts";
import { type Row } from "../../platform/columns.ts";
import { mapped, rows, type Statement } from "../../platform/database.ts";
import type { DeviceRow } from "../device-view.ts";
import type { DeviceQuery, Window } from "../search/query.ts";
import { possibleStems } from "../search/search-text.ts";
import { all } from "./conditions.ts";
import { DEVICE_COLUMNS } from "./devices.ts";
import { checks } from "./search.ts";
import { endOf, limitOf, valueOf, type Parts, type Stretch } from "./slices.ts";

/** Devices that are put in order of their words, and look-ups for that: to look at a whole fleet would cost too much. */
const SCORED = 200;
const LOOK_UPS = 300;

/** Devices that have a word are counted up to here to tell how rare it is. */
const RARE = 1000;

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

/** How many of the words a device has. */
export type Share = "any" | "all" | "some but not all";

/** In this order devices are shown. */
export const sharesOf = (words: readonly string[]): Share[] =>
  words.length > 1 ? ["all", "some but not all"] : ["all"];

function matchOf(query: DeviceQuery, words: readonly string[], share: Share): string {
  const expressions = words.map(expressionOf);
  const [any, all] = [expressions.join(" OR "), expressions.join(" AND ")];
  if (share === "some but not all") return `${within(query, any)} NOT ${within(query, all)}`;
  return within(query, share === "any" ? any : all);
}

function matched(query: DeviceQuery, words: readonly string[], share: Share, stretch: Stretch): SQL {
  const rest = stretch.after ? sql`AND t.rowid > ${valueOf(stretch.after)}` : sql``;
  return sql`SELECT t.rowid AS device_no FROM inventory_text t
    WHERE t.inventory_text MATCH ${matchOf(query, words, share)} ${rest} ORDER BY t.rowid LIMIT ${limitOf(stretch)}`;
}

const joined = sql`CROSS JOIN ${inventoryDevicesTable} d ON d.device_no = t.device_no`;

/** What of those that have the words satisfies the other conditions. Without any, no row of a device is read. */
function found(query: DeviceQuery, met: SQL): { from: SQL; where: SQL } {
  const conditions = checks(query, undefined, sql.raw("d.device_id"));
  const join = conditions.length > 0 ? joined : sql``;
  return { from: sql`(${met}) t ${join}`, where: all(conditions) };
}

/** The devices that have a share of the words, by age, in slices. */
export const textParts =
  (query: DeviceQuery, words: readonly string[], share: Share): Parts =>
  (stretch) => ({
    ...found(query, matched(query, words, share, stretch)),
    id: sql.raw("t.device_no"),
    end: endOf(
      sql`SELECT device_no AS value, '' AS device_id FROM (${matched(query, words, share, stretch)})`,
      stretch.size,
    ),
  });

/** Whether there may be more with a share of the words than those of the first stretch. */
const isCut = (query: DeviceQuery, words: readonly string[], share: Share): SQL => {
  const stretch = { after: undefined, size: query.stretch };
  return sql`EXISTS (SELECT 1 FROM (${matched(query, words, share, stretch)}) LIMIT 1 OFFSET ${query.stretch - 1})`;
};

/**
 * The first devices that have any of the words, those that have all of them first, each part in the order of age: the
 * beginning of what the walks along all of them find, so that no part begins before the one before it is at its end.
 */
function hits(query: DeviceQuery, words: readonly string[], limit: number): SQL {
  const stretch = { after: undefined, size: query.stretch };
  const [first, ...further] = sharesOf(words).map(
    (share) => sql`SELECT * FROM (${matched(query, words, share, stretch)})`,
  );
  const parts = [first, ...further.map((part) => sql`${part} WHERE NOT ${isCut(query, words, "all")}`)];
  const { from, where } = found(query, sql.join(parts, sql` UNION ALL `));
  return sql`SELECT device_no, row_number() OVER () AS place FROM (SELECT t.device_no FROM ${from} WHERE ${where} LIMIT ${limit})`;
}

/** Whether the hits are all that were asked for, or all that there are: the order of fewer may be another. */
function areKnown(query: DeviceQuery, words: readonly string[], limit: number): SQL {
  const cut = sharesOf(words).map((share) => isCut(query, words, share));
  return sql`((SELECT count(*) FROM hits) >= ${limit} OR NOT (${sql.join(cut, sql` OR `)}))`;
}

/** The words, and for each how rare it is; nobody looks at all that have it for that. */
const rareWords = (query: DeviceQuery, words: readonly string[]): SQL => sql`
  SELECT w.value AS word, 1.0 / (1 + (SELECT count(*) FROM (
    SELECT 1 FROM inventory_text x WHERE x.inventory_text MATCH w.value LIMIT ${RARE}))) AS rarity
  FROM json_each(${JSON.stringify(words.map((word) => matchOf(query, [word], "all")))}) w`;

/** Of how many hits the words are looked up one by one; a single word each of them has. */
export const scoredOf = (words: readonly string[]): number =>
  words.length === 1 ? 0 : Math.min(SCORED, Math.floor(LOOK_UPS / words.length));

/** Hits by how many of the words they have, and then by how rare those are, as far as they are scored; all others by place. */
const ranked = (scored: number): SQL => sql`
  SELECT h.device_no, h.place, count(r.word) AS words, sum(r.rarity) AS rarity
  FROM hits h LEFT JOIN rare r ON h.place <= ${scored}
    AND EXISTS (SELECT 1 FROM inventory_text x WHERE x.rowid = h.device_no AND x.inventory_text MATCH r.word)
  GROUP BY h.place ORDER BY h.place > ${scored}, words DESC, rarity DESC, h.place`;

/**
 * A page of the devices that have any of the words, among the first that are looked at: those that are scored by how many words
 * they have, and then by how rare those are, all others by their age. Nothing where that is not known from these.
 */
export function textPage(
  query: DeviceQuery,
  words: readonly string[],
  window: Window,
): Statement<DeviceRow[]> {
  const scored = scoredOf(words);
  const limit = Math.max(scored, window.offset + window.limit);
  return rows(sql`
    WITH hits AS MATERIALIZED (${hits(query, words, limit)}),
      rare AS MATERIALIZED (${scored > 0 ? rareWords(query, words) : sql`SELECT '' AS word, 0 AS rarity LIMIT 0`}),
      ranked AS MATERIALIZED (${ranked(scored)} LIMIT ${window.limit} OFFSET ${window.offset})
    SELECT ${DEVICE_COLUMNS} FROM ranked h CROSS JOIN ${inventoryDevicesTable} d ON d.device_no = h.device_no
    ${scored > 0 ? sql`WHERE ${areKnown(query, words, limit)}` : sql``}`);
}

/** Devices by number, in the order of their words in place of that in which they are given. */
export const rankedNumbers = (
  query: DeviceQuery,
  words: readonly string[],
  numbers: readonly number[],
): Statement<number[]> =>
  mapped(
    rows<{ device_no: number }>(sql`
      WITH hits AS MATERIALIZED (SELECT value AS device_no, key + 1 AS place FROM json_each(${JSON.stringify(numbers)})),
        rare AS MATERIALIZED (${rareWords(query, words)})
      ${ranked(numbers.length)}`),
    (found) => found.map(({ device_no: number }) => number),
  );

/** How many pages of the index the words that begin so take, about: all of them are read to find the first device. */
export const pagesOfBeginnings = (
  beginnings: readonly string[],
): Statement<{ beginning: string; pages: number }[]> => {
  const boundary = (end: string) => sql`CAST('0' || g.value || ${end} AS BLOB)`;
  const page = (which: SQL) =>
    sql`SELECT i.pgno FROM inventory_text_idx i WHERE i.segid = s.segid ${which} LIMIT 1`;
  return rows(sql`
    WITH RECURSIVE segments(segid) AS (
      SELECT min(segid) FROM inventory_text_idx
      UNION ALL SELECT (SELECT min(i.segid) FROM inventory_text_idx i WHERE i.segid > s.segid) FROM segments s WHERE s.segid IS NOT NULL)
    SELECT g.value AS beginning, (SELECT total(
        coalesce((${page(sql`AND i.term > ${boundary("\u{10FFFF}")} ORDER BY i.term`)}), (${page(sql`ORDER BY i.term DESC`)})) / 2
        - coalesce((${page(sql`AND i.term <= ${boundary("")} ORDER BY i.term DESC`)}), 0) / 2)
      FROM segments s WHERE s.segid IS NOT NULL) AS pages
    FROM json_each(${JSON.stringify(beginnings)}) g`);
};

export type NumberedRow = DeviceRow & Row<typeof inventoryDevicesTable, "device_no">;

/** Devices by number, in the order given. */
export const devicesByNumber = (numbers: readonly number[]): Statement<NumberedRow[]> =>
  rows(sql`
    SELECT ${DEVICE_COLUMNS}, d.device_no FROM json_each(${JSON.stringify(numbers)}) g
    CROSS JOIN ${inventoryDevicesTable} d ON d.device_no = g.value`);
