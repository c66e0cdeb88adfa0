import type { Database } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import type { TenantId } from "../../platform/ids.ts";
import type { Header } from "../archive-format.ts";
import type { TenantTable } from "../tenant-tables.ts";
import type { ArchiveCursor } from "./archive-cursor.ts";
import type { Columns } from "./check-archive.ts";
import type { ImportPosition } from "./import-position.ts";

/** An import at work on what an archive has. */
export interface Writing {
  deps: Deps;
  tenant: TenantId;
  header: Header;
  home: Database;
  columns: Columns;
  cursor: ArchiveCursor;
  position: ImportPosition;
}

/** The database that has the rows of a table. */
export const databaseOf = (
  { deps, home }: Pick<Writing, "deps" | "home">,
  { place }: TenantTable,
): Database => (place === "directory" ? deps.directory : home);
