import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { withFile } from "./file-faults.ts";

const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

const isMissing = (cause: unknown) => cause instanceof Error && "code" in cause && cause.code === "ENOENT";

export function readIfPresent(file: string): string | undefined {
  return withFile(file, () => {
    try {
      return readFileSync(file, "utf8");
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      throw cause;
    }
  });
}

/** Writes a whole file or none: a start that is killed leaves no half-written key behind. */
export function writePrivately(file: string, text: string): void {
  const unfinished = `${file}.${randomBytes(4).toString("hex")}.new`;
  withFile(file, () => {
    writeFileSync(unfinished, text, { mode: PRIVATE_FILE, flag: "wx" });
    renameSync(unfinished, file);
  });
}

/** Where a local server keeps everything it must not forget. */
export interface DataFolder {
  path: string;
  /** Databases and objects, in the runtime's own layout. */
  state: string;
  file: (name: string) => string;
}

const folderAt = (root: string): DataFolder => ({
  path: root,
  state: join(root, "state"),
  file: (name) => join(root, name),
});

/** Less room than this and a start that seems to work fails at the first thing it has to keep. */
const NEEDED_BYTES = 1024 * 1024;

function requireRoom(folder: DataFolder): void {
  const probe = folder.file("room.new");
  withFile(folder.path, () => {
    try {
      writeFileSync(probe, Buffer.alloc(NEEDED_BYTES), { mode: PRIVATE_FILE });
    } finally {
      rmSync(probe, { force: true });
    }
  });
}

/** The folder, made if it is missing, for nobody but its owner. */
export function openDataFolder(path: string): DataFolder {
  const root = resolve(path);
  withFile(root, () => mkdirSync(root, { recursive: true, mode: PRIVATE_FOLDER }));
  const folder = folderAt(root);
  requireRoom(folder);
  return folder;
}

export function existingDataFolder(path: string): DataFolder | undefined {
  const root = resolve(path);
  return existsSync(root) ? folderAt(root) : undefined;
}

export const projectRoot = dirname(dirname(import.meta.dirname));
