import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "./flags.ts";
import type { DataFolder } from "./data-folder.ts";
import { withFile } from "./file-faults.ts";

const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";

/** Of a database file's first bytes (https://www.sqlite.org/fileformat.html#the_database_header). */
const AT = { pageSize: 16, changes: 24, pages: 28, changesAtSize: 92 };

function headerOf(file: string): Buffer {
  const handle = openSync(file, "r");
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    return header.subarray(0, readSync(handle, header, 0, HEADER_BYTES, 0));
  } finally {
    closeSync(handle);
  }
}

const sizeOf = (file: string): number => (existsSync(file) ? statSync(file).size : 0);

/** Whether the file cannot be what was once written: garbage, or shorter than it says. */
function isDamaged(file: string): boolean {
  const header = headerOf(file);
  if (header.length === 0) return false; // made by a start that was killed before its first write
  if (header.length < HEADER_BYTES || header.toString("latin1", 0, MAGIC.length) !== MAGIC) return true;
  // What is still in the log may make up for pages that are missing here.
  if (sizeOf(`${file}-wal`) > 0 || sizeOf(`${file}-journal`) > 0) return false;
  if (header.readUInt32BE(AT.changes) !== header.readUInt32BE(AT.changesAtSize)) return false;
  const pageSize = header.readUInt16BE(AT.pageSize);
  return sizeOf(file) < header.readUInt32BE(AT.pages) * (pageSize === 1 ? 65_536 : pageSize);
}

const FOLDERS = ["d1", "r2"];

function databasesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".sqlite"))
    .map((name) => join(folder, name));
}

/** Refuses a folder whose databases are cut short or overwritten; the rest of a database is checked as it is used. */
export function checkDatabases({ path, state }: DataFolder): void {
  withFile(path, () => {
    for (const file of FOLDERS.flatMap((name) => databasesIn(join(state, name))))
      if (isDamaged(file))
        throw new UsageError(
          `${file} is damaged: put a copy of ${path} back, or choose another folder with --data`,
        );
  });
}
