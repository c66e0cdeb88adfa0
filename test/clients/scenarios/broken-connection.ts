import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "../bench.ts";
import { until } from "../until.ts";
import { isRunning } from "./remote-terminal.ts";

/** The device's wire breaks in the middle of a shell: the user is told, and can go on once the device is back. */
export async function brokenConnection(bench: Bench): Promise<void> {
  const { operator } = bench;
  const link = await bench.link();
  const { id, remote } = await bench.reachable({
    name: "unwired-device",
    deviceType: "unwired-board",
    serverUrl: link.url,
  });
  const terminal = await bench.shell(id);
  const shell = Number((await terminal.run("echo shell=$$", /shell=(\d+)\r/))[1]);
  const before = remote.timesConnected;

  link.breakAll();
  await terminal.over();
  await until("mender-connect is back", () => remote.timesConnected > before);
  await operator.connected(id);

  await bench.shell(id);
  assert.ok(!isRunning(shell), "the shell of the broken connection is gone");
  const [here, there] = [join(bench.folder, "here"), join(bench.folder, "there")];
  writeFileSync(here, "over the new wire");
  await bench.copy(here, `${id}:${there}`);
  assert.equal(readFileSync(there, "utf8"), "over the new wire");
}
