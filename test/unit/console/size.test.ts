import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { PUBLIC_FOLDER } from "../../../src/local/public-files.ts";

interface Chunk {
  file: string;
  css?: string[];
  imports?: string[];
  dynamicImports?: string[];
  isEntry?: boolean;
}

type Manifest = Record<string, Chunk>;

/** `vitest.config.ts` builds the console before any test. */
const manifest = JSON.parse(readFileSync(join(PUBLIC_FOLDER, "manifest.json"), "utf8")) as Manifest;

const KB = 1000;
const sizeOf = (file: string): number =>
  gzipSync(readFileSync(join(PUBLIC_FOLDER, file)), { level: 9 }).length;

/** The files that come with a chunk, those of what it imports too. */
function filesOf(name: string, found = new Set<string>()): Set<string> {
  const chunk = manifest[name];
  if (!chunk || found.has(chunk.file)) return found;
  for (const file of [chunk.file, ...(chunk.css ?? [])]) found.add(file);
  for (const needed of chunk.imports ?? []) filesOf(needed, found);
  return found;
}

const total = (files: Iterable<string>): number => [...files].reduce((sum, file) => sum + sizeOf(file), 0);

const entry = Object.keys(manifest).find((name) => manifest[name]?.isEntry) ?? "";
const first = filesOf(entry);

it("the first load of the console, page and styles included, is at most 75 kB", () => {
  expect(first.size).toBeGreaterThan(1);
  expect(total(["index.html", ...first])).toBeLessThanOrEqual(75 * KB);
});

/** What every page that asks for a part has loaded already. */
function thereBefore(name: string): Set<string> {
  const askers = Object.keys(manifest).filter((other) => manifest[other]?.dynamicImports?.includes(name));
  const [least = first, ...others] = askers.map((asker) => new Set([...first, ...filesOf(asker)]));
  return new Set([...least].filter((file) => others.every((files) => files.has(file))));
}

it("a page adds at most 20 kB, a chart 25 kB, the terminal 95 kB", () => {
  const limitOf = (name: string) =>
    /xterm|terminal/.test(name) ? 95 : /uplot|uPlot|chart/.test(name) ? 25 : 20;
  const large = Object.keys(manifest)
    .filter((name) => name !== entry)
    .flatMap((name) => {
      const there = thereBefore(name);
      const size = total([...filesOf(name)].filter((file) => !there.has(file)));
      return size > limitOf(name) * KB ? [`${name}: ${size} bytes`] : [];
    });
  expect(large).toEqual([]);
});
