import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT, read, tableRows } from "./documents.ts";

/** The lines of levels 1 and 2 in version 5.0.0, by section. */
const ASVS =
  "1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 4.2:1 4.3:2 4.4:4 " +
  "5.1:1 5.2:3 5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2 8.1:2 8.2:3 " +
  "8.3:1 8.4:1 9.1:3 9.2:4 10.1:2 10.2:2 10.3:4 10.4:11 10.5:5 10.6:2 10.7:3 11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1 " +
  "12.1:3 12.2:2 12.3:4 13.1:1 13.2:5 13.3:2 13.4:5 14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 15.3:7 16.1:1 16.2:5 16.3:4 " +
  "16.4:3 16.5:3 17.1:1 17.2:4 17.3:2";

const expected = ASVS.split(" ").flatMap((entry) => {
  const [section = "", count = ""] = entry.split(":");
  return Array.from({ length: Number(count) }, (_, index) => `${section}.${index + 1}`);
});

const TOP_TEN = Array.from({ length: 10 }, (_, index) => `API${index + 1}`);
const ID = /^(\d+\.\d+\.\d+|API\d+\b.*)$/;
/** What a line may say instead of naming a test. */
const SAID = /^(missing|not applicable: .+|operator: .+|missing: .+)$/;

const rows = tableRows(read("docs/security.md").text).filter(([ids = ""]) =>
  ids.split(", ").every((id) => ID.test(id)),
);
const idsOf = ([ids = ""]: string[]) => ids.split(", ").map((id) => id.split(" ")[0] ?? "");
const testsIn = (text: string) =>
  [...text.matchAll(/`(test\/[\w./-]+\.test\.ts)`/g)].map(([, file = ""]) => file);

test("each line of the two lists has its row, and one only", () => {
  expect(rows.flatMap(idsOf).toSorted()).toEqual([...expected, ...TOP_TEN].toSorted());
});

test("each row names tests that exist, or says why there is none", () => {
  const silent = rows.filter(([, , held = ""]) => testsIn(held).length === 0 && !SAID.test(held));
  expect(silent.map(([ids]) => ids)).toEqual([]);
  const named = rows.flatMap(([, , held = ""]) => testsIn(held));
  expect(named.filter((file) => !existsSync(join(PROJECT, file)))).toEqual([]);
});
