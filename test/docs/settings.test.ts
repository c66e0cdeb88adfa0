import { expect, test } from "vitest";
import { SETTING_NAMES, settingProblems, settingsOf, type Env } from "../../src/platform/env.ts";
import { LIMIT_NAMES } from "../../src/tenants/index.ts";
import { read, said, tableRows, wrong } from "./documents.ts";

/** Made by a local start itself, so that nobody sets them. */
const OF_A_LOCAL_START = ["LOCAL", "LOCAL_HTTPS_PORT", "LOCAL_ORIGIN"];
/** A binding of the platform, not a text. */
const BINDINGS = ["EMAIL"];
const NAME = /`([A-Z][A-Z0-9_]+)`/g;

const named = (cell: string) => [...cell.matchAll(NAME)].map(([, name = ""]) => name);

const rows = tableRows(read("docs/operations.md").text)
  .map(([first = "", fallback = "", meaning = ""]) => ({ names: named(first), first, fallback, meaning }))
  .filter(({ names }) => names.length > 0);

const UNITS: Readonly<Record<string, number>> = { MiB: 1024 ** 2, GiB: 1024 ** 3, days: 86_400 };

/** The value that a default stands for; undefined where the words say that there is none. */
function valueOf(told: string): unknown {
  if (told === "no limit") return Number.MAX_SAFE_INTEGER;
  if (told === "`{}`") return {};
  const [, hosts] = /^`(\*\.[\w.-]+)`$/.exec(told) ?? [];
  if (hosts !== undefined) return [hosts];
  const [, word] = /^`(\w+)`$/.exec(told) ?? [];
  if (word !== undefined) return word;
  const [, number, unit = ""] = /^(\d+)(?: (MiB|GiB|days))?(?: \(.*\))?$/.exec(told) ?? [];
  return number === undefined ? undefined : Number(number) * (UNITS[unit] ?? 1);
}

/** Settings without a value are absent, or an empty list. */
const inForce = (name: string): unknown => {
  // No setting is given, so that each has its default.
  const value: unknown = Object.entries(settingsOf({} as Env)).find(([key]) => key === name)?.[1];
  return Array.isArray(value) && value.length === 0 ? undefined : value;
};

test("the table of settings names each setting, and nothing else", () => {
  const settable = SETTING_NAMES.filter((name) => !OF_A_LOCAL_START.includes(name));
  expect(new Set(rows.flatMap(({ names }) => names))).toEqual(new Set([...settable, ...BINDINGS]));
});

test("the defaults that the table tells are in force", () => {
  const told = rows.flatMap(({ names, fallback }) => {
    const each = fallback.split(", ");
    return names.map((name, at) => [
      name,
      valueOf((each.length === names.length ? each[at] : fallback) ?? ""),
    ]);
  });
  expect(told.filter(([, value]) => value !== undefined).length).toBeGreaterThan(20);
  expect(told).toEqual(told.map(([name]) => [name, inForce(String(name))]));
});

/** The settings in whose row this is said, with what the pattern's groups found. */
const whoseRow = (pattern: RegExp): [name: string, ...numbers: number[]][] =>
  rows.flatMap(({ names, first, meaning }) => {
    const found = pattern.exec(first + meaning);
    return found ? names.map((name): [string, ...number[]] => [name, ...found.slice(1).map(Number)]) : [];
  });

const isTaken = (name: string, value: number | string) =>
  settingProblems({ [name]: String(value) }).length === 0;

test.each(whoseRow(/\((\d+) to (\d+)\)/))("%s is from %i to %i", (name, least = 0, most = 0) => {
  const tried = [least - 1, least, most, most + 1].map((value) => isTaken(name, value));
  expect(tried).toEqual([false, true, true, false]);
});

test.each(whoseRow(/\b0 for any/))("%s may be 0, for any", (name) => {
  expect([isTaken(name, 0), isTaken(name, -1)]).toEqual([true, false]);
});

test.each(whoseRow(/at least (\d+) characters/))("%s has at least %i characters", (name, least = 0) => {
  expect([isTaken(name, "x".repeat(least - 1)), isTaken(name, "x".repeat(least))]).toEqual([false, true]);
});

test("each limit of a tenant that is named can be set", () => {
  const limits = said(/`((?:max|remote)_[a-z_]+)`/g);
  expect(limits.length).toBeGreaterThan(5);
  expect(wrong(limits.filter(({ found }) => !LIMIT_NAMES.some((name) => name === found)))).toEqual([]);
});

test("each setting that is named where the platform is set up is one", () => {
  const { text } = read("wrangler.toml");
  const inExamples = [...text.matchAll(/^# ([A-Z_]+) = /gm)].map(([, name = ""]) => name);
  const made = [
    ...read("src/local/deploy.ts").text.matchAll(/\b([A-Z]+_[A-Z_]+): (?:signingKey|operatorToken)/g),
  ];
  const secrets = made.map(([, name = ""]) => name);
  expect([inExamples.length > 3, secrets]).toEqual([true, ["SIGNING_KEY", "OPERATOR_TOKEN"]]);
  expect([...inExamples, ...secrets].filter((name) => !SETTING_NAMES.includes(name))).toEqual([]);
});
