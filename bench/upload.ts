/**
 * Upload throughput of an artifact beside a bare put of the same bytes into the same kind of bucket, and what the
 * runtime's memory grows by in either, after one upload to warm up. `npm run bench:upload -- [--mib 256] [--runs 3]`
 */
import { createHash, randomFillSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeArtifact, type WrittenArtifact } from "../src/artifact/write.ts";
import { startBareBucket } from "./bare-bucket.ts";
import { startLocalServer, type LocalServer } from "./local-server.ts";
import { cpuMsOf, runtimeOf } from "./process-cpu.ts";
import { memoryMib, resetPeak } from "./runtime-memory.ts";
import { send, type Sent } from "./send.ts";

const MIB = 1024 * 1024;
const BLOCK = randomFillSync(new Uint8Array(MIB));

const { values } = parseArgs({
  options: { mib: { type: "string", default: "256" }, runs: { type: "string", default: "3" } },
});
const [mebibytes, runs] = [Number(values.mib), Number(values.runs)];

/** Blocks of noise, each told apart by its number and by the run, so that no two payloads are equal. */
async function* payload(run: number): AsyncGenerator<Uint8Array, void> {
  for (let i = 0; i < mebibytes; i++) {
    new DataView(BLOCK.buffer).setUint32(0, run * 100_000 + i);
    yield BLOCK.slice();
  }
}

async function anArtifact(run: number): Promise<WrittenArtifact> {
  const hash = createHash("sha256");
  for await (const block of payload(run)) hash.update(block);
  return writeArtifact({
    name: `bench-${run}`,
    deviceTypes: ["bench"],
    payloadType: "rootfs-image",
    files: [{ name: "image", size: mebibytes * MIB, sha256: hash.digest("hex"), open: () => payload(run) }],
  });
}

const BOUNDARY = "bench-boundary";

async function* formAround(artifact: WrittenArtifact): AsyncGenerator<Uint8Array, void> {
  const field = (name: string) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"`;
  yield Buffer.from(
    `${field("size")}\r\n\r\n${artifact.size}\r\n${field("artifact")}; filename="a"\r\nContent-Type: application/octet-stream\r\n\r\n`,
  );
  yield* artifact.chunks();
  yield Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
}

const portOf = (server: LocalServer) => Number(new URL(server.url).port);

/** Uploads; answers with where the artifact is and how long it took. */
async function upload(server: LocalServer, artifact: WrittenArtifact): Promise<Sent> {
  const headers = {
    Authorization: `Bearer ${server.token}`,
    "Content-Type": `multipart/form-data; boundary=${BOUNDARY}`,
  };
  const path = "/api/management/v1/deployments/artifacts";
  const sent = await send(portOf(server), "POST", path, headers, formAround(artifact));
  if (sent.status !== 201) throw new Error(`upload answered ${sent.status}: ${sent.body}`);
  return sent;
}

const sha256Of = async (chunks: AsyncIterable<Uint8Array>): Promise<string> => {
  const hash = createHash("sha256");
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
};

/** Compares what is stored with what was sent, and removes it. */
async function checkStored(server: LocalServer, location: string, artifact: WrittenArtifact): Promise<void> {
  const at = `${server.url}${location}`;
  const headers = { Authorization: `Bearer ${server.token}` };
  const { uri } = (await (await fetch(`${at}/download`, { headers })).json()) as { uri: string }; // our own route
  const download = await fetch(uri);
  if (!download.body) throw new Error("the download has no body");
  const [stored, sent] = [await sha256Of(download.body), await sha256Of(artifact.chunks())];
  if (stored !== sent) throw new Error("what is stored is not what was sent");
  if (Number(download.headers.get("content-length")) !== artifact.size) throw new Error("the size is wrong");
  await fetch(at, { method: "DELETE", headers });
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

interface Measure {
  mebibytesPerSecond: number;
  processorSeconds: number;
  /** Beyond what the process held before, at the highest. */
  mebibytesGrown: number;
}

/**
 * Throughput, and what the runtime process spends on it, which other load on the machine does not change. The process
 * also is the object storage: what a bare put of the same bytes makes it grow by is not the upload's.
 */
async function measure(
  pid: number,
  mebibytesSent: number,
  act: () => Promise<Sent>,
): Promise<[Measure, Sent]> {
  if (pid > 0) resetPeak(pid);
  const held = pid > 0 ? memoryMib(pid, "VmRSS") : Number.NaN;
  const before = cpuMsOf(pid);
  const sent = await act();
  const used = (cpuMsOf(pid) - before) / 1000;
  const mebibytesGrown = pid > 0 ? memoryMib(pid, "VmHWM") - held : Number.NaN;
  return [{ mebibytesPerSecond: mebibytesSent / sent.seconds, processorSeconds: used, mebibytesGrown }, sent];
}

const show = ({ mebibytesPerSecond, processorSeconds: used, mebibytesGrown: grown }: Measure) =>
  `${mebibytesPerSecond.toFixed(0)} MiB/s, ${used.toFixed(1)} s of processor, memory +${grown.toFixed(0)} MiB`;

const most = (measures: readonly Measure[]) =>
  Math.max(...measures.map(({ mebibytesGrown }) => mebibytesGrown)).toFixed(0);

const percent = (part: number) => `${(100 * part).toFixed(0)} %`;

const folder = mkdtempSync(join(tmpdir(), "edgemend-bench-"));
const bare = await startBareBucket(join(folder, "bare"));
const server = await startLocalServer();
const runtime = runtimeOf(server.pid) ?? 0;
try {
  const puts: Measure[] = [];
  const uploads: Measure[] = [];
  for (let run = 0; run <= runs; run++) {
    const artifact = await anArtifact(run);
    const size = artifact.size / MIB;
    const length = { "Content-Length": artifact.size };
    const [put] = await measure(bare.runtimePid, size, () =>
      send(bare.port, "PUT", "/", length, artifact.chunks()),
    );
    const [uploaded, { location }] = await measure(runtime, size, () => upload(server, artifact));
    await checkStored(server, location ?? "", artifact);
    console.log(`${run === 0 ? "warm-up" : `run ${run}`}: bare put ${show(put)}; upload ${show(uploaded)}`);
    if (run === 0) continue;
    puts.push(put);
    uploads.push(uploaded);
  }
  const ratios = uploads.map(
    (one, i) => one.mebibytesPerSecond / (puts[i]?.mebibytesPerSecond ?? Number.NaN),
  );
  console.log(
    `${mebibytes} MiB: upload at ${percent(median(ratios))} of a bare put (median of ${runs}); ` +
      `memory of the runtime at most +${most(uploads)} MiB, and +${most(puts)} MiB by the bare put`,
  );
} finally {
  await server.stop();
  await bare.stop();
  rmSync(folder, { recursive: true, force: true });
}
