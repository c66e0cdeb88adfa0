import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { aUser } from "../support/actors.ts";
import { refusal, rowsOf } from "../support/answers.ts";
import { DeviceAdmin } from "../support/device-auth.ts";
import { env, Server } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";

let server: Server;
let admin: DeviceAdmin;
beforeEach(async () => {
  server = await Server.start();
  admin = new DeviceAdmin(server, await aUser(server));
});

const ask = (pubkey: string, signature: string) =>
  server.call("POST", "/api/devices/v1/authentication/auth_requests", {
    body: JSON.stringify({ id_data: '{"mac":"1"}', pubkey }),
    headers: { "Content-Type": "application/json", "X-MEN-Signature": signature },
  });

describe("a worthless key [differs: worthless-keys]", () => {
  it("of small order is refused, although the same signature holds for all it is asked about", async () => {
    const neutral = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), Buffer.alloc(32)]);
    neutral[12] = 1;
    const pem = `-----BEGIN PUBLIC KEY-----\n${neutral.toString("base64")}\n-----END PUBLIC KEY-----\n`;
    const constant = Buffer.alloc(64);
    constant[0] = 1;
    expect(refusal(await ask(pem, constant.toString("base64")))).toEqual([
      400,
      "invalid auth request: Ed25519 key of small order",
    ]);
  });

  it("of RSA is refused with the number of its bits", async () => {
    const modulus = Buffer.alloc(64, 0xa5);
    const jwk = { kty: "RSA", n: modulus.toString("base64url"), e: "AQAB" };
    const pem = createPublicKey({ key: jwk, format: "jwk" })
      .export({ type: "spki", format: "pem" })
      .toString();
    const text = "RSA key of 512 bits: must have between 1024 and 8192";
    expect(refusal(await ask(pem, "AAAA"))).toEqual([400, `invalid auth request: ${text}`]);
    expect(
      refusal(await admin.call("POST", "/devices", { identity_data: { mac: "1" }, pubkey: pem })),
    ).toEqual([400, `failed to decode preauth request: ${text}`]);
    expect(await rowsOf("SELECT 1 FROM devices")).toEqual([]);
  });
});

describe("a weak key [differs: weak-keys]", () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });

  it("is taken, and told on the device and in the log", async () => {
    const lines = vi.spyOn(console, "log").mockImplementation(() => {});
    const weak = SigningDevice.withKeys({ mac: "1" }, { publicKey, privateKey });
    expect((await weak.ask(server)).status).toBe(401);
    await admin.admit(weak);
    expect((await weak.ask(server)).status).toBe(200);
    const strong = new SigningDevice({ mac: "1" });
    await strong.ask(server);
    const { id, auth_sets: sets } = await admin.onlyDevice();
    expect(sets).toMatchObject([{ weak_key: "RSA of 1024 bits" }, {}]);
    expect(sets[1]).not.toHaveProperty("weak_key");
    const told = lines.mock.calls.map(([line]) => String(line)).filter((line) => line.includes("weak key"));
    lines.mockRestore();
    expect(told.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: "info", event: "weak key", tenant: "default", device: id, weakness: "RSA of 1024 bits" },
    ]);
  });

  it("is refused where a tenant wants none, unless a user has accepted it before", async () => {
    const accepted = SigningDevice.withKeys({ mac: "1" }, { publicKey, privateKey });
    await admin.admit(accepted);
    const settings = { pending_days: 30, refuse_weak_keys: true };
    expect((await admin.call("PUT", "/admission/settings", settings)).status).toBe(204);
    expect((await admin.call("GET", "/admission/settings")).json()).toEqual(settings);
    expect((await accepted.ask(server)).status).toBe(200);
    for (const device of [
      new SigningDevice({ mac: "2" }, "P-224"),
      SigningDevice.withKeys({ mac: "2" }, { publicKey, privateKey }),
    ])
      expect(refusal(await device.ask(server))).toEqual([
        400,
        expect.stringMatching(/^invalid auth request: weak public key: (P-224|RSA of 1024 bits)$/),
      ]);
    expect((await new SigningDevice({ mac: "2" }, "P-256").ask(server)).status).toBe(401);
    // Clients that know one setting leave the other alone.
    await admin.call("PUT", "/admission/settings", { pending_days: 7 });
    expect((await admin.call("GET", "/admission/settings")).json()).toEqual({ ...settings, pending_days: 7 });
  });
});

describe("the key of a device", () => {
  const storedKeys = () => rowsOf("SELECT pubkey FROM auth_sets");

  it.each([
    ["rsa", 321],
    ["P-256", 81],
    ["ed25519", 41],
    ["P-384", undefined],
  ] as const)(
    "of %s is shown as it was sent, and is the same in the form of earlier versions",
    async (type, length) => {
      const device = new SigningDevice({ mac: "1" }, type);
      await admin.admit(device);
      const before = await admin.onlyDevice();
      expect(before.auth_sets).toMatchObject([{ pubkey: device.pem }]);
      expect(String((await storedKeys())[0]!.pubkey)).toHaveLength(length ?? device.pem.length);
      await env.DB.prepare("UPDATE auth_sets SET pubkey = ?").bind(device.pem).run();
      expect(await admin.onlyDevice()).toEqual(before);
      expect((await device.ask(server)).status).toBe(200);
      expect(await storedKeys()).toEqual([{ pubkey: device.pem }]);
    },
  );
});
