import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Bench } from "../bench.ts";
import { until } from "../until.ts";

/** A module that fails, its log for the operator, and a second attempt by a new deployment. */
export async function failingModule(bench: Bench): Promise<void> {
  const { operator } = bench;
  const device = bench.device({ name: "failing-device", deviceType: "failing-board" });
  const { id } = await bench.admit(device);
  const image = { deviceType: "failing-board", bytes: randomBytes(8192) };
  await bench.publish({ ...image, name: "failing-1", module: "broken" });
  await bench.publish({ ...image, name: "failing-2", module: "note" });

  const first = await operator.deploy("failing-1", [id]);
  await operator.becomes(first, id, "failure");
  await until("the log is uploaded", async () => (await operator.outcomes(first))[0]?.log === true);
  assert.match(await operator.log(first, id), /the flash chip does not answer/);
  assert.deepEqual(await operator.statistics(first), { failure: 1 });
  assert.equal((await operator.finished(first)).status, "finished");

  const second = await operator.deploy("failing-2", [id]);
  await operator.becomes(second, id, "success");
  assert.deepEqual(device.installed, image.bytes);
  assert.deepEqual(await operator.statistics(first), { failure: 1 });
}
