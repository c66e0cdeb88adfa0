import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "../bench.ts";

/** A file given to the server becomes an artifact that the published update module puts in its place. */
export async function generatedArtifact(bench: Bench): Promise<void> {
  const { operator } = bench;
  const device = bench.device({ name: "plain-device", deviceType: "plain-board" });
  device.addPublishedModule("single-file");
  const { id } = await bench.admit(device);
  const destination = join(bench.folder, "opt", "app");
  const placed = join(destination, "app.conf");

  for (const release of ["generated-1", "generated-2"]) {
    const file = randomBytes(300_001);
    const fields = {
      name: release,
      device_types_compatible: "other-board,plain-board",
      type: "single_file",
      args: JSON.stringify({ filename: "app.conf", dest_dir: destination, software_name: "app" }),
    };
    await operator.generate(fields, file);
    const deployment = await operator.deploy(release, [id]);
    await operator.becomes(deployment, id, "success");
    assert.deepEqual(readFileSync(placed), file);
    assert.equal(statSync(placed).mode & 0o777, 0o644);
    assert.deepEqual(await operator.statistics(deployment), { success: 1 });
    assert.deepEqual(device.provides, [`artifact_name=${release}`, `rootfs-image.app.version=${release}`]);
  }
}
