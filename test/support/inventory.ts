import { cleanText, keyOf, toStored, type StoredAttributes } from "../../src/inventory/attributes.ts";
import { newId } from "../../src/platform/ids.ts";
import { aTenant } from "./actors.ts";
import type { NaiveDevice } from "./naive-search.ts";
import { env, type Server } from "./server.ts";

export interface InventoryOptions {
  tenant?: string;
  id?: string;
  status?: string | null;
  tier?: string;
  group?: string | null;
  createdMs?: number;
  updatedMs?: number;
  checkInMs?: number | null;
  /** By scope and name. */
  attributes?: Record<string, Record<string, NaiveDevice["attributes"][string]>>;
}

const cleaned = <T>(value: T): T =>
  (Array.isArray(value) ? value.map(cleaned) : typeof value === "string" ? cleanText(value) : value) as T;

const rowOf = (server: Server, tenant: string, options: InventoryOptions) => {
  const attributes: StoredAttributes = {};
  for (const [scope, named] of Object.entries(options.attributes ?? {})) {
    for (const [name, value] of Object.entries(named)) {
      // Monitor values may be booleans, which no request can set.
      if (typeof value === "boolean") attributes[keyOf(scope, name)] = [value];
      else Object.assign(attributes, toStored(scope, [{ name, value: cleaned(value) as string }]));
    }
  }
  return env.DB.prepare(
    `INSERT INTO inventory_devices
      (tenant_id, device_id, status, tier, group_name, created_ms, updated_ms, check_in_ms, attributes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).bind(
    tenant,
    options.id ?? newId(),
    options.status === undefined ? "accepted" : options.status,
    options.tier ?? "standard",
    options.group ?? null,
    options.createdMs ?? server.now,
    options.updatedMs ?? server.now,
    options.checkInMs ?? null,
    JSON.stringify(attributes),
  );
};

/** Devices made directly in the store of inventory. */
export async function inventoryOf(server: Server, devices: readonly InventoryOptions[]): Promise<string[]> {
  const made: string[] = [];
  const statements: D1PreparedStatement[] = [];
  for (const device of devices) {
    const tenant = await aTenant(server, device.tenant ?? "default");
    const id = device.id ?? newId();
    made.push(id);
    statements.push(rowOf(server, tenant, { ...device, id }));
  }
  for (let at = 0; at < statements.length; at += 100) await env.DB.batch(statements.slice(at, at + 100));
  return made;
}
