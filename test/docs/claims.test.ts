import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { VERBS } from "../../src/local/admin-verbs.ts";
import { readStartOptions, START_USAGE } from "../../src/local/start-options.ts";
import { isSecretName } from "../../src/platform/secret-names.ts";
import {
  documents,
  filesBelow,
  PROJECT,
  read,
  said,
  sources,
  tableRows,
  target,
  wrong,
  type Document,
} from "./documents.ts";

const CODE = ["src", "workers", "durable-objects", "bench", "console"];

test("each link to a file leads somewhere", () => {
  const links = said(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g);
  expect(links.length).toBeGreaterThan(10);
  expect(
    wrong(links.filter(({ document, found }) => !existsSync(join(PROJECT, target(document, found))))),
  ).toEqual([]);
});

test("the first document leads to each other one", () => {
  const { text } = read("README.md");
  const each = filesBelow("docs", ".md").filter((name) => name.split("/").length === 2);
  expect(each.length).toBeGreaterThan(10);
  expect(each.filter((name) => !text.includes(`](${name})`))).toEqual([]);
});

test("each file of the project that is named exists", () => {
  const files = said(/`((?:src|test|docs|workers|durable-objects|migrations|bench)\/[\w./-]+)`/g);
  expect(files.length).toBeGreaterThan(10);
  expect(wrong(files.filter(({ found }) => !existsSync(join(PROJECT, found))))).toEqual([]);
});

/** Files that are named alone lie beside one that the document names whole, or in a domain like any other. */
test("each file that is named without its folder exists", () => {
  const isThere = ({ document, found }: { document: Document; found: string }) => {
    const folders = [
      ...document.text.matchAll(/`((?:src|test|workers|durable-objects|bench)\/[\w/-]*?)\/?[\w.-]+`/g),
    ];
    return folders.some(([, folder = ""]) => existsSync(join(PROJECT, folder, found)));
  };
  const files = said(/`([\w-]+\.ts)`/g);
  expect(files.length).toBeGreaterThan(10);
  expect(wrong(files.filter((file) => !isThere(file)))).toEqual([]);
});

/** Of the original, or of device clients, and not here. */
const FOREIGN = ["mender.trial", "mender.addons"];

test("each name of a variable, member, column or event that is in code type occurs in code", () => {
  const names = said(/`([a-z]+(?:[A-Z]\w*|(?:[_.][a-z]+)+))`/g).filter(
    ({ found }) => !found.endsWith(".ts") && !FOREIGN.includes(found),
  );
  const code = [
    ...filesBelow("migrations", ".sql").map(read),
    ...sources(...CODE, "test/integration", "test/unit"),
  ];
  const words = new Set(code.flatMap(({ text }) => text.match(/\w+(?:\.\w+)*/g) ?? []));
  expect(names.length).toBeGreaterThan(100);
  expect(wrong(names.filter(({ found }) => !words.has(found)))).toEqual([]);
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

test("each option of npm start and npm run admin that is named exists", () => {
  const commands = said(/(npm (?:start|run admin) -- [^`\n]*)/g);
  expect(commands.length).toBeGreaterThan(8);
  const usages = START_USAGE + read("src/local/admin.ts").text;
  const known = new Set([
    ...[...usages.matchAll(/--([a-z-]+)/g)].map(([, name]) => name),
    ...Object.values(VERBS).flatMap((verb) => Object.keys(verb.options)),
    "help",
  ]);
  const options = commands.flatMap(({ document, found }) =>
    [...found.replace(" -- ", " ").matchAll(/ --([a-z-]+)/g)].map(([, name = ""]) => ({
      document,
      found: name,
    })),
  );
  expect(wrong(options.filter(({ found }) => !known.has(found)))).toEqual([]);
});

test("the ports and the folder of a local server are those it takes unless told otherwise", () => {
  const { port, httpsPort, data } = readStartOptions([]);
  const ports = said(/(?:localhost|192\.168\.1\.10):(\d+)/g);
  expect(new Set(ports.map(({ found }) => Number(found)))).toEqual(new Set([port, httpsPort]));
  expect(new Set(said(/`?(\.edgemend)\//g).map(({ found }) => found))).toEqual(new Set([data]));
});

test("the oldest Node that is named is the oldest that is taken", () => {
  const { engines } = JSON.parse(read("package.json").text) as { engines: { node: string } };
  const named = said(/\bNode (\d+) or newer/g);
  expect(named.map(({ found }) => `>=${found}`)).toEqual([engines.node]);
});

const WRANGLER = read("wrangler.toml").text;

test("what is created on the platform by name is what is deployed with", () => {
  const names = said(/npx wrangler (?:d1|r2 bucket|queues) (?:create|time-travel restore) ([\w-]+)/g).concat(
    said(/`(edgemend-[a-z-]+)`/g),
  );
  expect(names.length).toBeGreaterThan(2);
  expect(wrong(names.filter(({ found }) => !WRANGLER.includes(`"${found}"`)))).toEqual([]);
});

test("what runs by itself runs when the documents say", () => {
  const { text } = read("docs/operations.md");
  const [, hour = "", minute = ""] = /every night, (\d\d):(\d\d) UTC/.exec(text) ?? [];
  expect(text).toContain("| every minute |");
  expect(WRANGLER).toContain(`crons = ["* * * * *", "${Number(minute)} ${Number(hour)} * * *"]`);
  expect(text).toContain("A message that fails is tried ten times");
  expect(WRANGLER).toMatch(/queue = "edgemend-jobs"\n.*\n.*\nmax_retries = 10\n/);
});

/** The words in code that are between two others of the file. */
const codeWords = (file: string, begin: string, end: string, word: RegExp): string[] => {
  const [, between = ""] = read(file).text.split(begin);
  return [...(between.split(end)[0] ?? "").matchAll(word)].map(([, found = ""]) => found);
};

test("the functions of workflows that are listed are those there are", () => {
  const functions = codeWords(
    "src/app/workflow-functions.ts",
    "const FUNCTIONS",
    "\n};",
    /^ {2}"(\w+\.\w+)":/gm,
  );
  const listed = tableRows(read("docs/workflows.md").text).flatMap(([first = ""]) =>
    [...first.matchAll(/`(\w+\.\w+)`/g)].map(([, name]) => name),
  );
  expect(functions.length).toBeGreaterThan(10);
  expect(new Set(listed)).toEqual(new Set(functions));
});

test("the reasons why a device waits that are listed are those that are told", () => {
  const reasons = codeWords("src/deployments/explain.ts", "  reason:", ";", /"(\w+)"/g);
  const [, list = ""] =
    /tells the reason in every case:\n([^.]*)\./.exec(read("docs/deployments.md").text) ?? [];
  expect(reasons.length).toBeGreaterThan(5);
  const listed = [...list.matchAll(/`(\w+)`/g)].map(([, reason]) => reason);
  expect(new Set(listed)).toEqual(new Set(reasons));
});

test("each table of the database that is described exists", () => {
  const migrations = filesBelow("migrations", ".sql")
    .map((name) => read(name).text)
    .join("\n");
  const tables = documents().flatMap((document) =>
    [...document.text.matchAll(/^\| Table \|.*\n\|[-| ]+\n((?:\|.*\n)+)/gm)].flatMap(([, body = ""]) =>
      tableRows(body).map(([first = ""]) => ({ document, found: first.replaceAll("`", "") })),
    ),
  );
  expect(tables.length).toBeGreaterThan(8);
  const isMade = (name: string) =>
    new RegExp(`CREATE (?:VIRTUAL )?TABLE (?:IF NOT EXISTS )?${name}\\b`).test(migrations);
  expect(wrong(tables.filter(({ found }) => !isMade(found)))).toEqual([]);
});

test("each mark of a secret that is listed is one", () => {
  const [, list = ""] =
    /by the name of its key: one with\s([^`]*?)\sin it/.exec(read("docs/configuration.md").text) ?? [];
  const marks = list.split(/,\s|\sor\s/).map((mark) => mark.replaceAll(/\s/g, "_"));
  expect(marks.length).toBeGreaterThan(8);
  expect(marks.filter((mark) => !isSecretName(`My${mark}2`))).toEqual([]);
});
