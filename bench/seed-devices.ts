import { openDatabase, withoutTriggers } from "./seed-database.ts";

/** Ids of seeded devices in their order. */
export const deviceId = (index: number): string =>
  `${index.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;

export const authSetId = (index: number): string =>
  `${index.toString(16).padStart(8, "0")}-0000-4000-9000-000000000000`;

const PIECE = 50_000;
const ID = "printf('%08x-0000-4000-8000-000000000000', i)";
const SET = "printf('%08x-0000-4000-9000-000000000000', i)";
const NUMBERS = "WITH RECURSIVE n(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)";

/** What an accepted device leaves in the database, without the work its admission is. */
const INSERTS = [
  `INSERT INTO inventory_devices (tenant_id, device_id, status, created_ms, updated_ms)
   SELECT 'default', ${ID}, 'accepted', 1, 1 FROM n`,
  `INSERT INTO inventory_values (tenant_id, key, value, device_id)
   SELECT 'default', 'identity-status', 'accepted', ${ID} FROM n`,
  `INSERT INTO devices (tenant_id, device_id, identity_hash, identity, status, revision, created_ms, updated_ms)
   SELECT 'default', ${ID}, ${ID}, '{}', 'accepted', 1, 1, 1 FROM n`,
  `INSERT INTO auth_sets (tenant_id, auth_set_id, device_id, key_hash, pubkey, status, created_ms)
   SELECT 'default', ${SET}, ${ID}, 'k', 'k', 'accepted', 1 FROM n`,
];

/** Puts accepted devices into the database of a server that is not running. */
export async function seedDevices(data: string, count: number): Promise<void> {
  const { db, close } = await openDatabase(data);
  await withoutTriggers(db, "inventory_devices", async () => {
    for (let from = 0; from < count; from += PIECE) {
      const range = [from, Math.min(from + PIECE, count)];
      await db.batch(INSERTS.map((insert) => db.prepare(`${NUMBERS} ${insert}`).bind(...range)));
    }
    const counted = "INSERT INTO inventory_counts VALUES ('default', '', 'accepted', 'standard', ?)";
    await db.prepare(counted).bind(count).run();
  });
  await close();
}
