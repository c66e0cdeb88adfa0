import { hashSync } from "bcryptjs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  hashPassword,
  isImportableHash,
  needsRehash,
  verifyPassword,
} from "../../../src/useradm/passwords.ts";

const SCRYPT = /^\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/;

describe("password hashes", () => {
  it("are scrypt of the stated cost, salted, and match their password only", async () => {
    const [first, second] = await Promise.all([hashPassword("a secret ü"), hashPassword("a secret ü")]);
    expect(first).toMatch(SCRYPT);
    expect(second).not.toBe(first);
    expect(await verifyPassword("a secret ü", first)).toBe(true);
    expect(await verifyPassword("a secret u", first)).toBe(false);
    expect([isImportableHash(first), needsRehash(first)]).toEqual([true, false]);
  });

  it("of a weaker cost still match and want to be replaced", async () => {
    // Made with Python's hashlib: scrypt(b"password", salt=b"0123456789abcdef", n=1024, r=8, p=1, dklen=32).
    const weak = "$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$ZEBCzLptWM7dhpNJDU2HbQ945ovKHmVEozHkePPbSqw";
    expect(await verifyPassword("password", weak)).toBe(true);
    expect(needsRehash(weak)).toBe(true);
  });

  it("of bcrypt match up to the bytes that bcrypt looks at", async () => {
    const hash = hashSync("y".repeat(72), 4);
    expect(await verifyPassword("y".repeat(72), hash)).toBe(true);
    expect(await verifyPassword("y".repeat(73), hash)).toBe(false);
    expect([isImportableHash(hash), needsRehash(hash)]).toEqual([true, true]);
  });

  it("never match where there is none", async () => {
    for (const hash of [undefined, "", "plain", "$scrypt$ln=15,r=8,p=3$"])
      expect(await verifyPassword("", hash)).toBe(false);
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
        expect(needsRehash(text)).toBe(true);
      }),
    );
  });
});
