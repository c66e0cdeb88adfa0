import assert from "node:assert/strict";
import type { Bench } from "../bench.ts";
import { until } from "../until.ts";

/** A decommissioned device loses its token at once and comes back as a new pending one. */
export async function decommission(bench: Bench): Promise<void> {
  const { operator } = bench;
  const device = bench.device({ name: "gone-device", deviceType: "gone-board" });
  const { id } = await bench.admit(device);

  await operator.decommission(id);

  await until("the agent is told that it is unauthorized", () => /unauthorized/i.test(device.log));
  const again = await operator.pendingDevice(device.mac);
  assert.notEqual(again.id, id);
  assert.deepEqual(
    (await operator.devicesByMac(device.mac)).map((found) => found.id),
    [again.id],
  );
  assert.deepEqual(await operator.inventory(id), {});
  await operator.accept(again);
  await operator.reported(again.id, "artifact_name", "factory");
}
