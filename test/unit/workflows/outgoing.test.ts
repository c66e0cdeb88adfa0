import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { masked, maskedText, maskedUri, withoutVariables } from "../../../src/workflows/masking.ts";
import { refusedTarget } from "../../../src/workflows/outgoing.ts";

describe("addresses that a deployed server does not call", () => {
  it.each([
    "https://localhost/",
    "https://a.localhost/",
    "https://printer.local/",
    "https://db/",
    "https://127.1/",
    "https://0x7f000001/",
    "https://10.1.2.3/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://169.254.169.254/",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://224.0.0.1/",
    "https://[::1]/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[2002:7f00:1::]/",
    "https://localhost./",
    "http://example.com/",
    "file:///etc/passwd",
    "javascript:1",
    "no address",
  ])("%s", (address) => {
    expect(refusedTarget(address, { local: false })).toMatch(/./);
  });

  it.each([
    "https://example.com/a",
    "https://8.8.8.8/",
    "https://172.32.0.1/",
    "https://[2606:4700::1111]/",
    "https://user@example.com:8443/",
  ])("but %s is called", (address) => {
    expect(refusedTarget(address, { local: false })).toBeUndefined();
  });

  it("includes every private IPv4 address in every spelling", () => {
    fc.assert(
      fc.property(fc.nat(0xffffff), (low) => {
        const address = 0x0a000000 + low;
        expect(refusedTarget(`https://${address}/`, { local: false })).toMatch(/./);
        expect(refusedTarget(`https://0x${address.toString(16)}/`, { local: false })).toMatch(/./);
      }),
    );
  });

  it("are called by a local server", () => {
    expect(refusedTarget("http://127.0.0.1:9/", { local: true })).toBeUndefined();
    expect(refusedTarget("file:///etc/passwd", { local: true })).toMatch(/./);
  });
});

describe("masking", () => {
  it("hides what stands under the name of a secret at any depth", () => {
    const value = {
      password: "p",
      deep: [{ "api-key": "k", fine: 1 }],
      Authorization: { a: 1 },
      empty_token: "",
    };
    expect(masked(value)).toEqual({
      password: "***",
      deep: [{ "api-key": "***", fine: 1 }],
      Authorization: "***",
      empty_token: "",
    });
  });

  it("looks into JSON and leaves other texts alone", () => {
    expect(maskedText('{"token":"t","a":1}')).toBe('{"token":"***","a":1}');
    expect(maskedText("{no json token=1")).toBe("{no json token=1");
  });

  it("hides secrets of addresses", () => {
    expect(maskedUri("https://u:p@example.com/x?a=1&token=t&X-Amz-Signature=s#f")).toBe(
      "https://***@example.com/x?a=1&token=***&X-Amz-Signature=***#f",
    );
  });

  it("takes values of variables out of any text", () => {
    expect(withoutVariables("Bearer sesame-open x", { K: "sesame-open", SHORT: "x" })).toBe("Bearer *** x");
  });
});
