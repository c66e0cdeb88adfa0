import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Bench } from "../bench.ts";

/** The main job: a new device is admitted, seen, updated, and reported as updated. */
export const firstUpdate = (transport: "http" | "https") => async (bench: Bench) => {
  const { operator, server } = bench;
  const url = transport === "http" ? server.url : server.httpsUrl;
  const type = `${transport}-board`;
  const release = `${transport}-release-2`;
  const device = bench.device({
    name: `${transport}-device`,
    deviceType: type,
    serverUrl: url,
    makesOwnKey: true,
  });

  device.start();
  const admitted = await operator.pendingDevice(device.mac);
  assert.equal(admitted.auth_sets.length, 1);
  await operator.accept(admitted);

  const inventory = await operator.reported(admitted.id, "device_type", type);
  assert.equal(inventory["artifact_name"], "factory");
  assert.match(String(inventory["mender_client_version"]), /^3\.4\.0/);
  assert.equal(inventory["site"], "test bench");
  assert.deepEqual(inventory["role"], ["a", "b"]);

  const bytes = randomBytes(64 * 1024);
  const cli = bench.cli(url);
  await cli.login();
  await bench.publish({ name: release, deviceType: type, module: "note", bytes }, cli);
  const deployment = await operator.deploy(release, [admitted.id]);
  await operator.becomes(deployment, admitted.id, "success");

  assert.deepEqual(device.installed, bytes);
  const [outcome, ...others] = await operator.outcomes(deployment);
  assert.deepEqual(others, []);
  assert.equal(outcome?.id, admitted.id);
  assert.equal(outcome?.device_type, type);
  assert.equal(outcome?.log, false);
  assert.deepEqual(await operator.statistics(deployment), { success: 1 });
  assert.equal((await operator.finished(deployment)).device_count, 1);
  await operator.reported(admitted.id, "artifact_name", release);
};
