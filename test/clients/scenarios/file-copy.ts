import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Bench } from "../bench.ts";
import { until } from "../until.ts";

const MEBI = 1024 * 1024;

const checksum = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");

/** Files to a device and back, by mender-cli over the device's one connection. */
export async function fileCopy(bench: Bench): Promise<void> {
  const { operator } = bench;
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

  for (let copy = 0; copy < 10; copy += 1) {
    const next = join(bench.folder, `copy-${copy}`);
    await bench.copy(here!, `${id}:${next}`);
    assert.equal(checksum(next), checksum(here!), "a file is in its place when its copy is answered");
  }
  const taken = await operator.sendForm(id, "b", fileForTakenPlace(join(bench.folder, "taken")));
  assert.equal(taken.status, 400);
  assert.match(await taken.text(), /failed to commit uploaded file: rename .* file exists/);
}

/** An upload whose place is taken by a folder once the device has begun to write its temporary file. */
async function* fileForTakenPlace(path: string): AsyncGenerator<Uint8Array> {
  const part = (name: string) => `--b\r\nContent-Disposition: form-data; name="${name}"`;
  yield Buffer.from(`${part("path")}\r\n\r\n${path}\r\n`);
  yield Buffer.from(`${part("file")}; filename="a"\r\n\r\n${"x".repeat(MEBI)}`);
  await until("the device writes", () =>
    readdirSync(dirname(path)).some((name) => name.startsWith(basename(path))),
  );
  mkdirSync(path);
  yield Buffer.from("\r\n--b--\r\n");
}
