/**
 * What the local runtime itself takes for a round trip to D1, for statements in it, and for a call of an object: the
 * processor time of a Worker that does nothing else. `npm run bench:runtime`
 */
import { rm } from "node:fs/promises";
import { startBare } from "./bare-worker.ts";
import { Connection } from "./load/connection.ts";
import { newDataFolder } from "./local-server.ts";
import { cpuMsOf } from "./process-cpu.ts";

const WORKER = `
import { DurableObject } from "cloudflare:workers";
export class Thing extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b)");
  }
  ping() {}
  write() { this.ctx.storage.sql.exec("INSERT OR REPLACE INTO t VALUES (1, ?)", Math.random()); }
}
export default {
  async fetch(request, env) {
    const [, kind, count] = new URL(request.url).pathname.split("/");
    const each = (make) => env.DB.batch(Array.from({ length: Number(count) }, (_, i) => make(i)));
    const thing = () => env.THING.get(env.THING.idFromName("thing"));
    if (kind === "make") await env.DB.exec("CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b)");
    if (kind === "single") await env.DB.prepare("SELECT a, b FROM t WHERE a = ?").bind(1).all();
    if (kind === "read") await each((i) => env.DB.prepare("SELECT a, b FROM t WHERE a = ?").bind(i));
    if (kind === "write") await each((i) => env.DB.prepare("INSERT OR REPLACE INTO t VALUES (?, ?)").bind(i, Math.random()));
    if (kind === "call") await thing().ping();
    if (kind === "store") await thing().write();
    return new Response("done");
  },
};`;

const WARM_UP = 800;
const REQUESTS = 4000;
const CONNECTIONS = 16;

const KINDS: Readonly<Record<string, string>> = {
  "nothing/0": "nothing",
  "single/1": "a round trip to D1 with one statement, not as a batch",
  "read/1": "a round trip with a batch of one look-up",
  "read/2": "of two",
  "read/10": "of ten",
  "write/1": "a round trip with a batch of one row written",
  "write/10": "of ten rows",
  "call/1": "a call of an object",
  "store/1": "a call of an object that writes a row of its storage",
};

const folder = await newDataFolder();
const bindings = {
  d1Databases: { DB: "db" },
  durableObjects: { THING: { className: "Thing", useSQLite: true } },
};
const bare = await startBare(folder, WORKER, bindings);

async function lane(connection: Connection, path: string, requests: number): Promise<void> {
  const bytes = `GET /${path} HTTP/1.1\r\nHost: bench\r\n\r\n`;
  for (let sent = 0; sent < requests; sent++) {
    const { status } = await new Promise<{ status: number }>((answered) => connection.send(bytes, answered));
    if (status !== 200) throw new Error(`/${path} is answered ${status}`);
  }
}

try {
  const connections = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => Connection.open(bare.port)),
  );
  const send = (path: string, requests: number) =>
    Promise.all(connections.map((connection) => lane(connection, path, requests / CONNECTIONS)));
  await send("make/0", CONNECTIONS);
  for (const [path, name] of Object.entries(KINDS)) {
    await send(path, WARM_UP);
    const before = cpuMsOf(bare.runtimePid);
    await send(path, REQUESTS);
    const us = ((cpuMsOf(bare.runtimePid) - before) * 1000) / REQUESTS;
    console.log(`${us.toFixed(0).padStart(6)} µs  ${name}`);
  }
  for (const connection of connections) connection.close();
} finally {
  await bare.stop();
  await rm(folder, { recursive: true, force: true });
}
