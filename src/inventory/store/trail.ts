import { sql, type SQL } from "drizzle-orm";
import type { TenantId } from "../../platform/ids.ts";
import { inventoryDevicesTable } from "../../devices/index.ts";
import { valuePath } from "../attributes.ts";
import type { DeviceQuery } from "../search/query.ts";
import { COLUMN_TYPES, type AnyTerm, type Term } from "../search/terms.ts";
import type { Trail } from "../search/trail.ts";
import { inventoryValuesTable } from "../tables.ts";
import { endOf, limitOf, valueOf, type Parts, type Stretch } from "./slices.ts";
import {
  all,
  ALWAYS,
  asLookUp,
  columnOf,
  isExactRange,
  isSelective,
  keptTexts,
  onDevice,
  onValues,
  valuesAfter,
} from "./conditions.ts";

const direction = (descending = false): SQL => sql.raw(descending ? "DESC" : "ASC");
const beyond = (descending = false): SQL => sql.raw(descending ? "<" : ">");

/** What a stretch meets, as `tenant_id`, `value` and `device_id` in the order of the trail. */
export function stretchOf(tenant: TenantId, trail: Trail, stretch: Stretch): SQL {
  const { after, descending = false } = stretch;
  const [order, isBeyond, limit] = [direction(descending), beyond(descending), limitOf(stretch)];
  if (trail.kind === "devices") {
    const rest = after ? sql`AND d.device_id ${isBeyond} ${after.device}` : sql``;
    return sql`SELECT d.tenant_id, NULL AS value, d.device_id FROM ${inventoryDevicesTable} d
      WHERE d.tenant_id = ${tenant} ${rest} ORDER BY d.device_id ${order} LIMIT ${limit}`;
  }
  if (trail.kind === "listed") return listed(tenant, trail.term, stretch);
  if (trail.kind === "value") {
    const rest = after ? sql`AND v.device_id ${isBeyond} ${after.device}` : sql``;
    return sql`SELECT v.tenant_id, v.value, v.device_id FROM ${inventoryValuesTable} v
      WHERE v.tenant_id = ${tenant} AND ${onValues(trail.term) ?? ALWAYS} ${rest} ORDER BY v.device_id ${order} LIMIT ${limit}`;
  }
  const within = after
    ? valuesAfter(trail.key, trail.bounds, sql`(${valueOf(after)}, ${after.device})`, descending)
    : ((trail.bounds && onValues(trail.bounds)) ?? sql`v.key = ${trail.key}`);
  return sql`SELECT v.tenant_id, v.value, v.device_id FROM ${inventoryValuesTable} v
    WHERE v.tenant_id = ${tenant} AND ${within}
    ORDER BY v.value ${order}, v.device_id ${order} LIMIT ${limit}`;
}

/** The place in the list stands for the value, because a list of values has no order that the index knows. */
function listed(tenant: TenantId, term: AnyTerm, stretch: Stretch): SQL {
  const { after } = stretch;
  const reached = after ? sql`CAST(${after.value} AS INTEGER)` : sql`0`;
  return sql`SELECT v.tenant_id, g.key AS value, v.device_id
    FROM json_each(${JSON.stringify(keptTexts(term))}) g CROSS JOIN ${inventoryValuesTable} v
      ON v.tenant_id = ${tenant} AND v.key = ${term.key} AND v.value = g.value
        AND v.device_id > CASE WHEN g.key = ${reached} THEN ${after?.device ?? ""} ELSE '' END
    WHERE g.key >= ${reached} LIMIT ${limitOf(stretch)}`;
}

/** True if whatever the trail meets satisfies the term. */
const covers = (trail: Trail, term: Term): boolean =>
  trail.kind === "values"
    ? trail.bounds === term && (isExactRange(term) || term.kind === "exists")
    : trail.kind !== "devices" && trail.term === term && isSelective(term);

/** An array is met once for each of its members that lead there: it counts at the first. */
function onlyOnce(trail: Trail, descending = false): SQL[] {
  if (trail.kind !== "values" && trail.kind !== "listed") return [];
  const [key, bounds] = trail.kind === "values" ? [trail.key, trail.bounds] : [trail.term.key, trail.term];
  if (COLUMN_TYPES.has(key)) return [];
  const met =
    trail.kind === "listed"
      ? sql`(SELECT g.value FROM json_each(${JSON.stringify(keptTexts(trail.term))}) g WHERE g.key = v.value)`
      : sql`v.value`;
  return [
    sql`(json_type(d.attributes, ${valuePath(key)}) <> 'array' OR ${met} = coalesce(${firstMember(key, bounds, descending)}, x''))`,
  ];
}

/** The first of a device's searchable values under a key in a direction, among those that satisfy a term. */
export const firstMember = (key: string, bounds: Term | undefined, descending: boolean): SQL =>
  sql`(SELECT ${sql.raw(descending ? "max" : "min")}(v.value) FROM (
    SELECT CASE m.type WHEN 'text' THEN substr(m.atom, 1, 256) WHEN 'true' THEN x'01' WHEN 'false' THEN x'00'
      ELSE m.atom END AS value, ${key} AS key
    FROM json_each(d.attributes, ${valuePath(key)}) m) v WHERE ${(bounds && onValues(bounds)) ?? ALWAYS})`;

const DEVICE = sql.raw("v.device_id");

export const joinedDevice = sql`
  CROSS JOIN ${inventoryDevicesTable} d ON d.tenant_id = v.tenant_id AND d.device_id = v.device_id`;

/** Whether values alone do not tell what a search finds on a trail. */
export const readsDevices = (query: DeviceQuery, trail: Trail, further: readonly SQL[] = []): boolean =>
  further.length > 0 ||
  onlyOnce(trail).length > 0 ||
  query.terms.some((term) => !covers(trail, term) && !asLookUp(term, query.tenant, DEVICE));

/** What a search finds on a stretch, as `v`, reading no row of a device where searchable values are enough. */
export function foundOn(
  query: DeviceQuery,
  trail: Trail,
  stretch: Stretch,
  further: readonly SQL[] = [],
  withDevice = false,
): { from: SQL; where: SQL } {
  const open = query.terms.filter((term) => !covers(trail, term));
  const lookUps = open.map((term) => asLookUp(term, query.tenant, DEVICE));
  const once = [...onlyOnce(trail, stretch.descending), ...further];
  const met = sql`(${stretchOf(query.tenant, trail, stretch)}) v`;
  if (!withDevice && !readsDevices(query, trail, further))
    return { from: met, where: all(lookUps.filter((condition) => condition !== undefined)) };
  const checked = open.map((term, i) =>
    columnOf(term.key) ? onDevice(term) : (lookUps[i] ?? onDevice(term)),
  );
  return { from: sql`${met} ${joinedDevice}`, where: all([...once, ...checked]) };
}

/** A trail in slices. Further conditions are about the row `d` of a device. */
export const trailParts =
  (query: DeviceQuery, trail: Trail, further: readonly SQL[] = []): Parts =>
  (stretch) => {
    const { from, where } = foundOn(query, trail, stretch, further);
    return {
      from,
      where,
      id: DEVICE,
      end: endOf(
        sql`SELECT value, device_id FROM (${stretchOf(query.tenant, trail, stretch)})`,
        stretch.size,
      ),
    };
  };
