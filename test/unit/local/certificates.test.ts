import { systemNow } from "../../../src/platform/clock.ts";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openTlsIdentity } from "../../../src/local/certificates.ts";
import { openDataFolder, type DataFolder } from "../../../src/local/data-folder.ts";

const NAMES = ["localhost", "updates.test", "127.0.0.1", "::1", "2001:db8::7", "192.0.2.7"];
const DAY_MS = 86_400_000;

let folder: DataFolder;

beforeEach(() => {
  folder = openDataFolder(mkdtempSync(join(tmpdir(), "edgemend-tls-")));
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(folder.path, { recursive: true });
});

const authority = () => new X509Certificate(readFileSync(folder.file("ca.pem")));

describe("a local certificate authority", () => {
  test("vouches for a server under every name and address it was asked for, and no other", () => {
    const server = new X509Certificate(openTlsIdentity(folder, NAMES).chain);
    expect(server.checkHost("localhost")).toBe("localhost");
    expect(server.checkHost("updates.test")).toBe("updates.test");
    for (const address of NAMES.slice(2)) expect(server.checkIP(address)).toBe(address);
    expect(server.checkHost("elsewhere.test")).toBeUndefined();
    expect(server.checkIP("192.0.2.8")).toBeUndefined();
    expect(server.checkIssued(authority())).toBe(true);
    expect(server.verify(authority().publicKey)).toBe(true);
    expect(authority().verify(authority().publicKey)).toBe(true);
    expect([server.ca, authority().ca]).toEqual([false, true]);
  });

  test("issues for servers only and for little more than a year", () => {
    const server = new X509Certificate(openTlsIdentity(folder, NAMES).chain);
    expect(server.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    const days = (Date.parse(server.validTo) - systemNow()) / DAY_MS;
    expect(days).toBeGreaterThan(390);
    expect(days).toBeLessThan(398);
  });

  test("keeps its keys to itself", () => {
    openTlsIdentity(folder, NAMES);
    for (const file of ["ca-key.pem", "server-key.pem"])
      expect(statSync(folder.file(file)).mode & 0o777).toBe(0o600);
  });

  test("is kept, and so is the certificate while it serves", () => {
    const first = openTlsIdentity(folder, NAMES);
    expect(openTlsIdentity(folder, NAMES.slice(0, 3))).toEqual(first);
  });

  test("issues anew for one more name and when the old certificate is due, under the same authority", () => {
    const ca = () => readFileSync(folder.file("ca.pem"), "utf8");
    const first = openTlsIdentity(folder, ["localhost"]);
    const before = ca();
    const second = openTlsIdentity(folder, ["localhost", "late.test"]);
    expect(second.chain).not.toBe(first.chain);
    expect(new X509Certificate(second.chain).checkHost("late.test")).toBe("late.test");
    vi.useFakeTimers({ now: systemNow() + 380 * DAY_MS });
    const third = openTlsIdentity(folder, ["localhost", "late.test"]);
    expect(third.chain).not.toBe(second.chain);
    expect(ca()).toBe(before);
  });

  test("outlives the year 2049 in the other notation of time", () => {
    vi.useFakeTimers({ now: new Date("2047-01-01T00:00:00Z") });
    openTlsIdentity(folder, ["localhost"]);
    expect(authority().validTo).toBe("Dec 29 00:00:00 2056 GMT");
  });
});
