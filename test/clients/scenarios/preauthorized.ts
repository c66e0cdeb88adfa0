import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyPairKeyObjectResult } from "node:crypto";
import type { Bench } from "../bench.ts";
import { until } from "../until.ts";

const curve = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve });

/** Every kind of key the agent can sign with. */
const KEYS: Record<string, () => KeyPairKeyObjectResult> = {
  rsa: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  p224: () => curve("secp224r1"),
  p256: () => curve("P-256"),
  p384: () => curve("P-384"),
  p521: () => curve("P-521"),
  ed25519: () => generateKeyPairSync("ed25519"),
};

/** The operator announces devices before they are switched on; each is in at its first request. */
export async function preauthorized(bench: Bench): Promise<void> {
  await Promise.all(Object.entries(KEYS).map(([kind, make]) => announced(bench, kind, make())));
}

async function announced(bench: Bench, kind: string, keys: KeyPairKeyObjectResult): Promise<void> {
  const { operator } = bench;
  const device = bench.device({
    name: `${kind}-device`,
    deviceType: "known-board",
    privateKey: keys.privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  });
  await operator.preauthorize(device.mac, keys.publicKey.export({ format: "pem", type: "spki" }).toString());
  assert.equal((await operator.devicesByMac(device.mac))[0]?.status, "preauthorized");

  device.start();

  const accepted = await until(`${kind} device accepted`, async () =>
    (await operator.devicesByMac(device.mac)).find(({ status }) => status === "accepted"),
  );
  await operator.reported(accepted.id, "device_type", "known-board");
  assert.doesNotMatch(device.log, /authentication request rejected/);
}
