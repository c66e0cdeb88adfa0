import { generateKeyPairSync } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import type { Deps } from "../../../src/platform/deps.ts";
import { asDeviceId, asTenantId } from "../../../src/platform/ids.ts";
import { loadKeys, type Keys } from "../../../src/platform/keys.ts";
import { DOWNLOAD_QUERY, downloadLink, signedLink, verifyLink } from "../../../src/storage/links.ts";

const pem = () =>
  generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString();

const START = Date.parse("2026-11-21T12:00:00Z");
let keys: Keys;
const at = (now: number, signing = keys) =>
  ({ keys: signing, now: () => now, origin: "https://up.example" }) as unknown as Deps;

beforeAll(async () => {
  keys = await loadKeys(pem(), undefined);
});

const aLink = ({
  deployment,
  device,
  lifeS = 600,
}: { deployment?: string; device?: string; lifeS?: number } = {}) =>
  downloadLink(at(START), {
    tenant: asTenantId("t 1"),
    artifact: "a1",
    lifeS,
    recipient: device === undefined ? undefined : { kind: "device", device: asDeviceId(device), deployment },
  });

const get = { method: "GET", query: DOWNLOAD_QUERY };

describe("signed links", () => {
  it("point at the own host and say when they expire", async () => {
    const { uri, expire } = await aLink();
    expect(uri).toMatch(
      /^https:\/\/up\.example\/api\/devices\/v1\/deployments\/download\/artifacts\/t%201\/a1\?x-men-expire=/,
    );
    expect(expire).toBe("2026-11-21T12:10:00.000Z");
  });

  it("hold in one spelling only", async () => {
    const url = new URL((await aLink()).uri);
    const signature = url.searchParams.get("x-men-signature")!;
    const last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const sibling = signature.slice(0, -1) + last[last.indexOf(signature.at(-1)!) ^ 1]!;
    expect(Buffer.from(sibling, "base64url").equals(Buffer.from(signature, "base64url"))).toBe(true);
    for (const other of [sibling, `${signature}=`, ` ${signature}`, `${signature}!`]) {
      url.searchParams.set("x-men-signature", other);
      expect(await verifyLink(at(START), url, get)).toBe("forged");
    }
  });

  it("hold until they expire and not after", async () => {
    const url = new URL((await aLink()).uri);
    expect(await verifyLink(at(START + 599_999), url, get)).toBe("valid");
    expect(await verifyLink(at(START + 600_000), url, get)).toBe("expired");
  });

  it("lapse for a while before they expire where that is allowed", async () => {
    const url = new URL((await aLink()).uri);
    const lapsing = { ...get, lapsesForMs: 1000 };
    expect(await verifyLink(at(START + 599_999), url, lapsing)).toBe("valid");
    expect(await verifyLink(at(START + 600_000), url, lapsing)).toBe("lapsed");
    expect(await verifyLink(at(START + 601_000), url, lapsing)).toBe("expired");
  });

  it.each([
    [1, "2026-11-21T12:01:00.000Z"],
    [1_000_000, "2026-11-22T12:00:00.000Z"],
  ])("live between a minute and a day, whatever is asked (%i s)", async (lifeS, expire) => {
    expect((await aLink({ lifeS })).expire).toBe(expire);
  });

  it.each([
    ["path", (url: URL) => (url.pathname = url.pathname.replace("a1", "a2"))],
    ["expiry", (url: URL) => url.searchParams.set("x-men-expire", "2027-01-01T00:00:00.000Z")],
    ["device", (url: URL) => url.searchParams.set("device", "d2")],
    ["absent device", (url: URL) => url.searchParams.delete("device")],
    [
      "device inside the deployment",
      (url: URL) => {
        url.searchParams.set("deployment", "p1\ndevice=d1");
        url.searchParams.delete("device");
      },
    ],
    ["signature", (url: URL) => url.searchParams.set("x-men-signature", "!")],
    ["absent signature", (url: URL) => url.searchParams.delete("x-men-signature")],
  ])("are void with another %s", async (_, change) => {
    const url = new URL((await aLink({ deployment: "p1", device: "d1" })).uri);
    expect(await verifyLink(at(START), url, get)).toBe("valid");
    change(url);
    expect(await verifyLink(at(START), url, get)).toBe("forged");
  });

  it("are void for another method or key, and hold while the key is the fallback", async () => {
    const [first, second] = [pem(), pem()];
    const old = await loadKeys(first, undefined);
    const { uri } = await signedLink(at(START, old), { method: "PUT", path: "/x", lifeS: 60 });
    const url = new URL(uri);
    expect(await verifyLink(at(START, old), url, { method: "GET" })).toBe("forged");
    expect(await verifyLink(at(START, await loadKeys(second, undefined)), url, { method: "PUT" })).toBe(
      "forged",
    );
    expect(await verifyLink(at(START, await loadKeys(second, first)), url, { method: "PUT" })).toBe("valid");
  });
});
