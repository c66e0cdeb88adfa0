import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Bench } from "../bench.ts";
import { until } from "../until.ts";

const HOUR_S = 3600;

/** A device that asks once an hour: it acts at once when an operator has it told, or makes a deployment for it. */
export async function toldDevice(bench: Bench): Promise<void> {
  const { operator } = bench;
  const link = await bench.link();
  const { id, device, remote } = await bench.reachable({
    name: "patient-device",
    deviceType: "patient-board",
    serverUrl: link.url,
    pollSeconds: HOUR_S,
  });
  const questions = () => link.heard.split("/deployments/next").length;

  device.reports("site=another bench");
  await operator.ask(id, "send-inventory");
  await operator.reported(id, "site", "another bench");

  const asked = questions();
  await operator.ask(id, "check-update");
  await until("the device asks for an update", () => questions() > asked);

  const bytes = randomBytes(8192);
  await bench.publish({ name: "pushed-1", deviceType: "patient-board", module: "note", bytes });
  const connections = remote.timesConnected;
  const deployment = await operator.deploy("pushed-1", [id]);
  await operator.becomes(deployment, id, "success");
  assert.deepEqual(device.installed, bytes);

  // The agent takes a new token in every deployment, and with it mender-connect a new connection.
  await until("mender-connect is back", () => remote.timesConnected > connections);
  await operator.connected(id);
  await (await bench.shell(id)).run("echo answer=$((6 * 7))", /answer=42\r/);
}
