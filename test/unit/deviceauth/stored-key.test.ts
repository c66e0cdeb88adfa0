import { createPublicKey, generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { standInPem } from "../../../bench/stand-in-keys.ts";
import { parseKey } from "../../../src/deviceauth/device-key.ts";
import { fromStoredKey, toStoredKey } from "../../../src/deviceauth/stored-key.ts";

/** The key as it is shown, whichever way it was sent. */
function shown(pem: string): string {
  const parsed = parseKey(pem);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.key.pem;
}

const rsa = (modulusLength: number, publicExponent = 0x10001) =>
  generateKeyPairSync("rsa", { modulusLength, publicExponent }).publicKey;
const curve = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve }).publicKey;

const SHORT = {
  "RSA of 2048 bits": [rsa(2048), 321],
  "RSA of 3072 bits": [createPublicKey(standInPem(0)), 481],
  "RSA of 4096 bits": [createPublicKey(spkiOf(512)), 641],
  Ed25519: [generateKeyPairSync("ed25519").publicKey, 41],
  "P-256": [curve("P-256"), 81],
} as const;

const OTHERS = {
  "RSA of 1024 bits": rsa(1024),
  "RSA with another exponent": rsa(2048, 3),
  "P-224": curve("P-224"),
  "P-384": curve("P-384"),
  "P-521": curve("P-521"),
};

/** An RSA key of so many bytes, of which nobody has the private one. */
function spkiOf(bytes: number): string {
  const modulus = Buffer.alloc(bytes, 0xff);
  return createPublicKey({
    key: { kty: "RSA", n: modulus.toString("base64url"), e: "AQAB" },
    format: "jwk",
  })
    .export({ type: "spki", format: "pem" })
    .toString();
}

const pemOf = (key: ReturnType<typeof rsa>) => key.export({ type: "spki", format: "pem" }).toString();

describe("a stored key", () => {
  it.each(Object.entries(SHORT))("of the kind %s is short and comes back as it was", (_, [key, length]) => {
    const pem = shown(pemOf(key));
    const stored = toStoredKey(pem);
    expect(stored).toHaveLength(length);
    expect(JSON.stringify(stored)).toHaveLength(length + 2);
    expect(fromStoredKey(stored)).toBe(pem);
    expect(fromStoredKey(pem)).toBe(pem);
  });

  it.each(Object.entries(OTHERS))("of the kind %s is its PEM", (_, key) => {
    const pem = shown(pemOf(key));
    expect(toStoredKey(pem)).toBe(pem);
    expect(fromStoredKey(pem)).toBe(pem);
  });

  it("comes back whatever its bytes are", () => {
    fc.assert(
      fc.property(fc.nat(), (index) => {
        const pem = standInPem(index);
        expect(fromStoredKey(toStoredKey(pem))).toBe(pem);
      }),
    );
  });

  it("has one form for ever", () => {
    expect(toStoredKey(PINNED_PEM)).toBe(PINNED);
    expect(fromStoredKey(PINNED)).toBe(PINNED_PEM);
  });

  it("is not taken for a short one in another spelling of PEM", () => {
    for (const other of [PINNED_PEM.trimEnd(), PINNED_PEM.replaceAll("\n", "\r\n"), `${PINNED_PEM}\n`])
      expect(toStoredKey(other)).toBe(other);
  });

  it.each([
    "",
    "k",
    "d",
    "none",
    "key of a device",
    `d${"0".repeat(39)}`,
    `d${"#".repeat(40)}`,
    `d${" ".repeat(40)}`,
  ])("that is in no form that is known is shown as it is: %j", (text) => {
    expect(fromStoredKey(text)).toBe(text);
  });
});

const PINNED_PEM = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
`;
const PINNED = "d/ijKxG0tV(!L2[<:Z+Sq4=IE1*nl8vUl2RQ{xKLl";
