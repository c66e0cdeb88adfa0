import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { STATUS_CODES } from "../src/deployments/status.ts";
import { parseKey } from "../src/deviceauth/device-key.ts";
import { toStoredKey } from "../src/deviceauth/stored-key.ts";
import { newOrderedUuid } from "../src/platform/ids.ts";
import { newPledge } from "../src/platform/near-reports.ts";
import { TENANT } from "./seed-database.ts";
import { fleetDevice, type FleetDevice } from "./seed-inventory.ts";
import { standInPem } from "./stand-in-keys.ts";

/**
 * A fleet too great to be loaded through the runtime: straight into the file of a server that is not running, each table in the
 * order of its keys. As after admission and a first report: device, set and key, twelve attributes, words, counts.
 */
const PIECE = 5000;
const CACHE_KIB = 2_000_000;

const REPORTED = [
  "device_type",
  "artifact_name",
  "rootfs-image.version",
  "mender_client_version",
  "hostname",
  "kernel",
  "os",
  "cpu_model",
  "mac_eth0",
  "ipv4_eth0",
  "site",
  "temperature",
].map((name) => `inventory-${name}`);

/** A device as after admission and a first report: twelve attributes beside its identity. */
export function greatDevice(index: number): FleetDevice {
  const device = fleetDevice(index);
  const attributes = Object.entries(device.attributes).filter(
    ([key]) => !key.startsWith("inventory-") || REPORTED.includes(key),
  );
  return { ...device, attributes: Object.fromEntries(attributes) };
}

const DEVICES = `
  INSERT INTO inventory_devices
    (tenant_id, device_id, status, group_name, created_ms, updated_ms, check_in_ms, attributes, report_revision, pledge)
  SELECT ?1, value ->> 'id', value ->> 'status', value ->> 'group', value ->> 'created', value ->> 'updated',
    value ->> 'checkIn', value -> 'attributes', 1, new_pledge(value ->> 'updated')
  FROM json_each(?2)`;

const MEMBER = `CASE m.type WHEN 'text' THEN substr(m.atom, 1, 256) WHEN 'true' THEN x'01' WHEN 'false' THEN x'00'
  ELSE coalesce(m.atom, x'') END`;

/** What triggers and admission would have done one by one. */
const DERIVED = [
  `INSERT OR IGNORE INTO inventory_values
   SELECT d.tenant_id, a.key, ${MEMBER}, d.device_id
   FROM inventory_devices d, json_each(d.attributes) a LEFT JOIN json_each(a.value, '$[0]') m
   UNION ALL
   SELECT d.tenant_id, c.key, c.atom, d.device_id
   FROM inventory_devices d, json_each(json_object('identity-status', d.status, 'system-check_in_time', d.check_in_ms,
     'system-created_ts', d.created_ms, 'system-group', d.group_name, 'system-tier', d.tier,
     'system-updated_ts', d.updated_ms)) c
   WHERE c.atom IS NOT NULL ORDER BY 2, 3, 4`,
  `INSERT INTO inventory_keys
   SELECT d.tenant_id, a.key, count(*) FROM inventory_devices d, json_each(d.attributes) a GROUP BY 1, 2`,
  `INSERT INTO inventory_keys
   SELECT tenant_id, 'system-check_in_time', count(*) FROM inventory_devices WHERE check_in_ms IS NOT NULL GROUP BY 1`,
  `INSERT INTO inventory_counts
   SELECT tenant_id, coalesce(group_name, ''), coalesce(status, ''), tier, count(*) FROM inventory_devices GROUP BY 1, 2, 3, 4`,
  `INSERT INTO inventory_text (rowid, tenant, body)
   SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || (
     SELECT group_concat(substr(m.atom, 1, 256), ' ') FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
     WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*'))
   FROM inventory_devices d ORDER BY 1`,
  `INSERT INTO devices (tenant_id, device_id, identity_hash, identity, status, revision, provisioned, created_ms, updated_ms, seen_ms)
   SELECT tenant_id, device_id, lower(hex(randomblob(32))), json_object('mac', attributes ->> '$.identity-mac[0]'), status, 1,
     status = 'accepted', created_ms, created_ms, coalesce(check_in_ms, created_ms)
   FROM inventory_devices ORDER BY 1, 2`,
  `INSERT INTO auth_sets (tenant_id, auth_set_id, device_id, key_hash, pubkey, status, created_ms)
   SELECT tenant_id, new_set(created_ms), device_id, lower(hex(randomblob(32))), new_key(device_no), status, created_ms
   FROM (SELECT * FROM inventory_devices ORDER BY created_ms)`,
];

/** A deployment to all accepted devices that each of them has ended. */
export const GREAT_DEPLOYMENT = "00001000-0000-4000-8000-000000000000";

/** What a fleet leaves behind: a deployment, and as many entries of the audit log, alerts of silence and sessions as devices. */
const HISTORY = [
  `INSERT INTO deployments (tenant_id, seq, deployment_id, kind, name, artifact_name, created_ms, scope, fingerprint)
   VALUES ('${TENANT}', 1000, '${GREAT_DEPLOYMENT}', 'software', 'great', 'release-3', 1, 'all', 'great')`,
  `INSERT INTO deployment_counters (tenant_id, seq, stage, opens_ms, max_devices, remaining, unseen, success)
   SELECT '${TENANT}', 1000, 2, 1, count(*), 0, 0, count(*) FROM inventory_devices WHERE status = 'accepted'`,
  `INSERT INTO device_deployments (tenant_id, device_id, seq, status, active, opens_ms, attempts, joined_ms, started_ms, finished_ms)
   SELECT tenant_id, device_id, 1000, ${STATUS_CODES.success}, 0, 1, 1, 1, 1, 2 FROM inventory_devices WHERE status = 'accepted' ORDER BY 1, 2`,
  `INSERT INTO audit_log (tenant_id, time_ms, id, actor_type, actor_id, actor_email, action, object_type, object_id, object, position)
   SELECT tenant_id, 1.7e12 + device_no * 17000, printf('%032x', device_no), 'user', 'u' || device_no % 50, 'u' || device_no % 50 || '@example.com',
     'reject', 'device', device_id, '{}', device_no + coalesce((SELECT max(position) FROM audit_log), 0) FROM inventory_devices ORDER BY device_no`,
  `INSERT INTO server_alerts (tenant_id, raised_ms, kind, object, level, text)
   SELECT tenant_id, 1.7e12 + device_no, 'silent', device_id, 'CRITICAL', '' FROM inventory_devices ORDER BY device_no`,
  `INSERT INTO device_sessions (tenant_id, session_id, device_id, user_id, user_email, kind, started_ms, ended_ms)
   SELECT tenant_id, 's' || device_no, device_id, 'u', 'u@example.com', 'terminal', 1.7e12 + device_no * 3000, 1.7e12 + device_no * 3000 + 1 FROM inventory_devices`,
].map((sql) => sql.replaceAll("1.7e12", "1700000000000"));

/** The file of the database in a data folder. */
export async function databaseFile(data: string): Promise<string> {
  const root = join(data, "state");
  for (const name of await readdir(root, { recursive: true })) {
    if (!name.endsWith(".sqlite") || !name.includes("d1")) continue;
    const path = join(root, name);
    const db = new DatabaseSync(path);
    const found = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'inventory_devices'").get();
    db.close();
    if (found) return path;
  }
  throw new Error(`no database in ${data}`);
}

/** What the product makes that SQL does not. */
function addFunctions(db: DatabaseSync): void {
  db.function("new_pledge", (atMs) => newPledge(Number(atMs)));
  db.function("new_set", (atMs) => newOrderedUuid(Number(atMs)));
  db.function("new_key", (index) => {
    const parsed = parseKey(standInPem(Number(index)));
    if (!parsed.ok) throw new Error(parsed.problem);
    return toStoredKey(parsed.key.pem);
  });
}

function withoutTriggers(db: DatabaseSync, tables: readonly string[], work: () => void): void {
  const triggers = db
    .prepare(
      "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN (SELECT value FROM json_each(?))",
    )
    .all(JSON.stringify(tables));
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${String(name)}`);
  work();
  for (const { sql } of triggers) db.exec(String(sql));
}

/** Loads the fleet into the data folder of a server that ran before. Returns how long it took, in seconds. */
export async function seedGreatFleet(data: string, count: number): Promise<number> {
  const start = performance.now();
  const db = new DatabaseSync(await databaseFile(data));
  db.exec(`PRAGMA synchronous = OFF; PRAGMA temp_store = FILE; PRAGMA cache_size = -${CACHE_KIB}; BEGIN`);
  addFunctions(db);
  withoutTriggers(db, ["inventory_devices", "devices", "device_deployments"], () => {
    const insert = db.prepare(DEVICES);
    for (let from = 0; from < count; from += PIECE) {
      const size = Math.min(PIECE, count - from);
      insert.run(TENANT, JSON.stringify(Array.from({ length: size }, (_, i) => greatDevice(from + i))));
    }
    for (const sql of [...DERIVED, ...HISTORY]) {
      db.exec(sql);
      console.error(
        `${((performance.now() - start) / 1000).toFixed(0)} s: ${sql.slice(0, 40).replaceAll("\n", " ")}`,
      );
    }
  });
  db.exec(`INSERT INTO device_counts SELECT tenant_id, status, tier, count(*) FROM devices GROUP BY 1, 2, 3 ON CONFLICT DO UPDATE SET devices = excluded.devices;
    COMMIT; PRAGMA wal_checkpoint(TRUNCATE)`);
  db.close();
  return (performance.now() - start) / 1000;
}
