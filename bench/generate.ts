/**
 * What the Worker's memory grows by while an artifact is generated from a large file: its isolate's heap and buffers, as
 * the inspector tells. Beside it the growth of the whole local process, which holds the simulated bucket as well, and
 * that of a process that only puts the file into such a bucket and copies it there.
 * `npm run bench:generate -- [--mib 200] [--runs 3]`; fails if the Worker grows by 64 MiB or more.
 */
import { randomFillSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startBareBucket } from "./bare-bucket.ts";
import { freePort, startLocalServer, type LocalServer } from "./local-server.ts";
import { runtimeOf } from "./process-cpu.ts";
import { memoryMib, resetPeak } from "./runtime-memory.ts";
import { send } from "./send.ts";
import { WorkerMemory } from "./worker-memory.ts";

const MIB = 1024 * 1024;
const BLOCK = randomFillSync(new Uint8Array(MIB));
const GENERATE = "/api/management/v1/deployments/artifacts/generate";
const BOUNDARY = "bench-boundary";
const MOST_MIB = 64;

const { values } = parseArgs({
  options: { mib: { type: "string", default: "200" }, runs: { type: "string", default: "3" } },
});
const [mebibytes, runs] = [Number(values.mib), Number(values.runs)];

async function* file(run: number): AsyncGenerator<Uint8Array, void> {
  for (let i = 0; i < mebibytes; i++) {
    new DataView(BLOCK.buffer).setUint32(0, run * 100_000 + i);
    yield BLOCK.slice();
  }
}

async function* form(run: number): AsyncGenerator<Uint8Array, void> {
  const fields = {
    name: `bench-${run}`,
    device_types_compatible: "bench",
    type: "single_file",
    args: JSON.stringify({ filename: "image", dest_dir: "/data" }),
  };
  const head = (name: string) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"`;
  const texts = Object.entries(fields).map(([name, text]) => `${head(name)}\r\n\r\n${text}\r\n`);
  yield Buffer.from(`${texts.join("")}${head("file")}; filename="image"\r\n\r\n`);
  yield* file(run);
  yield Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
}

/** What a process grows by at most while something is done, and what that gave. */
async function growthOf<T>(pid: number, act: () => Promise<T>): Promise<[number, T]> {
  resetPeak(pid);
  const before = memoryMib(pid, "VmRSS");
  const result = await act();
  return [memoryMib(pid, "VmHWM") - before, result];
}

const mib = (growth: number): string => `${growth < 0 ? "" : "+"}${growth.toFixed(0)} MiB`;

async function* nothing(): AsyncGenerator<Uint8Array, void> {}

const portOf = (server: LocalServer) => Number(new URL(server.url).port);

/** Sends the file and returns where the state of the generation is. */
async function post(server: LocalServer, run: number): Promise<string> {
  const headers = {
    Authorization: `Bearer ${server.token}`,
    "Content-Type": `multipart/form-data; boundary=${BOUNDARY}`,
  };
  const { status, body, location } = await send(portOf(server), "POST", GENERATE, headers, form(run));
  if (status !== 201 || location === undefined) throw new Error(`generate answered ${status}: ${body}`);
  return location;
}

/** Waits for the artifact and removes it. */
async function made(server: LocalServer, location: string): Promise<void> {
  const headers = { Authorization: `Bearer ${server.token}` };
  for (;;) {
    const answer = await fetch(server.url + location, { headers });
    const { status, error } = (await answer.json()) as { status: string; error?: string }; // our own route
    if (status === "done") break;
    if (status === "failed") throw new Error(`not generated: ${error}`);
    await pause(250);
  }
  await fetch(server.url + location.replace("/generate", ""), { method: "DELETE", headers });
}

const folder = mkdtempSync(join(tmpdir(), "edgemend-bench-"));
const bare = await startBareBucket(join(folder, "bare"));
const inspectorPort = await freePort();
const server = await startLocalServer(undefined, {}, ["--inspector-port", String(inspectorPort)]);
const worker = await WorkerMemory.watch(inspectorPort);
const runtime = runtimeOf(server.pid);
if (runtime === undefined) throw new Error("memory of a process is told by /proc only");
try {
  await pause(1000);
  const idle = worker.takePeakMib();
  const growths: number[] = [];
  for (let run = 0; run < runs; run++) {
    const length = { "Content-Length": mebibytes * MIB };
    const put = await growthOf(bare.runtimePid, () => send(bare.port, "PUT", "/", length, file(run)));
    const copy = await growthOf(bare.runtimePid, () =>
      send(bare.port, "POST", "/", { "Content-Length": 0 }, nothing()),
    );
    worker.takePeakMib();
    const [request, location] = await growthOf(runtime, () => post(server, run));
    const inRequest = worker.takePeakMib() - idle;
    const samples = worker.samples;
    const [job] = await growthOf(runtime, () => made(server, location));
    const inJob = worker.takePeakMib() - idle;
    growths.push(inRequest, inJob);
    console.log(
      `run ${run}: Worker ${mib(inRequest)} in the request, ${mib(inJob)} in the job (${worker.samples - samples} samples); ` +
        `its process with the simulated bucket ${mib(request)}, ${mib(job)}; ` +
        `a process that only puts ${mib(put[0])} and copies ${mib(copy[0])}`,
    );
  }
  const most = Math.max(...growths);
  console.log(
    `${mebibytes} MiB: the Worker, which takes ${idle.toFixed(0)} MiB at rest, grows by at most ${most.toFixed(0)} MiB`,
  );
  process.exitCode = most < MOST_MIB ? 0 : 1;
} finally {
  worker.stop();
  await server.stop();
  await bare.stop();
  rmSync(folder, { recursive: true, force: true });
}
