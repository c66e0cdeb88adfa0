import { sql, type SQL } from "drizzle-orm";
import { rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";

/** One attribute of a nested grouping; of the outer ones only some values are of interest. */
export interface GroupLevel {
  key: string;
  only?: readonly string[];
}

export type BucketRow = { devices: number; total: number } & Record<`v${number}`, string>;

const column = (i: number): SQL => sql.raw(`v${i}`);
const table = (i: number): SQL => sql.raw(`t${i}`);

const textsOf = (tenant: TenantId, { key, only }: GroupLevel): SQL => {
  const within = only ? sql`AND value IN (SELECT value FROM json_each(${JSON.stringify(only)}))` : sql``;
  return sql`FROM inventory_values WHERE tenant_id = ${tenant} AND key = ${key} AND value >= '' AND value < x'' ${within}`;
};

/**
 * How many devices have each combination of texts, the greatest number first. Within one combination of the outer
 * values come at most `limit` of the innermost ones, and `total` tells how many devices all of them have.
 */
export function bucketsOf(
  tenant: TenantId,
  levels: readonly GroupLevel[],
  limit: number,
  picked: SQL | undefined,
): Statement<BucketRow[]> {
  const list = (part: (i: number) => SQL) =>
    sql.join(
      levels.map((_, i) => part(i)),
      sql`, `,
    );
  const inner = levels.slice(1).map((level, i) => {
    // Joined by device, for which the values have no index: each level is read once and indexed for the moment.
    const name = table(i + 1);
    return sql`${name} AS MATERIALIZED (SELECT device_id, value ${textsOf(tenant, level)})`;
  });
  const chosen = picked ? [sql`picked AS MATERIALIZED (${picked})`] : [];
  const parts = [...chosen, ...inner];
  const joins = levels
    .slice(1)
    .map((_, i) => sql`JOIN ${table(i + 1)} ON ${table(i + 1)}.device_id = t0.device_id`);
  const [outermost] = levels;
  if (!outermost) throw new Error("a grouping needs an attribute");
  const outer =
    levels.length > 1
      ? sql`PARTITION BY ${sql.join(
          levels.slice(1).map((_, i) => column(i)),
          sql`, `,
        )}`
      : sql``;
  return rows(sql`
    WITH ${sql.join(
      [
        ...parts,
        sql`grouped AS (
          SELECT ${list((i) => sql`${table(i)}.value AS ${column(i)}`)}, count(*) AS devices
          FROM (SELECT device_id, value ${textsOf(tenant, outermost)}) t0 ${sql.join(joins, sql` `)}
          ${picked ? sql`WHERE t0.device_id IN (SELECT device_id FROM picked)` : sql``}
          GROUP BY ${list((i) => sql`${table(i)}.value`)})`,
      ],
      sql`, `,
    )}
    SELECT * FROM (
      SELECT *, sum(devices) OVER (${outer}) AS total,
        row_number() OVER (${outer} ORDER BY devices DESC, ${column(levels.length - 1)}) AS place
      FROM grouped)
    WHERE place <= ${limit} ORDER BY place`);
}
