import type { Deps } from "../../platform/deps.ts";
import { FILES } from "../archive-format.ts";
import type { PartEntry } from "../archive-part.ts";
import { copiedColumns } from "../rows-store.ts";
import { databaseNamed } from "../database-named.ts";
import { requireKnownState } from "../schema-state.ts";
import { AT_START } from "./archive-cursor.ts";
import { storedIn, withEntry } from "./check-archive.ts";
import { ImportFault } from "./import-fault.ts";
import type { ImportPosition } from "./import-position.ts";
import type { Advance, ImportRow } from "./import-store.ts";
import { cursorOf, isLate, positionOf, sectionOf, textOf } from "./read-archive.ts";

/** Files that are asked for in one step of a check. */
const FILES_A_STEP = 40;

/** A file that is only named has to be there. */
async function requireThere(deps: Deps, position: ImportPosition, entry: PartEntry): Promise<void> {
  const { header } = position.found;
  if (!header || header.objects !== "referenced" || sectionOf(entry) !== FILES) return;
  const { key, size } = storedIn(header, entry);
  const there = await deps.bucket.head(key);
  if (there?.size !== size) throw new ImportFault(`the file ${key} is not in the bucket, or is another`);
}

/** Reads on, a part of the archive at most, and looks whether it is what an archive is. */
export async function check(deps: Deps, row: ImportRow): Promise<Advance> {
  let position = positionOf(row);
  const columns = await copiedColumns(deps.directory, databaseNamed(deps, deps.homes.first));
  const cursor = cursorOf(deps, row, position);
  const { part } = position.place;
  let files = 0;
  for (let entry = await cursor.entry(); entry; entry = await cursor.entry()) {
    if (cursor.place.part > part + 1 || files >= FILES_A_STEP) break;
    const isFirst = position.found.header === null;
    const found = withEntry(position.found, entry, columns);
    if (isFirst && found.header) requireKnownState(found.header);
    files += found.files - position.found.files;
    position = { ...position, found, late: position.late ?? (isLate(entry) ? cursor.place : null) };
    await requireThere(deps, position, entry);
    cursor.next();
  }
  const isAtEnd = (await cursor.entry()) === undefined;
  position = { ...position, place: cursor.place };
  if (!isAtEnd) return { step: "checking", position: textOf(position) };
  if (!position.found.isWhole) throw new ImportFault("the archive breaks off");
  return { step: "claiming", position: textOf({ ...position, place: AT_START }) };
}
