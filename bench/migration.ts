/**
 * What a migration does to the requests of a fleet that fills a database: how many fail, and how long the slowest waits, while the
 * tables of a change are made and filled in slices. `--whole` adds what no migration may do, for comparison.
 *
 *   node bench/migration.ts [devices] [--data FOLDER: that of a fleet made before] [--whole]
 */
import { rm } from "node:fs/promises";
import { openDataFolder } from "../src/local/data-folder.ts";
import { openSecrets } from "../src/local/secrets.ts";
import { startRuntime } from "../src/local/runtime.ts";
import { seedGreatFleet } from "./great-fleet.ts";
import { freePort, newDataFolder, percentile, startLocalServer } from "./local-server.ts";
import { fleetDevice, fleetId, reportOf } from "./seed-inventory.ts";

const [devices = "1000000"] = process.argv.slice(2).filter((arg) => /^\d+$/.test(arg));
const kept = process.argv.includes("--data") ? process.argv[process.argv.indexOf("--data") + 1] : undefined;
const isWhole = process.argv.includes("--whole");

const SPEAKERS = 200;
const SLICE = 1000;
const REST_MS = 10;
const CALM_MS = 5000;

/** Requests a second of each kind. */
const RATES = { check: 40, report: 20, list: 4 };
type Kind = keyof typeof RATES;

interface Sample {
  kind: Kind;
  ms: number;
  isFailed: boolean;
}

type Database = Awaited<ReturnType<Awaited<ReturnType<typeof startRuntime>>["database"]>>;

/** As a change of a great table has to be made: its own table, kept by triggers from now on, and filled from what there is. */
const MAKE = [
  `CREATE TABLE bench_device_ages (tenant_id TEXT NOT NULL, created_ms INTEGER NOT NULL, device_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, created_ms, device_id)) STRICT, WITHOUT ROWID`,
  `CREATE TRIGGER bench_device_added AFTER INSERT ON devices BEGIN
    INSERT OR IGNORE INTO bench_device_ages VALUES (new.tenant_id, new.created_ms, new.device_id); END`,
  `CREATE TRIGGER bench_device_gone AFTER DELETE ON devices BEGIN
    DELETE FROM bench_device_ages WHERE tenant_id = old.tenant_id AND created_ms = old.created_ms AND device_id = old.device_id; END`,
];
const FILL = `INSERT OR IGNORE INTO bench_device_ages SELECT tenant_id, created_ms, device_id FROM devices
  WHERE tenant_id = 'default' AND device_id > ?1 AND device_id <= ?2`;
const NEXT = `SELECT device_id FROM devices WHERE tenant_id = 'default' AND device_id > ? ORDER BY device_id LIMIT 1 OFFSET ${SLICE - 1}`;
const REMOVE = ["DROP TRIGGER bench_device_added", "DROP TRIGGER bench_device_gone"];
const EMPTY = `DELETE FROM bench_device_ages WHERE (tenant_id, created_ms, device_id) IN (
  SELECT tenant_id, created_ms, device_id FROM bench_device_ages LIMIT ${SLICE})`;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function fill(db: Database): Promise<void> {
  for (let after = ""; ;) {
    const next = await db.prepare(NEXT).bind(after).first<string>("device_id");
    await db
      .prepare(FILL)
      .bind(after, next ?? "g")
      .run();
    if (next === null) return;
    after = next;
    await sleep(REST_MS);
  }
}

async function empty(db: Database): Promise<void> {
  await db.batch(REMOVE.map((sql) => db.prepare(sql)));
  while ((await db.prepare(EMPTY).run()).meta.changes > 0) await sleep(REST_MS);
  await db.prepare("DROP TABLE bench_device_ages").run();
}

/** What a run that was broken off has left; what is not there is no matter. */
async function clean(db: Database): Promise<void> {
  const left = [
    ...REMOVE,
    "DROP TABLE bench_device_ages",
    "DROP INDEX bench_by_age",
    "ALTER TABLE tenants DROP COLUMN bench",
    ...(isWhole ? ["ALTER TABLE devices DROP COLUMN bench"] : []),
  ];
  for (const sql of left)
    await db
      .prepare(sql)
      .run()
      .catch(() => undefined);
}

const run = (sql: string) => async (db: Database) => void (await db.prepare(sql).run());

const STEPS: [name: string, work: (db: Database) => Promise<unknown>][] = [
  ["nothing", () => sleep(CALM_MS)],
  ["a table with its triggers is made", (db) => db.batch(MAKE.map((sql) => db.prepare(sql)))],
  ["it is filled in slices", fill],
  ["a column of a table that does not grow with the fleet", run("ALTER TABLE tenants ADD COLUMN bench TEXT")],
  ["it is emptied in slices and goes", empty],
  ...(isWhole
    ? ([
        [
          "not allowed: an index of a great table",
          run("CREATE INDEX bench_by_age ON devices (tenant_id, created_ms)"),
        ],
        ["not allowed: a column of a great table", run("ALTER TABLE devices ADD COLUMN bench TEXT")],
        ["not allowed: all rows at once", run("UPDATE devices SET bench = '' WHERE tenant_id = 'default'")],
      ] as [string, (db: Database) => Promise<unknown>][])
    : []),
];

/** Requests on a schedule, whether or not the ones before are answered. */
function startLoad(url: string, token: string, tokens: readonly string[]) {
  const samples: Sample[] = [];
  const underWay = new Set<Promise<void>>();
  let n = 0;
  const ask: Record<Kind, () => Promise<Response>> = {
    check: () =>
      fetch(
        `${url}/api/devices/v1/deployments/device/deployments/next?artifact_name=release-1&device_type=raspberrypi4`,
        {
          headers: { Authorization: `Bearer ${tokens[n % tokens.length]}` },
        },
      ),
    report: () =>
      fetch(`${url}/api/devices/v1/inventory/device/attributes`, {
        method: "PATCH",
        headers: { Authorization: `Bearer ${tokens[n % tokens.length]}`, "Content-Type": "application/json" },
        body: JSON.stringify([{ name: "kernel", value: `6.6.${n}` }, ...reportOf(n).slice(0, 3)]),
      }),
    list: () =>
      fetch(`${url}/api/management/v1/inventory/devices?per_page=20&page=${1 + (n % 50)}`, {
        headers: { Authorization: `Bearer ${token}` },
      }),
  };
  const send = async (kind: Kind) => {
    n += 1;
    const start = performance.now();
    const answer = await ask[kind]().catch(() => undefined);
    const text = await answer?.text().catch(() => undefined);
    if (answer === undefined || answer.status >= 400)
      console.error(`${kind}: ${answer?.status} ${text?.slice(0, 200)}`);
    samples.push({
      kind,
      ms: performance.now() - start,
      isFailed: answer === undefined || answer.status >= 400,
    });
  };
  const timers = (Object.keys(RATES) as Kind[]).map((kind) =>
    setInterval(() => {
      const sent = send(kind).finally(() => underWay.delete(sent));
      underWay.add(sent);
    }, 1000 / RATES[kind]),
  );
  return {
    /** What was answered since the last time, with what is still under way. */
    take: async () => {
      await Promise.all(underWay);
      return samples.splice(0);
    },
    stop: async () => {
      timers.forEach(clearInterval);
      await Promise.all(underWay);
    },
  };
}

async function mint(url: string, operatorToken: string, index: number): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const id = fleetId(index);
  const claims = {
    jti: id,
    sub: id,
    iss: "Mender",
    iat: now,
    exp: now + 7200,
    "mender.device": true,
    "mender.tenant": "default",
  };
  const answer = await fetch(`${url}/api/operator/v1/tokens`, {
    method: "POST",
    headers: { Authorization: `Bearer ${operatorToken}`, "Content-Type": "application/json" },
    body: JSON.stringify({ claims }),
  });
  if (answer.status !== 200) throw new Error(`mint: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { token: string }).token;
}

async function measure(data: string, token: string): Promise<void> {
  const folder = openDataFolder(data);
  const secrets = openSecrets(folder, undefined);
  const [port, inner] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const runtime = await startRuntime({
    host: "127.0.0.1",
    port,
    behindTls: { host: "127.0.0.1", port: inner },
    inspectorPort: undefined,
    databases: 1,
    state: folder.state,
    bindings: {
      LOCAL: "true",
      LOCAL_ORIGIN: url,
      OPERATOR_TOKEN: secrets.operatorToken,
      SIGNING_KEY: secrets.signingKey,
    },
    answerWorker: async () => new Response(null, { status: 404 }) as never,
    log: () => {},
  });
  try {
    const tokens: string[] = [];
    for (let i = 0; tokens.length < SPEAKERS; i++)
      if (fleetDevice(i).status === "accepted") tokens.push(await mint(url, secrets.operatorToken, i));
    const db = await runtime.database();
    await clean(db);
    const load = startLoad(url, token, tokens);
    await sleep(CALM_MS);
    await load.take();
    console.log(
      "step                                                      seconds  requests  failed   p50 ms   p99 ms  longest ms",
    );
    for (const [name, work] of STEPS) {
      const start = performance.now();
      await work(db);
      const seconds = (performance.now() - start) / 1000;
      const samples = await load.take();
      const times = samples.map(({ ms }) => ms);
      const cells = [
        seconds.toFixed(1).padStart(8),
        String(samples.length).padStart(9),
        String(samples.filter(({ isFailed }) => isFailed).length).padStart(7),
        percentile(times, 0.5).toFixed(1).padStart(8),
        percentile(times, 0.99).toFixed(1).padStart(8),
        Math.max(0, ...times)
          .toFixed(0)
          .padStart(11),
      ];
      console.log(name.padEnd(56), ...cells);
    }
    await load.stop();
    await clean(db);
  } finally {
    await runtime.stop();
  }
}

const data = kept ?? (await newDataFolder());
try {
  const { token, stop } = await startLocalServer(data);
  await stop();
  if (!kept) console.error(`made in ${(await seedGreatFleet(data, Number(devices))).toFixed(0)} s`);
  await measure(data, token);
} finally {
  if (!kept) await rm(data, { recursive: true, force: true });
}
process.exit(0);
