import type { Deps } from "../../platform/deps.ts";
import { FILES, SECTIONS } from "../archive-format.ts";
import type { PartEntry } from "../archive-part.ts";
import { ARCHIVE_PART_BYTES } from "../limits.ts";
import { ArchiveCursor, partsOf } from "./archive-cursor.ts";
import { ImportFault } from "./import-fault.ts";
import type { ImportPosition } from "./import-position.ts";
import type { ImportRow } from "./import-store.ts";

/** What waits for the files, because recurring duties look for it, and work on it before there is a tenant. */
const LATE_FROM = SECTIONS.indexOf("deployments");
const FILES_AT = SECTIONS.indexOf(FILES);
export const changedArchive = () => new ImportFault("the archive was changed while it was read");

/** A part of the archive, as it was when the import began. */
export async function readArchive(
  { bucket }: Deps,
  row: Pick<ImportRow, "archive" | "etag" | "size">,
  part: number,
): Promise<Uint8Array> {
  const offset = part * ARCHIVE_PART_BYTES;
  const length = Math.min(ARCHIVE_PART_BYTES, row.size - offset);
  const found = await bucket.get(row.archive, { range: { offset, length } });
  if (!found || found.etag !== row.etag) throw changedArchive();
  return new Uint8Array(await new Response(found.body).arrayBuffer());
}

export const positionOf = (row: ImportRow): ImportPosition => JSON.parse(row.position) as ImportPosition; // only these steps write it

export const cursorOf = (deps: Deps, row: ImportRow, { place }: ImportPosition): ArchiveCursor =>
  new ArchiveCursor((part) => readArchive(deps, row, part), partsOf(row.size), place);

export const sectionOf = ({ name }: PartEntry): string => name.split("/")[0] ?? "";
const indexOf = (entry: PartEntry): number => SECTIONS.indexOf(sectionOf(entry));
export const isLate = (entry: PartEntry): boolean => indexOf(entry) >= LATE_FROM && indexOf(entry) < FILES_AT;

export const textOf = (position: ImportPosition): string => JSON.stringify(position);
