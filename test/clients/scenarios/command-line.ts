import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Bench } from "../bench.ts";

interface ListedArtifact {
  id: string;
  name: string;
}

/** mender-cli 1.9 shows the first page, on which this very device need not be. */
const LISTED = /ID: [0-9a-f-]{36}\nStatus: (accepted|pending)\n/;

/** What mender-cli lists and deletes, and how it is refused. */
export async function commandLine(bench: Bench): Promise<void> {
  const { operator, server } = bench;
  const device = bench.device({ name: "listed-device", deviceType: "listed-board" });
  device.start();
  await operator.pendingDevice(device.mac);
  const cli = bench.cli(server.httpsUrl);

  await assert.rejects(cli.login("wrong-password"), /login failed|401/i);
  await assert.rejects(cli.run("artifacts", "list"), /login/i);
  const token = await operator.personalToken("for the command line");
  assert.match(await cli.run("--token-value", token, "devices", "list"), LISTED);
  await cli.login();
  const image = { name: "listed-1", deviceType: "listed-board", module: "note", bytes: randomBytes(8192) };
  await bench.publish(image, cli);

  assert.match(await cli.run("devices", "list"), LISTED);
  assert.match(await cli.run("artifacts", "list"), /listed-1/);
  const listed = async () =>
    (await operator.get<ListedArtifact[]>("/v1/deployments/artifacts")).find(
      ({ name }) => name === "listed-1",
    );
  const artifact = await listed();
  assert.ok(artifact);
  await assert.rejects(bench.publish(image, cli), /status 409/);

  await cli.run("artifacts", "delete", artifact.id);
  assert.doesNotMatch(await cli.run("artifacts", "list"), /listed-1/);
  assert.equal(await listed(), undefined);
}
