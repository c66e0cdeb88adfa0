import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { systemNow } from "../platform/clock.ts";
import { projectRoot } from "./data-folder.ts";

const FOLDER = join(projectRoot, "node_modules/.cache/edgemend");

/** Something with the files that it was made of, and that it would be made of if they were there. */
interface Made<T> {
  value: T;
  files: string[];
}

interface Kept<T> extends Made<T> {
  /** Of the files, when the value was made of them. */
  state: string;
}

const look = (file: string) => statSync(file, { throwIfNoEntry: false });

const stateOf = (files: readonly string[]): string =>
  files
    .map(look)
    .map((found) => `${found?.size} ${found?.mtimeMs}`)
    .join("\n");

function read<T>(file: string): Made<T> | undefined {
  try {
    const kept = JSON.parse(readFileSync(file, "utf8")) as Kept<T>; // written below
    return stateOf(kept.files) === kept.state ? kept : undefined;
  } catch {
    return undefined;
  }
}

function write<T>(file: string, kept: Kept<T>): void {
  const unfinished = `${file}.${randomBytes(4).toString("hex")}.new`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(unfinished, JSON.stringify(kept));
    renameSync(unfinished, file);
  } catch {
    // A folder that cannot be written costs some seconds at each start, nothing else.
  }
}

/**
 * What was made the last time, as long as the files are the same that it was made of. For values that are JSON, hold no
 * secret and take long to make.
 */
export async function kept<T>(name: string, make: () => Promise<Made<T>>, folder = FOLDER): Promise<T> {
  const file = join(folder, `${name}.json`);
  const found = read<T>(file);
  if (found) return found.value;
  const startedMs = systemNow();
  const { value, files } = await make();
  // What changed in the meantime may not be in it.
  const isSettled = files.every((one) => (look(one)?.mtimeMs ?? 0) < startedMs);
  if (isSettled) write(file, { value, files, state: stateOf(files) });
  return value;
}
