import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** Each breaks one rule on purpose: what it does, where, and the rule that must refuse it. */
const BROKEN: readonly (readonly [name: string, path: string, text: string, rule: string])[] = [
  ["the machine's clock", "src/storage/clock.ts", "export const a = () => Date.now();", "house(clock)"],
  ["a date of now", "src/storage/date.ts", "export const a = () => new Date();", "house(clock)"],
  ["a stopwatch", "src/storage/stopwatch.ts", "export const a = () => performance.now();", "house(clock)"],
  ["a list as parameters", "src/storage/list.ts", "export const a = (q) => q.inArray(1);", "house(database)"],
  [
    "a transaction",
    "src/storage/transaction.ts",
    "export const a = (b) => b.transaction();",
    "house(database)",
  ],
  [
    "a route that does not say who may call it",
    "src/storage/bare-routes.ts",
    'import { createRoute } from "@hono/zod-openapi";\nexport const a = createRoute({});',
    "house(routes)",
  ],
  [
    "a router that takes bare routes",
    "src/storage/router.ts",
    'import { Hono } from "hono";\nexport const a = new Hono();',
    "house(routes)",
  ],
  [
    "all there is to make routes",
    "src/storage/all-routes.ts",
    'import * as openapi from "@hono/zod-openapi";\nexport const a = openapi.createRoute({});',
    "house(routes)",
  ],
  [
    "a request that leaves by itself",
    "src/storage/outgoing.ts",
    "export const a = () => fetch('https://example.com/');",
    "house(outgoing)",
  ],
  ["a database by its binding", "src/storage/home.ts", "export const a = (env) => env.DB;", "house(homes)"],
  ["a file of more than 300 lines", "src/storage/long.ts", "export {};\n".repeat(301), "eslint(max-lines)"],
  ["SQL among the rules", "src/storage/sql.ts", "export const a = (sql) => sql`SELECT 1`;", "house(sql)"],
  [
    "an import from a higher layer",
    "src/platform/higher.ts",
    'export { b } from "../storage/index.ts";',
    "house(layers)",
  ],
  [
    "a type of a higher layer",
    "src/inventory/type.ts",
    'import type { B } from "../deployments/index.ts";\nexport const a = (b: B) => b;',
    "house(layers)",
  ],
  [
    "an import of a neighbour",
    "src/inventory/neighbour.ts",
    'export { b } from "../useradm/index.ts";',
    "house(layers)",
  ],
  [
    "an import past the index",
    "src/deployments/past.ts",
    'export { b } from "../inventory/find.ts";',
    "house(layers)",
  ],
  [
    "a circle",
    "src/storage/circle-a.ts",
    'import { b } from "./circle-b.ts";\nexport const a = () => b;',
    "import(no-cycle)",
  ],
  [
    "a circle of types",
    "src/storage/types-a.ts",
    'import type { B } from "./types-b.ts";\nexport type A = B | 1;',
    "import(no-cycle)",
  ],
];

const RIGHT = "src/deployments/right.ts";

let folder: string;
let said: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "house-"));
  cpSync("lint", join(folder, "lint"), { recursive: true });
  cpSync(".oxlintrc.json", join(folder, ".oxlintrc.json"));
  const files = [
    ...BROKEN,
    ["", "src/storage/circle-b.ts", 'import { a } from "./circle-a.ts";\nexport const b = () => a;', ""],
    ["", "src/storage/types-b.ts", 'import type { A } from "./types-a.ts";\nexport type B = A | 2;', ""],
    ["", RIGHT, 'import { b } from "../inventory/index.ts";\nexport const a = (deps) => deps.now() + b;', ""],
  ] as const;
  for (const [, path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const { stdout } = spawnSync(resolve("node_modules/.bin/oxlint"), ["--format", "unix"], {
    cwd: folder,
    encoding: "utf8",
  });
  said = stdout;
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

const saidOf = (path: string) => said.split("\n").filter((line) => line.includes(path));

describe("the rules of the house", () => {
  it.each(BROKEN)("refuse %s", (_, path, _text, rule) => {
    expect(saidOf(path).join("\n")).toContain(rule);
  });

  it("let through what keeps to them", () => {
    expect(saidOf(RIGHT)).toEqual([]);
  });
});
