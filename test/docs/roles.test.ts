import { expect, test } from "vitest";
import { ROLE_PERMISSIONS } from "../../src/platform/permissions.ts";
import { read, tableRows } from "./documents.ts";

const inQuotes = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);

test("the table of permissions says which roles have them", () => {
  const rows = tableRows(read("docs/roles.md").text);
  const said = rows.map(([permission = "", , roles = ""]) => [inQuotes(permission)[0], inQuotes(roles)]);
  const restricted = Object.entries(ROLE_PERMISSIONS).filter(([, granted]) => granted !== "all");
  const actual = said.map(([permission]) => [
    permission,
    restricted.filter(([, granted]) => granted.includes(permission as never)).map(([role]) => role),
  ]);
  expect(said).toEqual(actual);
  const named = new Set(said.map(([permission]) => permission));
  expect(restricted.flatMap(([, granted]) => granted).filter((one) => !named.has(one))).toEqual([]);
});
