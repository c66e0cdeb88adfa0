import { readIfPresent, writePrivately, type DataFolder } from "./data-folder.ts";
import { UsageError } from "./flags.ts";

/** Tenants live in the databases that a folder has: it keeps their number, which may grow and not shrink. */
export function keptDatabases(folder: DataFolder, wanted: number | undefined): number {
  const file = folder.file("databases");
  const kept = Number(readIfPresent(file) ?? "1");
  if (wanted === undefined || wanted === kept) return kept;
  if (wanted < kept)
    throw new UsageError(`${folder.path} has ${kept} databases: --databases cannot be less than that`);
  writePrivately(file, String(wanted));
  return wanted;
}
