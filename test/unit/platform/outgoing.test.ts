import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { refusedTarget } from "../../../src/platform/outgoing.ts";

const refused = (address: string, ownOrigin?: string) => refusedTarget(address, { local: false, ownOrigin });

/** By the host alone; what the parser takes for no address is refused as well. */
const CORPUS = {
  "this machine": [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "localhost..",
    "a.localhost",
    "localhost.localdomain",
    "127.0.0.1",
    "127.1",
    "127.0.0.1.",
    "127.0.0.1..",
    "0177.0.0.1",
    "0x7f.1",
    "0x7f000001",
    "2130706433",
    "017700000001",
    "0",
    "0.0.0.0",
    "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3",
    "127\u30020\u30020\u30021",
    "localhost\u3002",
    "127\uff0e0\uff0e0\uff0e1",
    "\uff11\uff12\uff17.0.0.1",
    "%6cocalhost",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
  ],
  "names of inside": [
    "db",
    "printer.local",
    "host.lan",
    "router.home",
    "x.home.arpa",
    "git.corp",
    "a.internal",
    "metadata.google.internal",
    "a.intranet",
    "a.private",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "a.localdomain",
    "a.test",
    "a.b..com",
    ".example.com",
    "a.corp.",
    "A.CORP",
    "a.svc..",
  ],
  "names that stand for addresses": [
    "127.0.0.1.nip.io",
    "10-0-0-1.nip.io",
    "app.10.0.0.1.sslip.io",
    "nip.io",
    "localtest.me",
    "a.localtest.me",
    "lvh.me",
    "a.NIP.io.",
    "x.vcap.me",
  ],
  "private IPv4": [
    "10.1.2.3",
    "012.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "192.168.257",
    "169.254.169.254",
    "0xa9fea9fe",
    "100.64.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
  ],
  "private IPv6": [
    "[fe80::1]",
    "[fc00::1]",
    "[fd00::1]",
    "[ff02::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:8.8.8.8]",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::1]",
    "[100::1]",
    "[2001::1]",
    "[2001:0:1::1]",
    "[2001:2::1]",
    "[2001:10::1]",
    "[2001:1f::1]",
    "[2001:20::1]",
    "[2001:2f::1]",
    "[2001:db8::1]",
    "[2002:7f00:1::]",
    "[3fff::1]",
    "[3fff:fff::1]",
    "[5f00::1]",
    "[fec0::1]",
  ],
};

describe("addresses that a deployed server does not call", () => {
  it.each(Object.entries(CORPUS))("%s", (_, hosts) => {
    expect(hosts.filter((host) => refused(`https://${host}/`) === undefined)).toEqual([]);
  });

  it.each([
    "http://example.com/",
    "file:///etc/passwd",
    "javascript:1",
    "ftp://example.com/",
    "no address",
    "",
  ])("%j", (address) => {
    expect(refused(address)).toMatch(/./);
  });

  it.each([
    22, 23, 25, 110, 143, 465, 587, 993, 995, 2375, 2525, 3306, 5432, 6379, 6443, 10250, 11211, 27017,
  ])("the port %i of any host", (port) => {
    expect(refused(`https://example.com:${port}/`)).toBe("the port is not of the web");
  });

  it.each([
    "https://example.com/a",
    "https://8.8.8.8/",
    "https://172.32.0.1/",
    "https://192.88.98.1/",
    "https://198.20.0.1/",
    "https://223.255.255.255/",
    "https://[2606:4700::1111]/",
    "https://[2001:200::1]/",
    "https://[2001:4860:4860::8888]/",
    "https://[3fff:1000::1]/",
    "https://user@example.com:8443/",
    "https://notlocalhost.com/",
    "https://corp.example.com/",
    "https://mynip.io/",
    "https://m\u00fcnchen.de/",
  ])("but %s is called", (address) => {
    expect(refused(address)).toBeUndefined();
  });

  it("includes every private IPv4 address in every spelling", () => {
    const blocks = fc.constantFrom(
      [0x0a000000, 24],
      [0x7f000000, 24],
      [0xa9fe0000, 16],
      [0xc0a80000, 16],
      [0xac100000, 20],
    );
    fc.assert(
      fc.property(blocks, fc.nat(0xffffff), ([base = 0, bits = 0], low) => {
        const address = base + (low % 2 ** bits);
        const bytes = [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256);
        const [a = 0, b = 0, c = 0, d = 0] = bytes;
        const spellings = [
          String(address),
          `0x${address.toString(16)}`,
          `0${address.toString(8)}`,
          bytes.map((byte) => `0${byte.toString(8)}`).join("."),
          bytes.map((byte) => `0x${byte.toString(16)}`).join("."),
          `${a}.${address % 2 ** 24}`,
          `${a}.${b}.${c * 256 + d}`,
          `${bytes.join(".")}.`,
          bytes.join("\u3002"),
          `[::ffff:${bytes.join(".")}]`,
          `[64:ff9b::${bytes.join(".")}]`,
          `[2002:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}::1]`,
        ];
        expect(spellings.filter((host) => refused(`https://${host}/`) === undefined)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it("includes this server, however its name is spelled", () => {
    const own = "https://Updates.Example.com";
    const spellings = [
      "updates.example.com",
      "UPDATES.EXAMPLE.COM.",
      "updates.example.com:8443",
      "updates\u3002example\u3002com",
    ];
    for (const host of [...spellings, "%75pdates.example.com", "u@updates.example.com"])
      expect(refused(`https://${host}/`, own)).toBe("this server is not called");
    expect(refused("https://other.example.com/", own)).toBeUndefined();
    expect(refused("https://example.com/", "")).toBeUndefined();
  });

  it("never throws on anything", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => void refused(`https://${text}`)));
  });

  it("are called by a local server", () => {
    expect(refusedTarget("http://127.0.0.1:9/", { local: true })).toBeUndefined();
    expect(refusedTarget("file:///etc/passwd", { local: true })).toMatch(/./);
  });
});
