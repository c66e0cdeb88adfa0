import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { routeRule } from "../../src/gateway/route-table.ts";
import { VERBS } from "../../src/local/admin-verbs.ts";
import { SETTING_NAMES } from "../../src/platform/env.ts";
import { documents, PROJECT, read, tableRows, target, type Document } from "./documents.ts";

/** What a pattern's first group finds in all documents, with the document that says it. */
const said = (pattern: RegExp): { document: Document; found: string }[] =>
  documents().flatMap((document) =>
    [...document.text.matchAll(pattern)].map(([, found = ""]) => ({ document, found })),
  );

const wrong = (claims: { document: Document; found: string }[]): string[] =>
  claims.map(({ document, found }) => `${document.name}: ${found}`);

test("each link to a file leads somewhere", () => {
  const links = said(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g);
  expect(links.length).toBeGreaterThan(10);
  expect(
    wrong(links.filter(({ document, found }) => !existsSync(join(PROJECT, target(document, found))))),
  ).toEqual([]);
});

test("each file of the project that is named exists", () => {
  const files = said(/`((?:src|test|docs|workers|durable-objects|migrations|bench)\/[\w./-]+)`/g);
  expect(files.length).toBeGreaterThan(10);
  expect(wrong(files.filter(({ found }) => !existsSync(join(PROJECT, found))))).toEqual([]);
});

test("each npm script that is named exists", () => {
  const { scripts } = JSON.parse(read("package.json").text) as { scripts: Record<string, string> };
  const named = said(/npm run ([a-z][\w:-]*)/g);
  expect(named.length).toBeGreaterThan(10);
  expect(wrong(named.filter(({ found }) => !Object.hasOwn(scripts, found)))).toEqual([]);
});

test("each verb of npm run admin that is named exists", () => {
  const verbs = said(/npm run admin -- (?:--(?:url|operator-token|data) \S+ )*([a-z][a-z-]*)/g);
  expect(verbs.length).toBeGreaterThan(2);
  expect(wrong(verbs.filter(({ found }) => !Object.hasOwn(VERBS, found)))).toEqual([]);
});

/** Made by a local start itself, so that nobody sets them. */
const OF_A_LOCAL_START = ["LOCAL", "LOCAL_HTTPS_PORT", "LOCAL_ADDRESS"];
/** A binding of the platform, not a text. */
const BINDINGS = ["EMAIL"];

test("the table of settings names each setting, and nothing else", () => {
  const cells = tableRows(read("docs/operations.md").text).map(([first = ""]) => first);
  const named = cells.flatMap((cell) => [...cell.matchAll(/`([A-Z][A-Z0-9_]+)`/g)].map(([, name]) => name));
  const settable = SETTING_NAMES.filter((name) => !OF_A_LOCAL_START.includes(name));
  expect(new Set(named)).toEqual(new Set([...settable, ...BINDINGS]));
});

test("each whole path of the API that is named is routed", () => {
  const paths = said(/(\/api\/(?:devices|management|internal|operator|storage)\/v\d\w*\/[\w/{}.-]+)/g);
  expect(paths.length).toBeGreaterThan(5);
  const isRouted = (path: string) =>
    routeRule(path.replaceAll(/\{[^}]*\}/g, "x").replace(/[./]+$/, "")) !== undefined;
  expect(wrong(paths.filter(({ found }) => !isRouted(found)))).toEqual([]);
});
