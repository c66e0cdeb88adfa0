import { z } from "@hono/zod-openapi";
import { rfc3339 } from "../platform/clock.ts";
import type { Row } from "../platform/columns.ts";
import type { inventoryDevicesTable } from "../devices/index.ts";
import { keyOf, nameOfKey, readStored, type StoredAttribute } from "./attributes.ts";
import type { AttributeOut, DeviceOut } from "./schema.ts";

/** A device's row as the stores select it. */
export type DeviceRow = Row<
  typeof inventoryDevicesTable,
  "device_id" | "status" | "tier" | "group_name" | "created_ms" | "updated_ms" | "check_in_ms" | "attributes"
>;

export type Device = z.output<typeof DeviceOut>;
export type WireAttribute = z.output<typeof AttributeOut>;

/** Attribute that every projection contains. */
const UPDATED = keyOf("system", "updated_ts");

/** A device on the wire, with all attributes or only those of the given keys. */
export function deviceOf(row: DeviceRow, projection?: ReadonlySet<string>): Device {
  const all = attributesOf(row);
  const attributes = projection
    ? all.filter(({ scope, name }) => {
        const key = keyOf(scope, name);
        return key === UPDATED || projection.has(key);
      })
    : all;
  const device: Device = { id: row.device_id, attributes, updated_ts: rfc3339(row.updated_ms) };
  if (!projection) device.identities = identitiesOf(all);
  return device;
}

/** All attributes of a device: those with a column of their own around the stored ones, which keep their order. */
export function attributesOf(row: DeviceRow): WireAttribute[] {
  const own = (scope: string, name: string, value: string | null): WireAttribute[] =>
    value === null ? [] : [{ name, value, scope }];
  const time = (name: string, ms: number | null) => own("system", name, ms === null ? null : rfc3339(ms));
  return [
    ...own("identity", "status", row.status),
    ...Object.entries(readStored(row.attributes)).map(([key, entry]) => stored(key, entry)),
    ...time("created_ts", row.created_ms),
    ...time("updated_ts", row.updated_ms),
    ...time("check_in_time", row.check_in_ms),
    ...own("system", "tier", row.tier),
    ...own("system", "group", row.group_name),
  ];
}

function stored(key: string, [value, description, writtenMs]: StoredAttribute): WireAttribute {
  const attribute: WireAttribute = { ...nameOfKey(key), value };
  if (description) attribute.description = description;
  if (writtenMs !== undefined) attribute.timestamp = rfc3339(writtenMs);
  return attribute;
}

/** What people know a device by: the texts of its identity and the tag `name`. */
const identitiesOf = (attributes: readonly WireAttribute[]): string[] =>
  attributes
    .filter(({ scope, name }) => scope === "identity" || (scope === "tags" && name === "name"))
    .flatMap(({ value }) => value)
    .filter((value) => typeof value === "string");
