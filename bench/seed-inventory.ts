import { toStored, type Attribute, type StoredAttributes } from "../src/inventory/attributes.ts";
import { openDatabase, TENANT, withoutTriggers, type SeedDatabase } from "./seed-database.ts";

/** A fleet that can be made again: the same index has the same attributes, whatever the size of the fleet. */
export interface FleetDevice {
  id: string;
  status: string;
  group: string | null;
  created: number;
  updated: number;
  checkIn: number | null;
  attributes: StoredAttributes;
}

const START_MS = Date.parse("2026-01-01T00:00:00Z");
const DAY_MS = 86_400_000;

/** Numbers from 0 to 1 that depend on the index and the purpose only. */
function chance(index: number, purpose: number): number {
  let x = (index * 0x9e3779b1 + purpose * 0x85ebca6b) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
}

const pick = <T>(index: number, purpose: number, values: readonly T[]): T =>
  values[Math.floor(chance(index, purpose) * values.length)] as T; // a share of less than one is always inside

const TYPES = ["raspberrypi4", "raspberrypi5", "beaglebone", "qemux86-64"];
const RELEASES = Array.from({ length: 8 }, (_, i) => `release-${i + 1}`);
const SITES = ["berlin", "paris", "oslo", "lima", "nairobi", "osaka", "austin", "perth"];

/** Thirty attributes as devices report them, from the same on all to different on each. */
function reported(index: number): Attribute[] {
  const text = (name: string, value: string) => ({ name, value });
  const number = (name: string, value: number) => ({ name, value });
  return [
    text("device_type", pick(index, 1, TYPES)),
    text("artifact_name", pick(index, 2, RELEASES)),
    text("rootfs-image.version", pick(index, 2, RELEASES)),
    text("mender_client_version", pick(index, 3, ["4.0.4", "5.0.1", "5.0.2"])),
    text("kernel", pick(index, 4, ["6.6.31", "6.6.51", "6.12.9"])),
    text("os", "Poky (Yocto Project Reference Distro) 5.0"),
    text("cpu_model", pick(index, 5, ["ARMv8 Cortex-A72", "ARMv8 Cortex-A76", "ARMv7 Cortex-A8"])),
    text("hostname", `${pick(index, 6, SITES)}-gw-${index}`),
    text("serial_no", `SN${(index * 7919 + 100_000_007).toString(36).toUpperCase()}`),
    text(
      "mac_eth0",
      `02:00:${index
        .toString(16)
        .padStart(8, "0")
        .replace(/(..)(?=.)/g, "$1:")}`,
    ),
    { name: "ipv4_eth0", value: [`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}/8`] },
    {
      name: "features",
      value: ["wifi", "bluetooth", "lora", "gps"].filter((_, i) => chance(index, 10 + i) < 0.5),
    },
    text("site", pick(index, 6, SITES)),
    text("bootloader", pick(index, 7, ["u-boot 2024.01", "grub 2.12"])),
    text("timezone", "UTC"),
    number("mem_total_kB", pick(index, 8, [1_000_000, 2_000_000, 4_000_000])),
    number("temperature", Math.round(chance(index, 20) * 8000) / 100),
    number("battery", Math.round(chance(index, 21) * 100)),
    number("uptime_h", Math.floor(chance(index, 22) * 5000)),
    number("disk_free_MB", Math.floor(chance(index, 23) * 30_000)),
    number("rssi", -Math.floor(chance(index, 24) * 90)),
    ...Array.from({ length: 9 }, (_, i) =>
      text(`app_${i}`, `${i}.${Math.floor(chance(index, 30 + i) * 12)}.0`),
    ),
  ];
}

export const fleetId = (index: number): string =>
  `${Math.floor(chance(index, 99) * 2 ** 32)
    .toString(16)
    .padStart(8, "0")}-0000-4000-8000-${index.toString(16).padStart(12, "0")}`;

export function fleetDevice(index: number): FleetDevice {
  const seen = chance(index, 41) < 0.97;
  return {
    id: fleetId(index),
    status: chance(index, 40) < 0.97 ? "accepted" : pick(index, 42, ["pending", "rejected"]),
    group: chance(index, 43) < 0.6 ? `group-${Math.floor(chance(index, 44) * 40)}` : null,
    created: START_MS + Math.floor(chance(index, 45) * 300) * DAY_MS + index,
    updated: START_MS + 300 * DAY_MS + Math.floor(chance(index, 46) * 20 * DAY_MS),
    checkIn: seen ? START_MS + 318 * DAY_MS + Math.floor(chance(index, 47) * 3 * DAY_MS) : null,
    attributes: {
      ...toStored("identity", [{ name: "mac", value: `02:00:${index}` }]),
      ...toStored("inventory", reported(index)),
      ...(chance(index, 48) < 0.3
        ? toStored("tags", [{ name: "name", value: `unit ${index}` }], START_MS)
        : {}),
    },
  };
}

/** Devices whose rows one statement makes, and whose searchable values another sorts and adds. */
const PIECE = 400;
const SORTED = 20_000;

const DEVICES = `
  INSERT INTO inventory_devices
    (tenant_id, device_id, status, group_name, created_ms, updated_ms, check_in_ms, attributes)
  SELECT ?1, value ->> 'id', value ->> 'status', value ->> 'group', value ->> 'created', value ->> 'updated',
    value ->> 'checkIn', value -> 'attributes'
  FROM json_each(?2)`;

/** What the triggers would do for each device by itself, for many at once and in the order of the tables. */
const DERIVED = [
  `INSERT INTO inventory_values
   SELECT d.tenant_id, a.key, CASE m.type WHEN 'text' THEN substr(m.atom, 1, 256) ELSE coalesce(m.atom, x'') END,
     d.device_id
   FROM inventory_devices d, json_each(d.attributes) a LEFT JOIN json_each(a.value, '$[0]') m
   WHERE d.device_no BETWEEN ?1 AND ?2 ORDER BY 2, 3, 4`,
  `INSERT INTO inventory_values
   SELECT d.tenant_id, c.key, c.atom, d.device_id
   FROM inventory_devices d, json_each(json_object('identity-status', d.status, 'system-check_in_time', d.check_in_ms,
     'system-created_ts', d.created_ms, 'system-group', d.group_name, 'system-tier', d.tier,
     'system-updated_ts', d.updated_ms)) c
   WHERE d.device_no BETWEEN ?1 AND ?2 AND c.atom IS NOT NULL ORDER BY 2, 3, 4`,
  `INSERT INTO inventory_keys
   SELECT tenant_id, 'system-check_in_time', count(*) FROM inventory_devices
   WHERE device_no BETWEEN ?1 AND ?2 AND check_in_ms IS NOT NULL GROUP BY 1
   ON CONFLICT DO UPDATE SET devices = devices + excluded.devices`,
  `INSERT INTO inventory_counts
   SELECT tenant_id, coalesce(group_name, ''), coalesce(status, ''), tier, count(*) FROM inventory_devices
   WHERE device_no BETWEEN ?1 AND ?2 GROUP BY 1, 2, 3, 4
   ON CONFLICT DO UPDATE SET devices = devices + excluded.devices`,
  `INSERT INTO inventory_text (rowid, tenant, body)
   SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || (
     SELECT group_concat(substr(m.atom, 1, 256), ' ') FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
     WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*'))
   FROM inventory_devices d WHERE d.device_no BETWEEN ?1 AND ?2 ORDER BY 1`,
];

const KEYS = `INSERT INTO inventory_keys SELECT ?1, key, value FROM json_each(?2) WHERE true
  ON CONFLICT DO UPDATE SET devices = devices + excluded.devices`;

/** One device that can authenticate, to report. */
const LIVE = [
  `INSERT INTO devices (tenant_id, device_id, identity_hash, identity, status, revision, created_ms, updated_ms)
   VALUES (?1, ?2, 'bench', '{}', 'accepted', 1, 1, 1)`,
  `INSERT INTO auth_sets (tenant_id, auth_set_id, device_id, key_hash, pubkey, status, created_ms)
   VALUES (?1, ?2, ?2, 'k', 'k', 'accepted', 1)`,
];

/** Loads the inventory of this many devices into a database that has none. Returns how long it took, in seconds. */
export async function loadInventory(
  db: SeedDatabase,
  count: number,
  deviceAt: (index: number) => FleetDevice,
): Promise<number> {
  const start = performance.now();
  const keys: Record<string, number> = {};
  await withoutTriggers(db, "inventory_devices", async () => {
    for (let from = 0; from < count; from += SORTED) {
      const to = Math.min(from + SORTED, count);
      for (let at = from; at < to; at += PIECE) {
        const piece = Array.from({ length: Math.min(PIECE, to - at) }, (_, i) => deviceAt(at + i));
        for (const device of piece)
          for (const key of Object.keys(device.attributes)) keys[key] = (keys[key] ?? 0) + 1;
        await db.prepare(DEVICES).bind(TENANT, JSON.stringify(piece)).run();
      }
      await db.batch(DERIVED.map((sql) => db.prepare(sql).bind(from + 1, to)));
    }
    await db.prepare(KEYS).bind(TENANT, JSON.stringify(keys)).run();
  });
  return (performance.now() - start) / 1000;
}

/** Loads the fleet of the search bench into the database of a server that is not running. */
export async function seedFleet(data: string, count: number): Promise<number> {
  const { db, close } = await openDatabase(data);
  const seconds = await loadInventory(db, count, fleetDevice);
  await db.batch(LIVE.map((sql) => db.prepare(sql).bind(TENANT, fleetId(0))));
  await close();
  return seconds;
}

export const reportOf = (index: number): Attribute[] => reported(index);
