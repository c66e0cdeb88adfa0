import { parseKey } from "../../src/deviceauth/device-key.ts";
import { toStoredKey } from "../../src/deviceauth/stored-key.ts";
import { parseIdentity } from "../../src/deviceauth/identity.ts";
import { toStored } from "../../src/inventory/attributes.ts";
import { deviceCheckInStatements } from "../../src/devices/contact.ts";
import { asDeviceId, asTenantId } from "../../src/platform/ids.ts";
import type { DailyStamp } from "../report/results.ts";
import { openDatabase, TENANT, withoutTriggers, type SeedDatabase } from "../seed-database.ts";
import { loadInventory, type FleetDevice } from "../seed-inventory.ts";
import { standInPem } from "../stand-in-keys.ts";
import {
  authSetIdOf,
  deviceIdOf,
  identityOf,
  keysOf,
  reportOf,
  TARGET_GROUP,
  type FleetPlan,
} from "./device.ts";

const PIECE = 2000;
const DAY_MS = 86_400_000;

const INSERTS = [
  `INSERT INTO devices (tenant_id, device_id, identity_hash, identity, status, revision, provisioned, created_ms, updated_ms, seen_ms)
   SELECT ?1, value ->> 'id', value ->> 'identityHash', value ->> 'identity', 'accepted', 1, 1, value ->> 'atMs', value ->> 'atMs',
     value ->> 'atMs'
   FROM json_each(?2)`,
  `INSERT INTO auth_sets (tenant_id, auth_set_id, device_id, key_hash, pubkey, status, created_ms)
   SELECT ?1, value ->> 'set', value ->> 'id', value ->> 'keyHash', value ->> 'storedKey', 'accepted', value ->> 'atMs'
   FROM json_each(?2)`,
];

const COUNT = "INSERT INTO device_counts VALUES (?, 'accepted', 'standard', ?)";

/** A device that has reported and was seen today, so that nothing of its first contact is part of what is measured. */
function inventoryOf(index: number, plan: FleetPlan, nowMs: number): FleetDevice {
  return {
    id: deviceIdOf(index),
    status: "accepted",
    group: index < plan.outsiders ? null : TARGET_GROUP,
    created: nowMs - 30 * DAY_MS,
    updated: nowMs,
    checkIn: nowMs,
    attributes: {
      ...toStored("identity", [{ name: "mac", value: identityOf(index).mac }]),
      ...toStored("inventory", reportOf(index)),
    },
  };
}

function admissionOf(index: number, plan: FleetPlan, atMs: number) {
  const identity = parseIdentity(JSON.stringify(identityOf(index)));
  const key = parseKey(index < plan.keyHolders ? keysOf(index).publicPem : standInPem(index));
  if (!identity.ok || !key.ok) throw new Error("the server cannot read what the bench makes");
  return {
    id: deviceIdOf(index),
    set: authSetIdOf(index),
    identity: identity.identity.text,
    identityHash: identity.identity.hash,
    keyHash: key.key.hash,
    storedKey: toStoredKey(key.key.pem),
    atMs,
  };
}

/** The next day's first contact of one device, by the server's own statements. */
async function stampOnce(db: SeedDatabase, nextDayMs: number): Promise<DailyStamp> {
  const device = asDeviceId(deviceIdOf(0));
  const statements = deviceCheckInStatements(asTenantId(TENANT), device, nextDayMs);
  const results = await db.batch(statements.map(({ sql, params }) => db.prepare(sql).bind(...params)));
  const total = (of: (meta: D1Meta) => number) => results.reduce((sum, { meta }) => sum + of(meta), 0);
  return { rowsRead: total((meta) => meta.rows_read), rowsWritten: total((meta) => meta.rows_written) };
}

/** Puts the accepted devices of a fleet into the database of a server that is not running. */
export async function seedFleet(data: string, plan: FleetPlan): Promise<DailyStamp> {
  const { db, close } = await openDatabase(data);
  const [nowMs, count] = [Date.now(), plan.outsiders + plan.targets];
  await loadInventory(db, count, (index) => inventoryOf(index, plan, nowMs));
  await withoutTriggers(db, "devices", async () => {
    for (let from = 0; from < count; from += PIECE) {
      const length = Math.min(PIECE, count - from);
      const piece = Array.from({ length }, (_, i) => admissionOf(from + i, plan, nowMs - 30 * DAY_MS));
      await db.batch(INSERTS.map((insert) => db.prepare(insert).bind(TENANT, JSON.stringify(piece))));
    }
    await db.prepare(COUNT).bind(TENANT, count).run();
  });
  const stamp = await stampOnce(db, nowMs + DAY_MS);
  await close();
  return stamp;
}
