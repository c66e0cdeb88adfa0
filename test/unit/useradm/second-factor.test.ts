import { inflateSync } from "node:zlib";
import { HOTP, Secret, TOTP, URI } from "otpauth";
import jsQr from "jsqr";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { qrPicture } from "../../../src/useradm/qr.ts";
import {
  newRecoveryCodes,
  newTotpSecret,
  recoveryDigest,
  stepOf,
  totpUrl,
} from "../../../src/useradm/totp.ts";

const AT = 1_700_000_000_000;

/** The pixels of a PNG of one bit a pixel without filters, as a browser unpacks it. */
function pixelsOf(png: Buffer): { data: Uint8ClampedArray; width: number; height: number } {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const at = png.indexOf("IDAT");
  const lines = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
  const lineBytes = 1 + Math.ceil(width / 8);
  expect(lines.length).toBe(lineBytes * height);
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const white = (lines[y * lineBytes + 1 + (x >> 3)]! >> (7 - (x & 7))) & 1;
      data.fill(white * 255, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  return { data, width, height };
}

describe("the picture for an authenticator", () => {
  test("is read by a decoder, and holds what authenticators take", () => {
    const secret = newTotpSecret();
    const url = totpUrl(secret, "ada+lovelace@example.com");
    const { data, width, height } = pixelsOf(qrPicture(url));
    const text = jsQr(data, width, height)?.data ?? "";
    expect(text).toBe(url);
    const read = URI.parse(text) as TOTP;
    expect(read).toMatchObject({
      issuer: "Edgemend",
      label: "ada+lovelace@example.com",
      algorithm: "SHA1",
      digits: 6,
      period: 30,
    });
    expect(read.secret.base32).toBe(secret);
    expect(read.secret.bytes.length).toBe(20);
  });

  test("has the secret in a parameter that is not the first", () => {
    const [, ...parts] = totpUrl("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "ada@example.com").split("&");
    expect(parts).toContain("secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP");
  });
});

describe("a code", () => {
  test("is that of RFC 6238 and counts one step before and after its time", () => {
    const secret = new Secret({ buffer: new TextEncoder().encode("12345678901234567890").buffer }).base32;
    expect(stepOf(secret, "287082", 59_000)).toBe(1);
    const hotp = new HOTP({ secret: Secret.fromBase32(secret) });
    const step = Math.floor(AT / 30_000);
    const found = [-2, -1, 0, 1, 2].map((off) => stepOf(secret, hotp.generate({ counter: step + off }), AT));
    expect(found).toEqual([undefined, step - 1, step, step + 1, undefined]);
  });

  test("is nothing but six digits", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), (text) => {
        fc.pre(!/^\d{6}$/.test(text));
        expect(stepOf("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", text, AT)).toBeUndefined();
      }),
    );
  });
});

test("recovery codes are ten, different, and read in any spelling", () => {
  const codes = newRecoveryCodes();
  expect(codes).toHaveLength(10);
  expect(new Set(codes).size).toBe(10);
  for (const code of codes) {
    expect(code).toMatch(/^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/);
    expect(recoveryDigest(code.toUpperCase().replaceAll("-", " "))).toBe(recoveryDigest(code));
  }
  for (const none of ["", "123456", "abcd-efgh-ijkl", "abcd-efgh-ijkl-mno1"])
    expect(recoveryDigest(none)).toBeUndefined();
});
