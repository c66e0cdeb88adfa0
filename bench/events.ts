/**
 * How late 20 receivers are told of 10,000 events a minute while one of them is down and one is slow, against a local server.
 * What a million events cost is counted by `test/integration/events-load.test.ts`.
 * `npm run bench:events -- [--seconds 60] [--per-minute 10000] [--receivers 20] [--batch 100]`
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { loadavg } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { freePort, startLocalServer, type LocalServer } from "./local-server.ts";
import { cpuOfTree } from "./process-cpu.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    "per-minute": { type: "string", default: "10000" },
    receivers: { type: "string", default: "20" },
    batch: { type: "string", default: "100" },
  },
});
const [SECONDS, PER_MINUTE, RECEIVERS, BATCH] = [
  values.seconds,
  values["per-minute"],
  values.receivers,
  values.batch,
].map(Number) as [number, number, number, number];

const SLOW_MS = 3000;
const EVENTS_A_REQUEST = 20;
const GOAL_MS = 10_000;
const DRAIN_S = 60;

interface Told {
  sequence: string;
  time: string;
}

/** A receiver that measures how late it is told. */
class Measuring {
  readonly lags: number[] = [];
  readonly seen = new Set<string>();
  repeated = 0;
  readonly #delayMs: number;
  readonly #web: Server;

  constructor(delayMs: number) {
    this.#delayMs = delayMs;
    this.#web = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const now = Date.now();
        for (const { sequence, time } of [
          JSON.parse(Buffer.concat(parts).toString()) as Told | Told[],
        ].flat()) {
          if (this.seen.has(sequence)) this.repeated += 1;
          this.seen.add(sequence);
          this.lags.push(now - Date.parse(time));
        }
        setTimeout(() => response.end("ok"), this.#delayMs);
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((listening) => this.#web.listen(0, "127.0.0.1", listening));
    return `http://127.0.0.1:${(this.#web.address() as AddressInfo).port}/`;
  }

  close(): void {
    this.#web.closeAllConnections();
    this.#web.close();
  }
}

const percentile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

async function call(
  server: LocalServer,
  method: string,
  path: string,
  token: string,
  json: unknown,
): Promise<void> {
  const response = await fetch(server.url + path, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(json),
  });
  if (!response.ok) throw new Error(`${path} answers ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}

const server = await startLocalServer();
const good = Array.from({ length: RECEIVERS - 2 }, () => new Measuring(0));
const slow = new Measuring(SLOW_MS);
const targets = [
  ...(await Promise.all([...good, slow].map((receiver) => receiver.listen()))),
  `http://127.0.0.1:${await freePort()}/`,
];
for (const target of targets)
  await call(server, "POST", "/api/management/v1/webhooks", server.token, {
    name: "bench",
    types: ["device.*"],
    target,
    batch: BATCH,
  });

const loadBefore = loadavg()[0] ?? 0;
const cpuBefore = cpuOfTree(server.pid) ?? 0;
const begunMs = Date.now();
const statuses = ["accepted", "rejected", "pending"];
const requests = Math.round((PER_MINUTE / 60 / EVENTS_A_REQUEST) * SECONDS);
let sent = 0;
for (let i = 0; i < requests; i++) {
  const devices = Array.from({ length: EVENTS_A_REQUEST }, (_, d) => ({
    id: `d${(i * EVENTS_A_REQUEST + d) % 5000}`,
  }));
  const path = `/api/internal/v1/iot-manager/tenants/default/bulk/devices/status/${statuses[i % statuses.length]}`;
  await call(server, "PUT", path, server.operatorToken, devices);
  sent += devices.length;
  const dueMs = begunMs + ((i + 1) / requests) * SECONDS * 1000;
  if (dueMs > Date.now()) await pause(dueMs - Date.now());
}
const tookS = (Date.now() - begunMs) / 1000;
for (let waited = 0; waited < DRAIN_S && good.some(({ seen }) => seen.size < sent); waited++)
  await pause(1000);

const lags = good.flatMap((receiver) => receiver.lags).toSorted((a, b) => a - b);
const cpuMs = (cpuOfTree(server.pid) ?? 0) - cpuBefore;
const p99 = percentile(lags, 0.99);
const lost = good.reduce((sum, { seen }) => sum + sent - seen.size, 0);
console.log(
  JSON.stringify(
    {
      events: sent,
      seconds: Math.round(tookS),
      perMinute: Math.round((sent / tookS) * 60),
      receivers: RECEIVERS,
      down: 1,
      slowMs: SLOW_MS,
      lagMs: { p50: percentile(lags, 0.5), p99, max: lags.at(-1) ?? 0 },
      lost,
      repeated: good.reduce((sum, { repeated }) => sum + repeated, 0),
      toldSlow: slow.seen.size,
      loadBefore,
      cpuMsPerEvent: Math.round((cpuMs / sent) * 100) / 100,
    },
    null,
    2,
  ),
);
console.log(
  `${p99 <= GOAL_MS && lost === 0 ? "ok  " : "FAIL"} p99 lag of the others ${p99} ms (goal: at most ${GOAL_MS})`,
);
for (const receiver of [...good, slow]) receiver.close();
await server.stop();
