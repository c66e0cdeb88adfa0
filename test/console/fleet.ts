import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeArtifact } from "../../src/artifact/write.ts";
import { SimulatedDevice } from "../../src/device-simulator/device.ts";
import { carryOut } from "../../src/device-simulator/update.ts";
import { DemoOperator } from "../../src/local/demo-operator.ts";
import type { RunningServer } from "../clients/server.ts";

export const RELEASE = "gateway-2.0";
const TYPES = ["board-a", "board-b"];

/** Names that would do harm if they were more than text. */
export const HOSTILE_NAME = `<img src=x onerror="document.title='run'">\u202Egnp`;

export const aKey = (): string =>
  generateKeyPairSync("ed25519").publicKey.export({ format: "pem", type: "spki" }).toString();

const macOf = (number: string): string => `02:00:00:00:00:${number}`;
export const FIRST_DEVICE = macOf("01");

export async function anArtifact(name: string, content = Buffer.from(`This is ${name}.\n`)): Promise<Blob> {
  const artifact = await writeArtifact({
    name,
    deviceTypes: TYPES,
    payloadType: "single-file",
    files: [{ name: "greeting.txt", content }],
    provides: { "rootfs-image.single-file.version": name },
    clearsProvides: ["rootfs-image.single-file.*"],
    compression: "gzip",
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of artifact.chunks()) chunks.push(chunk);
  return new Blob([Buffer.concat(chunks)]);
}

/** Devices in different states, two deployments, a failure: something to see on every page. */
export async function makeFleet(
  server: Pick<RunningServer, "url" | "httpsUrl" | "caFile" | "tenantToken" | "admin">,
  { accepted = 6, pending = 3 } = {},
): Promise<SimulatedDevice[]> {
  const operator = await DemoOperator.login(server.url, server.admin.email, server.admin.password);
  const ca = readFileSync(server.caFile, "utf8");
  const devices = Array.from({ length: accepted + pending }, (_, i) => {
    const number = String(i + 1).padStart(2, "0");
    return new SimulatedDevice({
      serverUrl: server.httpsUrl,
      ca,
      tenantToken: server.tenantToken,
      identity: { mac: macOf(number) },
      deviceType: TYPES[i % TYPES.length] ?? "",
      artifactName: "gateway-1.0",
    });
  });
  for (const device of devices) await device.authenticate();
  const waiting = new Map((await operator.pending()).map((known) => [known.identity_data.mac, known]));
  for (const device of devices.slice(0, accepted)) {
    const known = waiting.get(device.identity.mac);
    if (!known) throw new Error("a device is not known");
    await operator.accept(known);
    await device.authenticate();
    await device.reportInventory([
      { name: "kernel", value: "Linux 6.12" },
      { name: "mem_total_kB", value: 524_288 },
      { name: "note", value: device === devices[0] ? HOSTILE_NAME : "plain" },
    ]);
  }
  await operator.upload(await anArtifact(RELEASE), "Made for the tests of the console");
  const [first, second] = devices;
  if (!first?.id || !second?.id) throw new Error("the devices were not let in");
  for (const device of [first, second])
    await operator.deploy(`to ${device.identity.mac}`, RELEASE, device.id ?? "");
  const update = async (device: SimulatedDevice, isGood: boolean) => {
    const instructions = await device.askForUpdate();
    if (!instructions) throw new Error("no update is offered");
    const install = () => {
      throw new Error("no space left on /data");
    };
    await carryOut(device, instructions, isGood ? {} : { install });
    await device.reportInventory();
  };
  await update(first, true);
  await update(second, false);
  return devices;
}
