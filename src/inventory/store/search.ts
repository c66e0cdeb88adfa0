import { sql, type SQL } from "drizzle-orm";
import { inventoryDevicesTable, inventoryCountsTable } from "../../devices/index.ts";
import { firstRow, inJson, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { keyOf, valuePath } from "../attributes.ts";
import type { DeviceRow } from "../device-view.ts";
import type { DeviceQuery, Driver, Plan, SortKey, Window } from "../search/query.ts";
import type { Term } from "../search/terms.ts";
import { trailOf, type Trail } from "../search/trail.ts";
import { inventoryValuesTable } from "../tables.ts";
import { all, ALWAYS, asLookUp, columnOf, isSelective, onDevice, onValues, some } from "./conditions.ts";
import { DEVICE_COLUMNS } from "./devices.ts";
import { afterDevice } from "./slices.ts";
import { foundOn } from "./trail.ts";

type Merged = Extract<Driver, { kind: "merged" }>;

const GROUP_KEY = keyOf("system", "group");

/** Each takes a look-up of its own. */
const FEW_GROUPS = 8;

const DEVICE = sql.raw("d.device_id");
const FOUND = sql.raw("v.device_id");

interface Source {
  from: SQL;
  /** Column with the id of what is found, before the device's row is read. */
  id: SQL;
  where: SQL[];
}

const joined = sql`
  CROSS JOIN ${inventoryDevicesTable} d ON d.tenant_id = v.tenant_id AND d.device_id = v.device_id`;

/** What a driver reads. `withDevice` joins the device's row as `d`. */
function sourceOf(tenant: TenantId, driver: Driver, withDevice: boolean): Source {
  if (driver.kind === "devices")
    return { from: sql`inventory_devices d`, id: DEVICE, where: [sql`d.tenant_id = ${tenant}`] };
  const join = withDevice ? joined : sql``;
  if (driver.kind === "ids") {
    const ids = sql`(SELECT DISTINCT ${tenant} AS tenant_id, value AS device_id
      FROM json_each(${JSON.stringify(driver.ids)})) v`;
    return { from: sql`${ids} ${joined}`, id: FOUND, where: [] };
  }
  if (driver.kind === "merged")
    return {
      from: sql`inventory_values v ${join}`,
      id: FOUND,
      where: [sql`v.tenant_id = ${tenant} AND v.key = ${driver.term.key} AND v.value = g.value`],
    };
  const values = onValues(driver.term) ?? ALWAYS;
  if (driver.kind === "value")
    return {
      from: sql`inventory_values v ${join}`,
      id: FOUND,
      where: [sql`v.tenant_id = ${tenant} AND ${values}`],
    };
  const set = sql`(SELECT DISTINCT v.tenant_id, v.device_id FROM ${inventoryValuesTable} v
    WHERE v.tenant_id = ${tenant} AND ${values}) v`;
  return { from: sql`${set} ${join}`, id: FOUND, where: [] };
}

const coversTerm = (driver: Driver, term: Term): boolean =>
  (driver.kind === "merged" && driver.term === term) ||
  (driver.kind === "value" && driver.term === term && isSelective(term));

/** The conditions that a driver leaves open. */
const openTerms = (query: DeviceQuery, driver: Driver | undefined): Term[] =>
  query.terms.filter((term) => !driver || !coversTerm(driver, term));

/** Conditions for a page: columns on the row, which is read anyway, stored values by look-up where possible. */
export const checks = (query: DeviceQuery, driver: Driver | undefined, id: SQL): SQL[] => [
  ...openTerms(query, driver).map((term) =>
    columnOf(term.key) ? onDevice(term) : (asLookUp(term, query.tenant, id) ?? onDevice(term)),
  ),
  ...(query.ids && driver?.kind !== "ids" ? [inJson(DEVICE, query.ids)] : []),
];

/** What a device is sorted by: of an array the member that comes first in that direction. */
export function sortValue({ key, descending }: SortKey): SQL {
  const column = columnOf(key);
  if (column) return column;
  return sql`(SELECT ${sql.raw(descending ? "max" : "min")}(CASE m.type WHEN 'text' THEN substr(m.atom, 1, 256)
    WHEN 'true' THEN x'01' WHEN 'false' THEN x'00' ELSE m.atom END) FROM json_each(d.attributes, ${valuePath(key)}) m)`;
}

export const direction = (descending: boolean): SQL => sql.raw(descending ? "DESC" : "ASC");

export const byValue = (sortKey: SortKey): SQL => {
  const value = sortValue(sortKey);
  return sql`${value} IS NULL, ${value} ${direction(sortKey.descending)}`;
};

export const orderBy = (pieces: readonly SQL[]): SQL => sql.join([...pieces], sql`, `);

/** A limit of nothing unless the guard holds: unlike a condition it is looked at before any row is. */
const guarded = (limit: number, guard: SQL | undefined): SQL =>
  guard ? sql`CASE WHEN ${guard} THEN ${limit} ELSE 0 END` : sql`${limit}`;

interface Guarded extends Window {
  guard?: SQL | undefined;
}

/** One page of a search by its plan. With a guard it finds and reads nothing unless that holds. */
export function searchPage(query: DeviceQuery, plan: Plan, window: Guarded): Statement<DeviceRow[]> {
  if (plan.kind === "walk") return rows(along(query, walkOf(query, plan.bounds), window));
  if (plan.driver.kind === "merged") return rows(merge(query, plan.driver, window));
  if (plan.kind === "stream") return rows(along(query, { trail: trailOf(plan.driver) }, window));
  const { from, id, where } = sourceOf(query.tenant, plan.driver, true);
  const after = window.after === undefined ? [] : [sql`${id} > ${window.after}`];
  const conditions = [...where, ...after, ...checks(query, plan.driver, id)];
  const order = orderBy([...query.sort.map(byValue), sql`d.device_id ${direction(isBackwards(query))}`]);
  const { offset, limit, guard } = window;
  return rows(sql`SELECT ${DEVICE_COLUMNS} FROM ${from} WHERE ${all(conditions)} ORDER BY ${order}
    LIMIT ${guarded(limit, guard)} OFFSET ${offset}`);
}

export const isBackwards = ({ sort }: DeviceQuery): boolean => sort[0]?.descending ?? false;

/** A trail with what else must hold of those met on it. */
export interface Way {
  trail: Trail;
  further?: readonly SQL[];
}

/** Along the values of the first sort key. A device whose value is an empty list has none to be sorted by. */
export const walkOf = (query: DeviceQuery, bounds: Term | undefined): Way => {
  const [first] = query.sort;
  if (!first) throw new Error("a walk needs a sort key");
  return {
    trail: { kind: "values", key: first.key, bounds },
    further: [sql`v.value <> x''`, ...inGroups(query)],
  };
};

/** The devices that lack the first sort key, which come after all that have it. */
export const missingOf = (query: DeviceQuery): Required<Way> => {
  const [first] = query.sort;
  if (!first) throw new Error("only a sorted search has devices without its key");
  return { trail: { kind: "devices" }, further: [sql`${sortValue(first)} IS NULL`] };
};

/** The first of what is met on a trail, in its order: reading ends with the page. */
function along(query: DeviceQuery, { trail, further }: Way, { limit, offset, after, guard }: Guarded): SQL {
  const position = after === undefined ? undefined : afterDevice(after);
  const stretch = { after: position, size: query.stretch, descending: isBackwards(query), guard };
  const { from, where } = foundOn(query, trail, stretch, further, true);
  return sql`SELECT ${DEVICE_COLUMNS} FROM ${from} WHERE ${where} LIMIT ${limit} OFFSET ${offset}`;
}

/** Devices by id, in the order given. */
export const devicesById = (tenant: TenantId, ids: readonly string[]): Statement<DeviceRow[]> =>
  rows(sql`
    SELECT ${DEVICE_COLUMNS} FROM json_each(${JSON.stringify(ids)}) g
    CROSS JOIN ${inventoryDevicesTable} d ON d.tenant_id = ${tenant} AND d.device_id = g.value`);

/** Reads of each value no more than all of them together may need, so that a page costs the same in any fleet. */
function merge(query: DeviceQuery, driver: Merged, { limit, offset, after, guard }: Guarded): SQL {
  const { from, id, where } = found(query, driver);
  const backwards = direction(query.sort[0]?.descending ?? false);
  const conditions = after === undefined ? where : [...where, sql`${id} > ${after}`];
  const ofOneValue = sql`SELECT ${id} FROM ${from} WHERE ${all(conditions)} ORDER BY ${id} ${backwards} LIMIT ${offset + limit}`;
  return sql`SELECT ${DEVICE_COLUMNS} FROM (
      SELECT m.tenant_id, m.device_id FROM json_each(${JSON.stringify(driver.term.values)}) g
        CROSS JOIN ${inventoryValuesTable} m ON m.tenant_id = ${query.tenant} AND m.key = ${driver.term.key}
          AND m.value = g.value AND m.device_id IN (${ofOneValue})
      ORDER BY m.device_id ${backwards} LIMIT ${guarded(limit, guard)} OFFSET ${offset}) v
    ${joined} ORDER BY d.device_id ${backwards}`;
}

/** Few groups may hold few of the devices that a walk meets: a look-up tells those before their rows are read. */
const inGroups = ({ tenant, terms }: DeviceQuery): SQL[] =>
  terms.flatMap((term) => {
    if (term.kind !== "any" || term.key !== GROUP_KEY || term.negated || term.values.length > FEW_GROUPS)
      return [];
    const lookUps = term.values.map((value) => asLookUp({ ...term, values: [value] }, tenant, FOUND));
    return lookUps.every((one) => one !== undefined) ? [some(lookUps)] : [];
  });

/** What a search finds, reading only searchable values where that is enough. */
function found(query: DeviceQuery, driver: Driver): Source {
  const bare = sourceOf(query.tenant, driver, false);
  const lookUps = openTerms(query, driver).map((term) => asLookUp(term, query.tenant, bare.id));
  if (driver.kind !== "devices" && lookUps.every((condition) => condition !== undefined))
    return { ...bare, where: [...bare.where, ...lookUps] };
  const { from, id, where } = sourceOf(query.tenant, driver, true);
  return { from, id, where: [...where, ...checks(query, driver, id)] };
}

/** Counts exactly. */
export function countOf(query: DeviceQuery, driver: Driver): SQL {
  const { from, where } = found(query, driver);
  return sql`SELECT count(*) FROM ${from} WHERE ${all(where)}`;
}

/** The ids of all that a search finds. */
export function idsOf(query: DeviceQuery, driver: Driver): SQL {
  const { from, id, where } = found(query, driver);
  return sql`SELECT ${id} AS device_id FROM ${from} WHERE ${all(where)}`;
}

const FACET_COLUMNS: Record<string, string> = {
  "identity-status": "k.status",
  "system-group": "k.group_name",
  "system-tier": "k.tier",
};

export const kindColumn = (key: string): SQL => sql.raw(FACET_COLUMNS[key] ?? "k.tier");

/** A search over status, group and tier only as conditions on the numbers kept for them. */
export const ofKinds = (query: DeviceQuery): SQL[] => [
  sql`k.tenant_id = ${query.tenant}`,
  ...query.terms.map((term) => onKind(term, kindColumn(term.key))),
];

/** The total of such a search. */
export const countKinds = (query: DeviceQuery): SQL =>
  sql`SELECT coalesce(sum(k.devices), 0) FROM ${inventoryCountsTable} k WHERE ${all(ofKinds(query))}`;

/** There, a missing value is an empty text. */
function onKind(term: Term, column: SQL): SQL {
  if (term.kind === "place" || term.kind === "either")
    throw new Error(`a ${term.kind} is not counted by kind`);
  if (term.kind === "exists") return term.negated ? sql`${column} = ''` : sql`${column} > ''`;
  const present = (condition: SQL, orMissing: boolean) =>
    orMissing ? sql`(${column} = '' OR (${condition}))` : sql`(${column} > '' AND (${condition}))`;
  if (term.kind === "range") {
    const low = term.low && sql`${column} ${sql.raw(term.low.inclusive ? ">=" : ">")} ${term.low.value}`;
    const high = term.high && sql`${column} ${sql.raw(term.high.inclusive ? "<=" : "<")} ${term.high.value}`;
    return present(all([low, high].filter((bound) => bound !== undefined)), term.orMissing);
  }
  const values = sql`SELECT value FROM json_each(${JSON.stringify(term.values)})`;
  return term.negated
    ? sql`(${column} = '' OR ${column} NOT IN (${values}))`
    : sql`(${column} > '' AND ${column} IN (${values}))`;
}

/** How many devices a term finds, looking at no more than `bound` + 1. */
export const sizeOf = (tenant: TenantId, term: Term, bound: number): Statement<number> => {
  const counted = firstRow<{ n: number }>(sql`
    SELECT count(*) AS n FROM (
      SELECT 1 FROM ${inventoryValuesTable} v WHERE v.tenant_id = ${tenant} AND ${onValues(term) ?? ALWAYS} LIMIT ${bound + 1})`);
  return { ...counted, read: (result) => counted.read(result)?.n ?? 0 };
};

/** The different texts under a key from `from` on, each found by one step along the index. */
export const distinctTexts = (
  tenant: TenantId,
  key: string,
  prefix: string,
  limit: number,
): Statement<{ value: string }[]> =>
  rows(sql`
    WITH RECURSIVE texts(value) AS (
      SELECT * FROM (SELECT value FROM ${inventoryValuesTable}
        WHERE tenant_id = ${tenant} AND key = ${key} AND value >= ${prefix} AND value < x'' ORDER BY value LIMIT 1)
      UNION ALL
      SELECT (SELECT value FROM ${inventoryValuesTable}
        WHERE tenant_id = ${tenant} AND key = ${key} AND value > texts.value AND value < x'' ORDER BY value LIMIT 1)
      FROM texts WHERE texts.value IS NOT NULL AND texts.value < ${`${prefix}\u{10FFFF}`})
    SELECT value FROM texts WHERE value < ${`${prefix}\u{10FFFF}`} LIMIT ${limit}`);

/** Ids of devices that begin so, for expressions on the id itself. */
export const deviceIds = (tenant: TenantId, prefix: string, limit: number): Statement<{ value: string }[]> =>
  rows(sql`
    SELECT device_id AS value FROM ${inventoryDevicesTable}
    WHERE tenant_id = ${tenant} AND device_id >= ${prefix} AND device_id < ${`${prefix}\u{10FFFF}`}
    ORDER BY device_id LIMIT ${limit}`);
