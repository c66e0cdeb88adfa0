import { UsageError } from "./flags.ts";

const REASONS: Record<string, string> = {
  EACCES: "may not be used by this user: change its owner or mode",
  EPERM: "may not be used by this user: change its owner or mode",
  EROFS: "is on a disk that can only be read: choose another folder with --data",
  ENOSPC: "is on a disk that is full: make room, or choose another folder with --data",
  EDQUOT: "is on a disk whose quota is used up: make room, or choose another folder with --data",
  EIO: "cannot be read or written: the disk has a fault",
  EEXIST: "is a file, not a folder: choose a folder with --data",
  ENOTDIR: "lies in a file, not in a folder: choose a folder with --data",
  EISDIR: "is a folder, not a file: remove it",
  ENOENT: "cannot be made: choose a folder with --data",
};

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause ? String(cause.code) : "";

/** Does what needs the disk; why that fails is told in one line that names the file and what to do. */
export function withFile<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    const reason = REASONS[codeOf(cause)];
    if (reason === undefined) throw cause;
    throw new UsageError(`${file} ${reason}`, { cause });
  }
}

/** What the runtime says when one of its databases fails it, and what that means. */
const DATABASE_FAULTS: readonly [RegExp, string][] = [
  [
    /SQLITE_(CORRUPT|NOTADB)/,
    "has a damaged database: put a copy of the folder back, or choose another with --data",
  ],
  [/SQLITE_FULL/, REASONS.ENOSPC ?? ""],
  [/SQLITE_(READONLY|CANTOPEN|PERM)/, "has a database that may not be written: change its owner or mode"],
  [/SQLITE_IOERR/, REASONS.EIO ?? ""],
];

/** The reason of a failed start, if what the runtime logged until then tells it. */
export function databaseFault(folder: string, logged: readonly string[]): UsageError | undefined {
  const fault = DATABASE_FAULTS.find(([sign]) => logged.some((line) => sign.test(line)));
  return fault && new UsageError(`${folder} ${fault[1]}`);
}
