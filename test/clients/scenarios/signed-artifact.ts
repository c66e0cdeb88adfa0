import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "../bench.ts";
import { until } from "../until.ts";

/** A device that takes signed artifacts only installs a signed one and refuses another. */
export async function signedArtifact(bench: Bench): Promise<void> {
  const { operator } = bench;
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signingKey = join(bench.folder, "signing-key.pem");
  const verifyKey = join(bench.folder, "verify-key.pem");
  writeFileSync(signingKey, privateKey.export({ type: "sec1", format: "pem" }), { mode: 0o600 });
  writeFileSync(verifyKey, publicKey.export({ type: "spki", format: "pem" }));
  const device = bench.device({ name: "strict-device", deviceType: "strict-board", verifyKey });
  const { id } = await bench.admit(device);
  const image = { deviceType: "strict-board", module: "note", bytes: randomBytes(8192) };
  await bench.publish({ ...image, name: "unsigned-1" });
  await bench.publish({ ...image, name: "signed-1", signingKey });

  const unsigned = await operator.deploy("unsigned-1", [id]);
  await operator.becomes(unsigned, id, "failure");
  await until("the log is uploaded", async () => (await operator.outcomes(unsigned))[0]?.log === true);
  assert.match(await operator.log(unsigned, id), /signature/i);
  assert.equal(device.installed, undefined);

  const signed = await operator.deploy("signed-1", [id]);
  await operator.becomes(signed, id, "success");
  assert.deepEqual(device.installed, image.bytes);
}
