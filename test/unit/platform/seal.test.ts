import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { loadKeys } from "../../../src/platform/keys.ts";
import { presentSeal, seal, unseal } from "../../../src/platform/seal.ts";

const newKey = () =>
  generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString();
const [OLD, NEW] = [newKey(), newKey()];

test("what is sealed opens again, in its own context only", async () => {
  const keys = await loadKeys(OLD, undefined);
  await fc.assert(
    fc.asyncProperty(fc.string(), async (text) => {
      const sealed = await seal(keys, text, "here");
      expect(await unseal(keys, sealed, "here")).toBe(text);
      expect(await unseal(keys, sealed, "there")).toBeUndefined();
    }),
    { numRuns: 30 },
  );
});

test("what was changed, cut or made up does not open", async () => {
  const keys = await loadKeys(OLD, undefined);
  const sealed = await seal(keys, "secret", "here");
  for (const broken of ["", "a.b.c", sealed.slice(0, -2), `${sealed}AA`, sealed.replace(/\.(.)/, ".A$1")])
    expect(await unseal(keys, broken, "here")).toBeUndefined();
});

test("the former key opens what it sealed, and the present one seals", async () => {
  const sealed = await seal(await loadKeys(OLD, undefined), "secret", "here");
  const both = await loadKeys(NEW, OLD);
  expect(await unseal(both, sealed, "here")).toBe("secret");
  const again = await seal(both, "secret", "here");
  expect([sealed.startsWith(presentSeal(both)), again.startsWith(presentSeal(both))]).toEqual([false, true]);
  expect(await unseal(await loadKeys(NEW, undefined), again, "here")).toBe("secret");
  expect(await unseal(await loadKeys(NEW, undefined), sealed, "here")).toBeUndefined();
});
