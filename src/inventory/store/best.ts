import { sql, type SQL } from "drizzle-orm";
import { firstRow, type Statement } from "../../platform/database.ts";
import type { DeviceQuery } from "../search/query.ts";
import { byValue, direction, isBackwards, orderBy, type Way } from "./search.ts";
import { endOf, readPosition, told, type Position, type Stretch } from "./slices.ts";
import { metValue } from "./ties.ts";
import { foundOn, joinedDevice, stretchOf } from "./trail.ts";

/** The best devices met so far, with the value by which each was met. */
export interface Best {
  best: { id: string; value: string | number | null }[];
  end: Position | undefined;
  ms: number | undefined;
}

/**
 * One slice of a search whose order is not that of its trail, because it has several sort keys: of the best before it and
 * of what it meets the best remain.
 */
export function bestOf(
  query: DeviceQuery,
  { trail, further }: Way,
  stretch: Stretch,
  before: { ids: readonly string[]; count: number },
  idsDescending: boolean,
): Statement<Best> {
  const descending = isBackwards(query);
  const directed = { ...stretch, descending };
  const { from, where } = foundOn(query, trail, directed, further);
  const others = query.sort.slice(1);
  const value = metValue(query, { trail });
  const order = orderBy([
    sql`value ${direction(descending)}`,
    ...others.map(byValue),
    sql`d.device_id ${direction(idsDescending)}`,
  ]);
  const met: SQL = sql`SELECT v.tenant_id, v.device_id FROM ${from} WHERE ${where}
    UNION SELECT ${query.tenant}, value FROM json_each(${JSON.stringify(before.ids)})`;
  const end = endOf(
    sql`SELECT value, device_id FROM (${stretchOf(query.tenant, trail, directed)})`,
    stretch.size,
  );
  const statement = firstRow<{ best: string; end: string | null }>(sql`
    SELECT (SELECT json_group_array(json_object('id', b.device_id, 'value', ${told(sql.raw("b.value"))}))
      FROM (SELECT d.device_id, ${value} AS value FROM (${met}) v ${joinedDevice}
        ORDER BY ${order} LIMIT ${before.count}) b) AS best, (${end}) AS "end"`);
  return {
    ...statement,
    read: (result) => {
      const row = statement.read(result);
      return {
        best: JSON.parse(row?.best ?? "[]") as Best["best"], // made by the statement
        end: readPosition(row?.end ?? null),
        ms: result.meta.duration,
      };
    },
  };
}
