import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSignedBy, parseKey, type DeviceKey } from "../../../src/deviceauth/device-key.ts";

const pairs: [name: string, pair: { publicKey: KeyObject; privateKey: KeyObject }][] = [
  ["RSA-1024", generateKeyPairSync("rsa", { modulusLength: 1024 })],
  ["RSA-2048", generateKeyPairSync("rsa", { modulusLength: 2048 })],
  ["RSA-3072", generateKeyPairSync("rsa", { modulusLength: 3072 })],
  ...["P-224", "P-256", "P-384", "P-521"].map(
    (namedCurve): [string, { publicKey: KeyObject; privateKey: KeyObject }] => [
      namedCurve,
      generateKeyPairSync("ec", { namedCurve }),
    ],
  ),
  ["Ed25519", generateKeyPairSync("ed25519")],
];

const pemOf = (key: KeyObject) => key.export({ type: "spki", format: "pem" }).toString();

function parsed(pem: string): DeviceKey {
  const result = parseKey(pem);
  if (!result.ok) throw new Error(result.problem);
  return result.key;
}

const signed = (key: KeyObject, body: Uint8Array) =>
  sign(key.asymmetricKeyType === "ed25519" ? null : "sha256", body, key).toString("base64");

describe.each(pairs)("a key of type %s", (_name, { publicKey, privateKey }) => {
  const pem = pemOf(publicKey);
  const key = parsed(pem);

  it("is stored with lines of 64 and a final newline", () => {
    expect(key.pem).toBe(pem);
  });

  it("is the same however its text is broken", () => {
    const base64 = pem.split("\n").slice(1, -2).join("");
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom("\n", "\r\n", " \n", "\n\t"),
        fc.constantFrom("", "\n", "\r\n\r\n", "\nanything after"),
        fc.constantFrom("", "\n", "a comment\n"),
        (width, newline, after, before) => {
          const lines = base64.match(new RegExp(`.{1,${width}}`, "g"))!;
          const text = `${before}-----BEGIN PUBLIC KEY-----\r\n${lines.join(newline)}\n-----END PUBLIC KEY-----${after}`;
          expect(parsed(text)).toMatchObject({ pem: key.pem, hash: key.hash });
        },
      ),
    );
  });

  it("verifies what it signed and nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.nat(), (body, at) => {
        const signature = signed(privateKey, body);
        expect(isSignedBy(key, body, signature)).toBe(true);
        const changed = body.slice();
        changed[at % body.length]! ^= 1;
        expect(isSignedBy(key, changed, signature)).toBe(false);
      }),
      { numRuns: 10 },
    );
  });

  it("takes garbage for no signature, without throwing", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (signature) => {
        expect(isSignedBy(key, new Uint8Array([1]), signature)).toBe(false);
      }),
    );
  });
});

describe("a fixed-width ECDSA signature", () => {
  it("is refused: the wire has DER", () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const body = Buffer.from("x");
    const fixed = sign("sha256", body, { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64");
    expect(isSignedBy(parsed(pemOf(publicKey)), body, fixed)).toBe(false);
  });
});

describe("text that is no key", () => {
  const [, { publicKey }] = pairs[0]!;
  const pem = pemOf(publicKey);
  const pkcs1 = publicKey.export({ type: "pkcs1", format: "pem" }).toString();

  it.each([
    ["empty", ""],
    ["another label", pkcs1],
    ["another block first", pkcs1 + pem],
    ["spaces for line ends", pem.replaceAll("\n", " ")],
    ["no end", pem.slice(0, -20)],
    ["not base64", pem.replace(/\n./, "\n*")],
    ["base64 of nothing known", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"],
    ["an empty block", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"],
    ["a private key", pem.replaceAll("PUBLIC", "PRIVATE")],
  ])("is refused: %s", (_name, text) => {
    expect(parseKey(text)).toEqual({ ok: false, problem: "cannot decode public key" });
  });

  it("is told apart from a key that cannot sign", () => {
    const { publicKey: agreement } = generateKeyPairSync("x25519");
    expect(parseKey(pemOf(agreement))).toEqual({ ok: false, problem: "unrecognized public key type" });
  });

  it("never makes the reader throw", () => {
    fc.assert(
      fc.property(
        fc.nat(pem.length),
        fc.nat(40),
        fc.oneof(fc.string(), fc.base64String()),
        (at, length, inserted) => {
          expect(typeof parseKey(pem.slice(0, at) + inserted + pem.slice(at + length)).ok).toBe("boolean");
        },
      ),
    );
  });
});
