import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/**
 * While a migration is carried out nobody else is answered, so that no statement of one may look at a table that grows with the
 * fleet. These were before the rule, or are for tables that are small in any installation.
 */
const BEFORE_THE_RULE = "0130_slices.sql";
const SMALL = new Set([
  "tenants",
  "tenant_limits",
  "tenant_homes",
  "tenant_moves",
  "tenant_doors",
  "tenant_exports",
  "tenant_imports",
  "journals",
  "users",
  "roles",
  "releases",
  "artifacts",
  "deployments",
  "deployment_counters",
  "deployment_rules",
  "inventory_filters",
  "inventory_keys",
  "integrations",
  "webhooks",
]);

const plain = (text: string): string => text.replace(/--.*$/gm, "").replace(/'(?:[^']|'')*'/g, "''");

/** A migration without the bodies of its triggers, which are carried out later and for single rows. */
const carriedOut = (text: string): string =>
  plain(text).replace(/CREATE\s+(?:TEMP\s+)?TRIGGER[\s\S]*?\bEND\s*;/gi, "");

const namesAfter = (text: string, words: RegExp): string[] =>
  [...text.matchAll(words)].map(([, name]) => name!);

/** What a migration may not do, with the table that it would be done to. */
function offences(text: string): string[] {
  const done = carriedOut(text);
  const made = new Set(namesAfter(done, /CREATE\s+(?:VIRTUAL\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)/gi));
  const isGreat = (table: string) => !made.has(table) && !SMALL.has(table);
  const of = (what: string, words: RegExp) =>
    namesAfter(done, words)
      .filter(isGreat)
      .map((table) => `${what} ${table}`);
  return [
    ...of("index on", /CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?\w+\s+ON\s+(\w+)/gi),
    // Of a STRICT table, which all are, every row is checked when a column is added.
    ...of("column of", /ALTER\s+TABLE\s+(\w+)\s+(?:ADD|DROP)/gi),
    ...of("change of", /\bUPDATE\s+(?:OR\s+\w+\s+)?(\w+)/gi),
    ...of("removal from", /\bDELETE\s+FROM\s+(\w+)/gi),
    ...of("reading of", /\b(?:FROM|JOIN)\s+(\w+)/gi),
  ];
}

const textOf = (name: string): string => readFileSync(`migrations/${name}`, "utf8");

test("a migration looks at no row of a table that grows with the fleet", () => {
  const bound = readdirSync("migrations").filter((name) => name > BEFORE_THE_RULE);
  expect(Object.fromEntries(bound.map((name) => [name, offences(textOf(name))]))).toEqual(
    Object.fromEntries(bound.map((name) => [name, []])),
  );
});

test("the rule finds what earlier migrations did", () => {
  expect(offences(textOf("0018_text_stems.sql"))).toContain("reading of inventory_devices");
  expect(offences(textOf("0115_pledges.sql"))).toEqual(["column of inventory_devices"]);
});

test.each([
  ["CREATE INDEX a ON devices (x);", ["index on devices"]],
  ["CREATE UNIQUE INDEX a ON devices (x);", ["index on devices"]],
  ["ALTER TABLE auth_sets ADD COLUMN x TEXT;", ["column of auth_sets"]],
  ["alter table auth_sets drop column x;", ["column of auth_sets"]],
  ["UPDATE devices SET x = 1;", ["change of devices"]],
  ["UPDATE OR IGNORE devices SET x = 1;", ["change of devices"]],
  ["DELETE FROM devices WHERE x = 1;", ["removal from devices", "reading of devices"]],
  [
    "CREATE TABLE b (x TEXT); INSERT INTO b SELECT x FROM devices JOIN auth_sets;",
    ["reading of devices", "reading of auth_sets"],
  ],
  ["CREATE TABLE b (x TEXT); CREATE INDEX c ON b (x); DROP TABLE devices;", []],
  [
    "CREATE TRIGGER t AFTER INSERT ON devices BEGIN UPDATE devices SET x = 1; DELETE FROM auth_sets; END;",
    [],
  ],
  ["ALTER TABLE tenants ADD COLUMN x TEXT; CREATE INDEX a ON tenants (x);", []],
  ["-- UPDATE devices\nDROP TRIGGER t; INSERT INTO b VALUES ('DELETE FROM devices');", []],
])("%s", (text, expected) => {
  expect(offences(text)).toEqual(expected);
});
