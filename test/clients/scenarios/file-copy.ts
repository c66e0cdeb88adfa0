import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "../bench.ts";

const MEBI = 1024 * 1024;

const checksum = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");

/** Files to a device and back, by mender-cli over the device's one connection. */
export async function fileCopy(bench: Bench): Promise<void> {
  const { id } = await bench.reachable({ name: "file-device", deviceType: "file-board" });
  const [here, there, back] = ["here", "there", "back"].map((name) => join(bench.folder, name));

  for (const size of [0, 1, MEBI, 50 * MEBI]) {
    writeFileSync(here!, randomBytes(size));
    await bench.copy(here!, `${id}:${there}`);
    assert.equal(checksum(there!), checksum(here!), `${size} bytes on the device`);
    await bench.copy(`${id}:${there}`, back!);
    assert.equal(checksum(back!), checksum(here!), `${size} bytes back`);
  }

  await assert.rejects(bench.copy(`${id}:${join(bench.folder, "nothing")}`, back!), /no such file/);
  await assert.rejects(bench.copy(`${id}:${bench.folder}`, back!), /not a regular file/);
  writeFileSync(here!, "refused before mender-cli has sent more than it can take back");
  await assert.rejects(bench.copy(here!, `${id}:${join(bench.folder, "no", "folder")}`), /no such file/);
}
