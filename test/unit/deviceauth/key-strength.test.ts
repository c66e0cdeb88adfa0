import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { parseKey, weaknessOfPem } from "../../../src/deviceauth/device-key.ts";

const P = 2n ** 255n - 19n;
const mod = (n: bigint) => ((n % P) + P) % P;
function power(base: bigint, exponent: bigint): bigint {
  let [result, factor] = [1n, mod(base)];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * factor);
    factor = mod(factor * factor);
  }
  return result;
}
const inverse = (n: bigint) => power(n, P - 2n);
const D = mod(-121665n * inverse(121666n));

/** The `y` of twice the point that has this `y`. */
function doubled(y: bigint): bigint {
  const yy = mod(y * y);
  const xx = mod((yy - 1n) * inverse(mod(D * yy + 1n)));
  const dxxyy = mod(D * mod(xx * yy));
  return mod(mod(yy + xx) * inverse(mod(1n - dxxyy)));
}

const le = (n: bigint): Buffer => Buffer.from(n.toString(16).padStart(64, "0"), "hex").reverse();
const fromLe = (hex: string): bigint => BigInt(`0x${Buffer.from(hex, "hex").reverse().toString("hex")}`);

const pemOf = (der: Buffer) =>
  `-----BEGIN PUBLIC KEY-----\n${der.toString("base64").replace(/.{64}/g, "$&\n")}\n-----END PUBLIC KEY-----\n`;
const ed25519 = (point: Buffer) =>
  pemOf(Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), point]));

/** Of order 8; found by the curve equation, not by a list. */
const Y8 = [
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
].map(fromLe);

describe("an Ed25519 key of small order", () => {
  it("has a y that three doublings bring to the neutral point", () => {
    for (const y of [0n, 1n, P - 1n, ...Y8]) expect(doubled(doubled(doubled(y)))).toBe(1n);
  });

  it("is refused in every spelling", () => {
    for (const y of [0n, 1n, P - 1n, P, P + 1n, ...Y8]) {
      for (const sign of [0, 0x80]) {
        const point = le(y);
        point[31] = point[31]! | sign;
        const parsed = parseKey(ed25519(point));
        expect(parsed.ok).toBe(false);
        if (!parsed.ok && parsed.problem !== "cannot decode public key")
          expect(parsed.problem).toBe("Ed25519 key of small order");
      }
    }
  });

  it("is not any other", () => {
    const { publicKey } = generateKeyPairSync("ed25519");
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    expect(parseKey(pem)).toMatchObject({ ok: true, key: { weakness: undefined } });
  });
});

/** An RSA key of these bits that nobody has the other half of. */
function rsa(bits: number, exponent = 65_537): string {
  const modulus = Buffer.alloc(Math.ceil(bits / 8), 0xa5);
  modulus[0] = (1 << ((bits - 1) % 8)) | 1;
  const jwk = { kty: "RSA", n: modulus.toString("base64url"), e: "" };
  const hex = exponent.toString(16);
  jwk.e = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex").toString("base64url");
  return createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" }).toString();
}

describe("an RSA key", () => {
  it("has between 1024 and 8192 bits", () => {
    for (const bits of [512, 1023, 8193, 16_384])
      expect(parseKey(rsa(bits))).toEqual({
        ok: false,
        problem: `RSA key of ${bits} bits: must have between 1024 and 8192`,
      });
    for (const bits of [1024, 2048, 3072, 8192]) expect(parseKey(rsa(bits)).ok).toBe(true);
  });

  it("is told as weak below 2048 bits", () => {
    expect(parseKey(rsa(1024))).toMatchObject({ key: { weakness: "RSA of 1024 bits" } });
    expect(parseKey(rsa(2047))).toMatchObject({ key: { weakness: "RSA of 2047 bits" } });
    expect(parseKey(rsa(2048))).toMatchObject({ key: { weakness: undefined } });
  });

  it("has an exponent that signs", () => {
    for (const exponent of [1, 2, 4]) expect(parseKey(rsa(2048, exponent)).ok).toBe(false);
    expect(parseKey(rsa(2048, 3)).ok).toBe(true);
  });
});

describe("a weak key", () => {
  it("is known by its text", () => {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-224" });
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    expect(parseKey(pem)).toMatchObject({ key: { weakness: "P-224" } });
    expect(weaknessOfPem(pem)).toBe("P-224");
    const { publicKey: strong } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    expect(weaknessOfPem(strong.export({ type: "spki", format: "pem" }).toString())).toBeUndefined();
    for (const text of ["", "key", "-----BEGIN PUBLIC KEY-----\nMA==\n", "MIIBIjANBgkq"])
      expect(weaknessOfPem(text)).toBeUndefined();
  });
});
