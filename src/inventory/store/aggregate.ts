import { sql, type SQL } from "drizzle-orm";
import { rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { valuePath } from "../attributes.ts";
import { columnOf } from "./conditions.ts";
import { inventoryDevicesTable } from "../../devices/index.ts";
import { inventoryValuesTable } from "../tables.ts";

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

/** A level below the first, read from the row of each device, because its values are not kept by device. */
function innerLevel(level: GroupLevel, i: number): { from: SQL; value: SQL; where: SQL[] } {
  const own = columnOf(level.key);
  if (own) return { from: sql``, value: own, where: [sql`${own} IS NOT NULL`, ...amongOnly(own, level)] };
  const member = sql.raw(`m${i}`);
  const value = sql`substr(${member}.atom, 1, 256)`;
  return {
    from: sql`CROSS JOIN json_each(d.attributes, ${valuePath(level.key)}) ${member}`,
    value,
    where: [sql`${member}.type = 'text'`, ...amongOnly(value, level)],
  };
}

function grouped(tenant: TenantId, levels: readonly GroupLevel[], picked: SQL | undefined): SQL {
  const [first, ...others] = levels;
  if (!first) throw new Error("a grouping needs an attribute");
  const inner = others.map((level, i) => innerLevel(level, i + 1));
  const outermost = sql.raw("v.value");
  const values = [outermost, ...inner.map(({ value }) => value)];
  const device = sql`CROSS JOIN ${inventoryDevicesTable} d ON d.tenant_id = v.tenant_id AND d.device_id = v.device_id`;
  const where = [
    sql`v.tenant_id = ${tenant} AND v.key = ${first.key} AND v.value >= '' AND v.value < x''`,
    ...amongOnly(outermost, first),
    ...(picked ? [sql`v.device_id IN (${picked})`] : []),
    ...inner.flatMap((level) => level.where),
  ];
  return sql`
    SELECT ${listOf(values, (value, i) => sql`${value} AS ${column(i)}`)}, count(*) AS devices
    FROM ${inventoryValuesTable} v ${inner.length > 0 ? device : sql``} ${sql.join(
      inner.map(({ from }) => from),
      sql` `,
    )}
    WHERE ${sql.join(where, sql` AND `)} GROUP BY ${listOf(values, (_, i) => column(i))}`;
}

/** How many devices have each combination of texts. */
export const bucketsOf = (
  tenant: TenantId,
  levels: readonly GroupLevel[],
  limit: number,
  picked: SQL | undefined,
): Statement<BucketRow[]> => rankedBuckets(grouped(tenant, levels, picked), levels.length, limit);

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
