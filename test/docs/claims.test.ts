import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { routeRule } from "../../src/gateway/route-table.ts";
import { VERBS } from "../../src/local/admin-verbs.ts";
import { PROJECT, read, said, target, wrong } from "./documents.ts";

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

test("each whole path of the API that is named is routed", () => {
  const paths = said(/(\/api\/(?:devices|management|internal|operator|storage)\/v\d\w*\/[\w/{}.-]+)/g);
  expect(paths.length).toBeGreaterThan(5);
  const isRouted = (path: string) =>
    routeRule(path.replaceAll(/\{[^}]*\}/g, "x").replace(/[./]+$/, "")) !== undefined;
  expect(wrong(paths.filter(({ found }) => !isRouted(found)))).toEqual([]);
});
