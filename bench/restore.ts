/**
 * How long a tenant is read and not written while it is restored to a minute, by `npm run bench:restore`; devices with twelve
 * attributes each, all of them in another group than they were and one in ten removed. `-- 100000` restores so many instead of
 * 10,000.
 */
import { setTimeout as wait } from "node:timers/promises";
import { startLocalServer, newDataFolder, type LocalServer } from "./local-server.ts";
import { openDatabase, TENANT } from "./seed-database.ts";
import { planFleet } from "./fleet/device.ts";
import { seedFleet } from "./fleet/seed.ts";

const DEVICES = Number(process.argv[2] ?? 10_000);
const REMOVED_ONE_IN = 10;
const ASK_EVERY_MS = 250;
const PIECE = 1000;

interface Restore {
  id: string;
  state: string;
  error?: string;
  paused_at: string;
  resumed_at: string;
  begun_at: string;
  updated_at: string;
  progress: { images: number };
  changes: { devices_back: { count: number } };
}

async function ask<T>(server: LocalServer, method: string, path: string, body?: object): Promise<T> {
  const answer = await fetch(`${server.url}/api/operator/v1/tenants/${TENANT}/${path}`, {
    method,
    headers: { Authorization: `Bearer ${server.operatorToken}`, "Content-Type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as T;
}

/** The first time that the tenant can be restored to. */
async function journaled(server: LocalServer): Promise<string> {
  for (;;) {
    const { oldest } = await ask<{ oldest?: string }>(server, "GET", "journal");
    if (oldest !== undefined) return oldest;
    await wait(ASK_EVERY_MS);
  }
}

/** Every device is another, or gone; a piece at a time, as no statement of the server does more. */
async function spoil(data: string): Promise<void> {
  const { db, close } = await openDatabase(data);
  const piece = `SELECT device_id FROM devices WHERE tenant_id = '${TENANT}' AND device_id > ?1 ORDER BY device_id LIMIT ${PIECE}`;
  for (let after = ""; ;) {
    const { results } = await db.prepare(piece).bind(after).all<{ device_id: string }>();
    const last = results.at(-1)?.device_id;
    if (last === undefined) break;
    const ids = results.map(({ device_id: id }) => id);
    const gone = JSON.stringify(ids.filter((_, i) => i % REMOVED_ONE_IN === 0));
    const among = (n: number) =>
      `tenant_id = '${TENANT}' AND device_id IN (SELECT value FROM json_each(?${n}))`;
    await db.batch([
      db
        .prepare(`UPDATE inventory_devices SET group_name = 'lost', updated_ms = ?2 WHERE ${among(1)}`)
        .bind(JSON.stringify(ids), Date.now()),
      ...["inventory_devices", "auth_sets", "devices"].map((table) =>
        db.prepare(`DELETE FROM ${table} WHERE ${among(1)}`).bind(gone),
      ),
    ]);
    after = last;
  }
  await close();
}

const data = await newDataFolder();
// The journal begins with the fleet.
await (await startLocalServer(data, { JOURNAL: "off" })).stop();
await seedFleet(data, planFleet(DEVICES));
const first = await startLocalServer(data);
const to = await journaled(first);
await first.stop();
await spoil(data);
const server = await startLocalServer(data);

try {
  let restore = await ask<Restore>(server, "POST", "restores", { to });
  while (restore.state === "running") {
    await wait(ASK_EVERY_MS);
    restore = await ask<Restore>(server, "GET", `restores/${restore.id}`);
  }
  if (restore.state !== "done") throw new Error(restore.error ?? restore.state);
  const seconds = (from: string, until: string) => (Date.parse(until) - Date.parse(from)) / 1000;
  const { begun_at: begun, updated_at: updated, paused_at: paused, resumed_at: resumed } = restore;
  console.log(
    `${DEVICES} devices, ${restore.progress.images} records, ${restore.changes.devices_back.count} devices back: ` +
      `${seconds(paused, resumed)} s without writing, ${seconds(begun, updated)} s in all`,
  );
} finally {
  await server.stop();
}
