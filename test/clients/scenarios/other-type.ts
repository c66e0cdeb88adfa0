import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Bench } from "../bench.ts";

/** One deployment for two devices, of which the artifact fits one. */
export async function otherType(bench: Bench): Promise<void> {
  const { operator } = bench;
  const fitting = bench.device({ name: "fitting-device", deviceType: "fitting-board" });
  const other = bench.device({ name: "other-device", deviceType: "other-board" });
  const [one, two] = await Promise.all([bench.admit(fitting), bench.admit(other)]);
  const bytes = randomBytes(8192);
  await bench.publish({ name: "fitting-1", deviceType: "fitting-board", module: "note", bytes });

  const deployment = await operator.deploy("fitting-1", [one.id, two.id]);
  await operator.becomes(deployment, two.id, "noartifact");
  await operator.becomes(deployment, one.id, "success");

  assert.equal((await operator.finished(deployment)).device_count, 2);
  assert.deepEqual(await operator.statistics(deployment), { success: 1, noartifact: 1 });
  assert.deepEqual(fitting.installed, bytes);
  assert.equal(other.installed, undefined);
}
