import { sql, type SQL } from "drizzle-orm";
import { inventoryCountsTable, inventoryDevicesTable } from "../../devices/index.ts";
import { rows, type Statement } from "../../platform/database.ts";
import { valuePath } from "../attributes.ts";
import type { DeviceQuery, Driver } from "../search/query.ts";
import { COLUMN_TYPES, ID_KEY, type Term } from "../search/terms.ts";
import type { Trail } from "../search/trail.ts";
import { all, asLookUp, columnOf, onDevice } from "./conditions.ts";
import { idsOf, kindColumn, ofKinds } from "./search.ts";
import { endOf, readPosition, type Position, type Stretch } from "./slices.ts";
import { joinedDevice, stretchOf } from "./trail.ts";

/** One attribute of a nested grouping; of the outer ones only some values are of interest. */
export interface GroupLevel {
  key: string;
  only?: readonly string[];
}

export type BucketRow = { devices: number; total: number } & Record<`v${number}`, string>;

const listOf = <T>(items: readonly T[], part: (item: T, i: number) => SQL): SQL =>
  sql.join(items.map(part), sql`, `);

const column = (i: number): SQL => sql.raw(`v${i}`);

const amongOnly = (value: SQL, { only }: GroupLevel): SQL[] =>
  only ? [sql`${value} IN (SELECT value FROM json_each(${JSON.stringify(only)}))`] : [];

/** A level read from the row of each device, because its values are not kept by device. Times are no texts. */
function innerLevel(level: GroupLevel, i: number): { from: SQL; value: SQL; where: SQL[] } {
  const own = columnOf(level.key);
  if (own) {
    const isText = COLUMN_TYPES.get(level.key) === "text" ? sql`${own} IS NOT NULL` : sql`0`;
    return { from: sql``, value: own, where: [isText, ...amongOnly(own, level)] };
  }
  const member = sql.raw(`m${i}`);
  const value = sql`substr(${member}.atom, 1, 256)`;
  return {
    from: sql`CROSS JOIN json_each(d.attributes, ${valuePath(level.key)}) ${member}`,
    value,
    where: [sql`${member}.type = 'text'`, ...amongOnly(value, level)],
  };
}

const texts = (key: string): Term => ({
  kind: "range",
  key,
  low: { value: "", inclusive: true },
  orMissing: false,
});

/** The values of the innermost attribute one after the other, so that what was counted of one is complete when the next comes. */
const trailOf = (key: string): Trail =>
  key === ID_KEY ? { kind: "devices" } : { kind: "values", key, bounds: texts(key) };

/** Combinations of texts that devices of a search have. */
export interface Grouping {
  query: DeviceQuery;
  levels: readonly GroupLevel[];
}

/** What a stretch of the innermost attribute's values adds to the combinations, and where it ends. */
export interface BucketSlice {
  rows: BucketRow[];
  end: Position | undefined;
  ms: number | undefined;
}

export function bucketsOn({ query, levels }: Grouping, stretch: Stretch): Statement<BucketSlice> {
  const innermost = levels.at(-1);
  if (!innermost) throw new Error("a grouping needs an attribute");
  const trail = trailOf(innermost.key);
  const outer = levels.slice(0, -1).map(innerLevel);
  const device = sql.raw("v.device_id");
  const needsDevice = readsRows({ query, levels });
  const terms = query.terms.map((term) => {
    const lookUp = asLookUp(term, query.tenant, device);
    return !lookUp || (needsDevice && columnOf(term.key)) ? onDevice(term) : lookUp;
  });
  const met = sql.raw(trail.kind === "devices" ? "v.device_id" : "v.value");
  const values = [...outer.map(({ value }) => value), met];
  const from = sql.join([needsDevice ? joinedDevice : sql``, ...outer.map((level) => level.from)], sql` `);
  const stretched = stretchOf(query.tenant, trail, stretch);
  const end = endOf(sql`SELECT value, device_id FROM (${stretched})`, stretch.size);
  // The end comes as one more row, of no number of devices, because a second statement would count as one more.
  const statement = rows<BucketRow>(sql`
    SELECT ${listOf(values, (value, i) => sql`${value} AS ${column(i)}`)}, count(DISTINCT v.device_id) AS devices
    FROM (${stretched}) v ${from}
    WHERE ${all([...terms, ...outer.flatMap((level) => level.where)])} GROUP BY ${listOf(values, (_, i) => column(i))}
    UNION ALL SELECT (${end}), ${listOf(values, () => sql`-1`)}`);
  return {
    ...statement,
    read: (result) => {
      const found = statement.read(result);
      const last = found.find(({ devices }) => devices < 0);
      return {
        rows: found.filter(({ devices }) => devices >= 0),
        end: readPosition(last?.v0 ?? null),
        ms: result.meta.duration,
      };
    },
  };
}

/** Whether values alone do not tell how often combinations are. */
export const readsRows = ({ query, levels }: Grouping): boolean =>
  levels.length > 1 || query.terms.some((term) => !asLookUp(term, query.tenant, sql``));

/** The same at once, of few devices. */
export function bucketsOfFew(
  { query, levels }: Grouping,
  driver: Driver,
  limit: number,
): Statement<BucketRow[]> {
  const each = levels.map(innerLevel);
  return rankedBuckets(
    sql`
      SELECT ${listOf(each, ({ value }, i) => sql`${value} AS ${column(i)}`)}, count(DISTINCT d.device_id) AS devices
      FROM (${idsOf(query, driver)}) f CROSS JOIN ${inventoryDevicesTable} d ON d.tenant_id = ${query.tenant} AND d.device_id = f.device_id
        ${sql.join(
          each.map(({ from }) => from),
          sql` `,
        )}
      WHERE ${all(each.flatMap(({ where }) => where))} GROUP BY ${listOf(each, (_, i) => column(i))}`,
    levels.length,
    limit,
  );
}

/** The same at once of what is kept for status, group and tier. */
export const bucketsOfKinds = ({ query, levels }: Grouping, limit: number): Statement<BucketRow[]> =>
  rankedBuckets(
    sql`
      SELECT ${listOf(levels, ({ key }, i) => sql`${kindColumn(key)} AS ${column(i)}`)}, sum(k.devices) AS devices
      FROM ${inventoryCountsTable} k
      WHERE ${all([...ofKinds(query), ...levels.flatMap((level) => [sql`${kindColumn(level.key)} > ''`, ...amongOnly(kindColumn(level.key), level)])])}
      GROUP BY ${listOf(levels, (_, i) => column(i))}`,
    levels.length,
    limit,
  );

/**
 * Counted combinations of texts (`v0`, `v1`, … and `devices`), the greatest number first. Within one combination of the
 * outer values come at most `limit` of the innermost ones, and `total` tells how many devices all of them have.
 */
export function rankedBuckets(counted: SQL, levels: number, limit: number): Statement<BucketRow[]> {
  const outer = Array.from({ length: levels - 1 }, (_, i) => i);
  const within = outer.length > 0 ? sql`PARTITION BY ${listOf(outer, column)}` : sql``;
  return rows(sql`
    WITH grouped AS (${counted})
    SELECT * FROM (
      SELECT *, sum(devices) OVER (${within}) AS total,
        row_number() OVER (${within} ORDER BY devices DESC, ${column(levels - 1)}) AS place
      FROM grouped)
    WHERE place <= ${limit} ORDER BY place`);
}
