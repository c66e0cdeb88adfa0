import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const FOLDER = "migrations";

const inFolder = readdirSync(FOLDER).sort();

const sumOf = (name: string) =>
  createHash("sha256")
    .update(readFileSync(`${FOLDER}/${name}`))
    .digest("hex");

test("a merged migration is never edited, and a new one is frozen with its checksum", () => {
  const frozen = readFileSync("test/unit/platform/migrations.sha256", "utf8").trimEnd().split("\n");
  expect(inFolder.map((name) => `${sumOf(name)}  ${name}`)).toEqual(frozen);
});

test("the product applies every migration of the folder, in order", () => {
  const source = readFileSync("src/platform/migrations.ts", "utf8");
  const imports = new Map(
    [...source.matchAll(/^import (\w+) from "\.\.\/\.\.\/migrations\/(.+)";$/gm)].map(([, local, file]) => [
      local,
      file,
    ]),
  );
  const listed = [...source.matchAll(/\{ name: "(.+)", text: (\w+) \}/g)];
  expect(listed.map(([, name]) => name)).toEqual(inFolder);
  expect(listed.map(([, , local]) => imports.get(local))).toEqual(inFolder);
});
