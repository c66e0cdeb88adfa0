import assert from "node:assert/strict";
import type { Bench } from "../bench.ts";
import type { Device } from "../device.ts";
import { until } from "../until.ts";

const REFUSED = "authentication request rejected";
const LET_IN = "successfully received new authorization data";

/** Waits until the agent has written a line once more than it has by now. */
function writesAgain(device: Device, line: string): Promise<unknown> {
  const before = device.timesLogged(line);
  return until(`"${line}" from ${device.name}`, () => device.timesLogged(line) > before);
}

/** A decommissioned device loses its token at once and comes back as a new pending one. */
export async function decommission(bench: Bench): Promise<void> {
  const { operator } = bench;
  const device = bench.device({ name: "gone-device", deviceType: "gone-board" });
  const { id } = await bench.admit(device);

  const refused = writesAgain(device, REFUSED);
  await operator.decommission(id);

  await refused;
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

/** A rejected device is out at its next request, and in again once its key is accepted again. */
export async function rejection(bench: Bench): Promise<void> {
  const { operator } = bench;
  const device = bench.device({ name: "rejected-device", deviceType: "rejected-board" });
  const admitted = await bench.admit(device);

  const refused = writesAgain(device, REFUSED);
  await operator.decide(admitted, "rejected");
  await refused;

  const letIn = writesAgain(device, LET_IN);
  await operator.decide(admitted, "accepted");
  await letIn;
  const found = await operator.devicesByMac(device.mac);
  assert.deepEqual(
    found.map(({ id, status }) => [id, status]),
    [[admitted.id, "accepted"]],
  );
}
