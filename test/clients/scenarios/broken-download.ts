import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Bench } from "../bench.ts";

const MEBI = 1024 * 1024;

/** A download breaks in the middle. The agent waits a minute by its own rule and then fetches the rest only. */
export async function resumedDownload(bench: Bench): Promise<void> {
  const { operator } = bench;
  const link = await bench.link();
  const device = bench.device({ name: "cut-device", deviceType: "cut-board", serverUrl: link.url });
  const { id } = await bench.admit(device);
  const bytes = randomBytes(8 * MEBI);
  await bench.publish({ name: "cut-1", deviceType: "cut-board", module: "note", bytes });

  const cut = link.cutOnce(3 * MEBI);
  const deployment = await operator.deploy("cut-1", [id]);
  await cut;
  await operator.becomes(deployment, id, "success", 150_000);

  const resumedFrom = Number(/^Range: bytes=(\d+)-/im.exec(link.heard)?.[1]);
  assert.ok(resumedFrom > MEBI && resumedFrom <= 3 * MEBI, `resumed from ${resumedFrom}`);
  assert.ok(device.installed?.equals(bytes), "the installed payload is what was uploaded");
}

/** The operator aborts while the download runs: the device stops at its next report and takes the next deployment. */
export async function abortedDownload(bench: Bench): Promise<void> {
  const { operator } = bench;
  const link = await bench.link();
  const device = bench.device({ name: "abort-device", deviceType: "abort-board", serverUrl: link.url });
  const { id } = await bench.admit(device);
  // So few that all is on its way when it is held: the server cuts what it still sends, and the client then waits for minutes.
  const bytes = randomBytes(2 * MEBI);
  await bench.publish({ name: "abort-1", deviceType: "abort-board", module: "note", bytes });

  const held = link.holdOnce(MEBI);
  const deployment = await operator.deploy("abort-1", [id]);
  await held;
  await operator.becomes(deployment, id, "downloading");
  await operator.abort(deployment);
  assert.equal(await operator.outcome(deployment, id), "aborted");
  link.release();

  const next = await operator.deploy("abort-1", [id]);
  await operator.becomes(next, id, "success");
  assert.ok(device.installed?.equals(bytes), "the installed payload is what was uploaded");
  assert.equal(await operator.outcome(deployment, id), "aborted");
  assert.deepEqual(await operator.statistics(deployment), { aborted: 1 });
}
