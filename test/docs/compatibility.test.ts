import { expect, test } from "vitest";
import { read, sources, tableRows } from "./documents.ts";

const WHERE_ORIGINAL_HERE = 3;

/** Rows that are older than the rule and whose tests do not carry their id yet. It only gets fewer. */
const WITHOUT_TEST = 140;

const rows = tableRows(read("docs/compatibility.md").text);
const declared = rows.flatMap((cells) => cells.slice(WHERE_ORIGINAL_HERE));

/** The ids that titles of tests carry: `[differs: …]`, ids separated by commas. */
const held = new Set(
  sources("test").flatMap(({ text }) =>
    [...text.matchAll(/\[differs: ([a-z0-9 ,-]+)\]/g)].flatMap(([, ids = ""]) => ids.split(", ")),
  ),
);

const twice = (ids: string[]) => ids.filter((id, at) => ids.indexOf(id) !== at);

test("a difference has an id of its own", () => {
  expect(declared.filter((id) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(id))).toEqual([]);
  expect(twice(declared)).toEqual([]);
});

test("each declared difference is held by a test", () => {
  expect(declared.filter((id) => !held.has(id))).toEqual([]);
  expect(rows.length - declared.length).toBeLessThanOrEqual(WITHOUT_TEST);
});

test("each difference that a test holds is declared", () => {
  expect([...held].filter((id) => !declared.includes(id))).toEqual([]);
});
