import { hashSync } from "bcryptjs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { settingsOf, type Env } from "../../../src/platform/env.ts";
import { deriveHere } from "../../../src/platform/scrypt.ts";
import {
  hashPassword,
  isImportableHash,
  needsRehash,
  verifyPassword,
} from "../../../src/useradm/passwords.ts";

/** As a deployment without a setting of its own. */
const REAL = { scrypt: deriveHere, settings: settingsOf({} as Env) };
const CHEAP = { ...REAL, settings: { ...REAL.settings, PASSWORD_COST_LN: 10 } };

const SCRYPT = /^\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/;

describe("password hashes", () => {
  // Two derivations of the real cost, on a machine that may be busy.
  it("are scrypt of the stated cost, and match their password", { timeout: 30_000 }, async () => {
    const hash = await hashPassword(REAL, "a secret ü");
    expect(hash).toMatch(SCRYPT);
    expect(await verifyPassword(REAL, "a secret ü", hash)).toBe(true);
    expect([isImportableHash(hash), needsRehash(REAL, hash)]).toEqual([true, false]);
  });

  it("are salted, and match no other password", async () => {
    const [first, second] = [
      await hashPassword(CHEAP, "a secret ü"),
      await hashPassword(CHEAP, "a secret ü"),
    ];
    expect(second).not.toBe(first);
    expect(await verifyPassword(CHEAP, "a secret u", first)).toBe(false);
  });

  it("of a weaker cost still match and want to be replaced", async () => {
    // Made with Python's hashlib: scrypt(b"password", salt=b"0123456789abcdef", n=1024, r=8, p=1, dklen=32).
    const weak = "$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$ZEBCzLptWM7dhpNJDU2HbQ945ovKHmVEozHkePPbSqw";
    expect(await verifyPassword(REAL, "password", weak)).toBe(true);
    expect(needsRehash(REAL, weak)).toBe(true);
  });

  it("of a greater cost stay", async () => {
    const weak = await hashPassword(CHEAP, "password");
    expect(weak).toMatch(/^\$scrypt\$ln=10,r=8,p=3\$/);
    expect([needsRehash(CHEAP, weak), needsRehash(REAL, weak)]).toEqual([false, true]);
    expect(needsRehash(CHEAP, weak.replace("ln=10", "ln=15"))).toBe(false);
  });

  it("of bcrypt match up to the bytes that bcrypt looks at", async () => {
    const hash = hashSync("y".repeat(72), 4);
    expect(await verifyPassword(REAL, "y".repeat(72), hash)).toBe(true);
    expect(await verifyPassword(REAL, "y".repeat(73), hash)).toBe(false);
    expect([isImportableHash(hash), needsRehash(REAL, hash)]).toEqual([true, true]);
  });

  it("never match where there is none", async () => {
    for (const hash of [undefined, "", "plain", "$scrypt$ln=15,r=8,p=3$"])
      expect(await verifyPassword(CHEAP, "", hash)).toBe(false);
  });

  it("are not imported if they cost too much or too little", () => {
    const tail = `${"A".repeat(22)}$${"A".repeat(43)}`;
    const refused = [
      `$scrypt$ln=9,r=8,p=1$${tail}`,
      `$scrypt$ln=20,r=8,p=1$${tail}`,
      `$scrypt$ln=15,r=8,p=9$${tail}`,
      `$2b$31$${"a".repeat(53)}`,
      `$1$${"a".repeat(53)}`,
    ];
    expect(refused.map(isImportableHash)).toEqual(refused.map(() => false));
  });

  it("take any text for a hash without failing", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(isImportableHash(text)).toBe(false);
        expect(needsRehash(REAL, text)).toBe(true);
      }),
    );
  });
});
