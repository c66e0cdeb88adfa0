import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import type { Recorded } from "./reads.ts";

/** An installation of its time: the stored state without its keys, and what it answered. */
interface Kept {
  recorded: Recorded;
  files: Map<string, Uint8Array>;
}

const ENDING = ".installation";

/** Databases without what belongs to a process that has them open. */
const isState = (path: string): boolean => !path.endsWith("-shm") && !path.startsWith("cache/");

export function keep(state: string, recorded: Recorded, out: string): void {
  const found = readdirSync(state, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = found
    .map(({ parentPath, name }) => join(parentPath, name).slice(state.length + 1))
    .filter(isState);
  const files = new Map(paths.map((path) => [path, readFileSync(join(state, path))]));
  const kept: Kept = { recorded, files };
  writeFileSync(out, brotliCompressSync(serialize(kept)));
}

/** Names of those that are kept here. */
export const keptInstallations = (): string[] =>
  readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith(ENDING))
    .map((name) => name.slice(0, -ENDING.length))
    .toSorted();

/** Puts the state of one into a data folder, and tells what it answered. */
export function unpack(name: string, data: string): Recorded {
  const bytes = brotliDecompressSync(readFileSync(join(import.meta.dirname, name + ENDING)));
  const { recorded, files } = deserialize(bytes) as Kept; // written by `keep`
  for (const [path, content] of files) {
    const file = join(data, "state", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return recorded;
}
