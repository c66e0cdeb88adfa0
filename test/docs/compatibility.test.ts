import { expect, test } from "vitest";
import { read, sources, tableRows } from "./documents.ts";

/** Where, the original, here, and the id. */
const CELLS = 4;

const rows = tableRows(read("docs/compatibility.md").text);
const declared = rows.map((cells) => cells.at(CELLS - 1) ?? "");

/** The ids that titles of tests carry: `[differs: …]`, ids separated by commas. */
const held = new Set(
  sources("test").flatMap(({ text }) =>
    [...text.matchAll(/\[differs: ([a-z0-9 ,-]+)\]/g)].flatMap(([, ids = ""]) => ids.split(", ")),
  ),
);

const twice = (ids: string[]) => ids.filter((id, at) => ids.indexOf(id) !== at);

test("each difference tells where it is, the original, what is here, and an id of its own", () => {
  expect(rows.length).toBeGreaterThan(150);
  const isWhole = (cells: string[]) => cells.length === CELLS && cells.every((cell) => cell !== "");
  expect(rows.filter((cells) => !isWhole(cells))).toEqual([]);
  expect(declared.filter((id) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(id))).toEqual([]);
  expect(twice(declared)).toEqual([]);
});

test("each declared difference is held by a test", () => {
  expect(declared.filter((id) => !held.has(id))).toEqual([]);
});

test("each difference that a test holds is declared", () => {
  expect([...held].filter((id) => !declared.includes(id))).toEqual([]);
});
