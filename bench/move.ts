/**
 * How long a tenant is read and not written while it is moved to another database, by `npm run bench:move`; devices with twelve
 * attributes each. `-- 100000` moves so many instead of 10,000.
 */
import { startLocalServer, newDataFolder } from "./local-server.ts";
import { planFleet } from "./fleet/device.ts";
import { seedFleet } from "./fleet/seed.ts";

const DEVICES = Number(process.argv[2] ?? 10_000);
/** What the issue allows for each 10,000 devices. */
const GOAL_S = 60;
const ASK_EVERY_MS = 250;
const DATABASES = ["--databases", "2"];

const data = await newDataFolder();
await (await startLocalServer(data, {}, DATABASES)).stop();
await seedFleet(data, planFleet(DEVICES));
const server = await startLocalServer(data, {}, DATABASES);

interface Move {
  state: string;
  step: string;
  error?: string;
  paused_at: string;
  resumed_at?: string;
  begun_at: string;
  updated_at: string;
  progress: { rows: number };
}

const ask = async (method: string, body?: object): Promise<Move> => {
  const answer = await fetch(`${server.url}/api/operator/v1/tenants/default/move`, {
    method,
    headers: { Authorization: `Bearer ${server.operatorToken}`, "Content-Type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Move;
};

try {
  let move = await ask("POST", { database: "DATA_2" });
  while (move.state === "running") {
    await new Promise((done) => setTimeout(done, ASK_EVERY_MS));
    move = await ask("GET");
  }
  if (move.state !== "done") throw new Error(move.error ?? move.state);
  const seconds = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 1000;
  const pauseS = seconds(move.paused_at, move.resumed_at ?? move.updated_at);
  const goalS = (GOAL_S * DEVICES) / 10_000;
  console.log(
    `${DEVICES} devices, ${move.progress.rows} rows: ${pauseS} s without writing (at most ${goalS} s), ${seconds(move.begun_at, move.updated_at)} s in all`,
  );
  if (pauseS > goalS) process.exitCode = 1;
} finally {
  await server.stop();
}
