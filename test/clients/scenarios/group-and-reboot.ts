import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Bench } from "../bench.ts";
import { until } from "../until.ts";

/** A deployment to a group whose update needs a restart: the agent reports, restarts, and goes on where it was. */
export async function groupAndReboot(bench: Bench): Promise<void> {
  const { operator } = bench;
  const device = bench.device({ name: "restarting-device", deviceType: "restart-board" });
  const { id } = await bench.admit(device);
  const bytes = randomBytes(8192);
  device.addModule("system", device.keepingPayload, "Automatic");
  await bench.publish({ name: "restart-1", deviceType: "restart-board", module: "system", bytes });

  await operator.joinGroup(id, "restarting");
  const deployment = await operator.deployToGroup("restart-1", "restarting");

  await until("the device switched itself off", () => device.isOff);
  assert.equal(await operator.outcome(deployment, id), "rebooting");
  device.start();
  await operator.becomes(deployment, id, "success");
  assert.deepEqual(device.installed, bytes);
  assert.deepEqual(await operator.statistics(deployment), { success: 1 });
  assert.equal((await operator.finished(deployment)).device_count, 1);
}
