import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

export const PROJECT = resolve(import.meta.dirname, "../..");

export interface Document {
  /** From the project's root. */
  name: string;
  text: string;
}

const filesBelow = (folder: string, ending: string): string[] =>
  readdirSync(join(PROJECT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
    .toSorted();

export const read = (name: string): Document => ({ name, text: readFileSync(join(PROJECT, name), "utf8") });

export const documents = (): Document[] => ["README.md", ...filesBelow("docs", ".md")].map(read);

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
