import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { refusedTarget } from "../../../src/platform/outgoing.ts";
import { OUTGOING_CORPUS } from "../../support/outgoing-corpus.ts";

const refused = (address: string, ownOrigin?: string) => refusedTarget(address, { local: false, ownOrigin });

describe("addresses that a deployed server does not call", () => {
  it.each(Object.entries(OUTGOING_CORPUS))("%s", (_, hosts) => {
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
