import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Bench } from "../bench.ts";

/** What is installed is not installed again; forced, it is offered and the agent itself declines. */
export async function alreadyInstalled(bench: Bench): Promise<void> {
  const { operator } = bench;
  const device = bench.device({ name: "same-device", deviceType: "same-board" });
  const { id } = await bench.admit(device);
  const image = { name: "same-1", deviceType: "same-board", module: "note", bytes: randomBytes(8192) };
  await bench.publish(image);
  await operator.becomes(await operator.deploy("same-1", [id]), id, "success");
  const declined = /currently installed/i;

  const again = await operator.deploy("same-1", [id]);
  await operator.becomes(again, id, "already-installed");
  assert.deepEqual(await operator.statistics(again), { "already-installed": 1 });
  assert.doesNotMatch(device.log, declined, "the server does not even offer it");

  const forced = await operator.deploy("same-1", [id], { force_installation: true });
  await operator.becomes(forced, id, "already-installed");
  assert.match(device.log, declined, "the agent was offered it and declined");
  await operator.finished(forced);
}
