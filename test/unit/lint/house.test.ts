import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** A copy of the rules over files that break them. */
let house: string;
beforeAll(() => {
  house = mkdtempSync(join(tmpdir(), "house-"));
  cpSync("lint", join(house, "lint"), { recursive: true });
  cpSync(".oxlintrc.json", join(house, ".oxlintrc.json"));
});
afterAll(() => rmSync(house, { recursive: true }));

/** What the linter says of a file of this text at this place. */
function complaintsOf(path: string, text: string): string {
  const file = join(house, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  try {
    return execFileSync("npx", ["oxlint", "-c", join(house, ".oxlintrc.json"), file], { encoding: "utf8" });
  } catch (failed) {
    return (failed as { stdout: string }).stdout;
  } finally {
    rmSync(file);
  }
}

describe("the rules of the house", () => {
  it.each([
    ["the machine's clock", "src/storage/a.ts", "export const a = () => Date.now();", "house(clock)"],
    ["a date of now", "src/storage/a.ts", "export const a = () => new Date();", "house(clock)"],
    ["a stopwatch", "src/storage/a.ts", "export const a = () => performance.now();", "house(clock)"],
    [
      "a list as parameters",
      "src/storage/a.ts",
      "export const a = (q) => q.inArray(1, [2]);",
      "house(database)",
    ],
    ["a transaction", "src/storage/a.ts", "export const a = (db) => db.transaction(a);", "house(database)"],
    ["SQL among the rules", "src/storage/a.ts", "export const a = (sql) => sql`SELECT 1`;", "house(sql)"],
    [
      "an import from a higher layer",
      "src/platform/a.ts",
      'import { b } from "../storage/index.ts";\nexport const a = b;',
      "house(layers)",
    ],
    [
      "a type of a higher layer",
      "src/inventory/a.ts",
      'import type { B } from "../deployments/index.ts";\nexport const a = (b: B) => b;',
      "house(layers)",
    ],
    [
      "an import of a neighbour",
      "src/inventory/a.ts",
      'import { b } from "../useradm/index.ts";\nexport const a = b;',
      "house(layers)",
    ],
    [
      "an import past the index",
      "src/deployments/a.ts",
      'import { b } from "../inventory/find.ts";\nexport const a = b;',
      "house(layers)",
    ],
  ])("refuse %s", (_, path, text, rule) => {
    expect(complaintsOf(path, text)).toContain(rule);
  });

  it("let through what keeps to them", () => {
    const text = 'import { b } from "../inventory/index.ts";\nexport const a = (deps) => deps.now() + b;';
    expect(complaintsOf("src/deployments/a.ts", text)).toContain("Found 0 warnings and 0 errors");
  });
});
