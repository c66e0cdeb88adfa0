import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

export const PROJECT = resolve(import.meta.dirname, "../..");

export interface Document {
  /** From the project's root. */
  name: string;
  text: string;
}

export const filesBelow = (folder: string, ending: string): string[] =>
  readdirSync(join(PROJECT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
    .toSorted();

export const read = (name: string): Document => ({ name, text: readFileSync(join(PROJECT, name), "utf8") });

export const documents = (): Document[] =>
  ["README.md", "CONTRIBUTING.md", ...filesBelow("docs", ".md")].map(read);

export const sources = (...folders: string[]): Document[] =>
  folders.flatMap((folder) => filesBelow(folder, ".ts")).map(read);

/** Where a link in this document leads, from the project's root. */
export const target = ({ name }: Document, link: string): string =>
  relative(PROJECT, resolve(PROJECT, dirname(name), link));

/** The cells of every table row, headings and rules left out. A `\|` in a cell is no border. */
export function tableRows(text: string): string[][] {
  const lines = text.split("\n");
  const isRule = (line: string | undefined) => line !== undefined && /^\|[\s:|-]+\|$/.test(line);
  return lines
    .filter((line, at) => line.startsWith("|") && !isRule(line) && !isRule(lines[at + 1]))
    .map((line) => line.slice(1, line.lastIndexOf("|")).split(/(?<!\\)\|/))
    .map((cells) => cells.map((cell) => cell.trim()));
}

/** The number of a constant, or of a member of one, in this file: the product of the numbers and powers it begins with. */
export function constantOf(file: string, name: string): number {
  const [, product = ""] = new RegExp(`\\b${name}(?: = |: )([^;,}\n]+)`).exec(read(file).text) ?? [];
  const factors = /^[\d_.]+(?: \*\*? [\d_.]+)*/.exec(product)?.[0].split(" * ");
  if (!factors) throw new Error(`no number ${name} in ${file}`);
  return factors
    .map((factor) => factor.split(" ** ").map((part) => Number(part.replaceAll("_", ""))))
    .reduce((value, [base = 0, exponent = 1]) => value * base ** exponent, 1);
}

/** What a pattern's first group finds in all documents, with the document that says it. */
export const said = (pattern: RegExp): { document: Document; found: string }[] =>
  documents().flatMap((document) =>
    [...document.text.matchAll(pattern)].map(([, found = ""]) => ({ document, found })),
  );

export const wrong = (claims: { document: Document; found: string }[]): string[] =>
  claims.map(({ document, found }) => `${document.name}: ${found}`);
