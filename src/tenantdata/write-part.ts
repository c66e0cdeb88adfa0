import type { Deps } from "../platform/deps.ts";
import { rfc3339 } from "../platform/clock.ts";
import {
  CONTACTS,
  COPIED_TABLES,
  FILES,
  FORMAT,
  FORMAT_VERSION,
  HEADER_ENTRY,
  pageEntry,
  SUMS_ENTRY,
  type Header,
} from "./archive-format.ts";
import { schemaState } from "./schema-state.ts";
import { PartWriter } from "./archive-part.ts";
import { LINE_BYTES } from "./limits.ts";
import { sectionOf, withSectionDone, type Position } from "./position.ts";
import { copiedColumns, deviceIdsStatement, pageStatement, type Value } from "./rows-store.ts";
import { writeObjects } from "./write-objects.ts";
import { addEntry, ExportFault, jsonBytes, type Writing } from "./writing.ts";

const encoder = new TextEncoder();

/** As many of the lines as the part has room for, as one page. Answers how many. */
function addLines(writing: Writing, lines: readonly string[]): number {
  const taken: Uint8Array[] = [];
  let size = 0;
  for (const line of lines) {
    const bytes = encoder.encode(`${line}\n`);
    if (bytes.length > LINE_BYTES)
      throw new ExportFault(`a row of ${writing.position.sum.name} is too large to be copied`);
    if (size + bytes.length > writing.part.room) break;
    taken.push(bytes);
    size += bytes.length;
  }
  if (taken.length === 0) return 0;
  const pages = writing.position.pages + 1;
  addEntry(writing, pageEntry(writing.position.sum.name, pages), Buffer.concat(taken), taken.length);
  writing.position = { ...writing.position, pages };
  return taken.length;
}

/** Lines of a page, and the key of each. */
interface Page {
  lines: string[];
  keys: Value[][];
}

/** Adds pages until the section or the room of the part ends; answers whether it was the section. */
async function addPages(
  writing: Writing,
  read: (after: readonly Value[] | null) => Promise<Page>,
): Promise<boolean> {
  for (;;) {
    const { lines, keys } = await read(writing.position.after);
    if (lines.length === 0) return true;
    const taken = addLines(writing, lines);
    if (taken > 0) writing.position = { ...writing.position, after: keys[taken - 1] ?? null };
    if (taken < lines.length) return false;
  }
}

function writeTable(writing: Writing, columns: readonly string[]): Promise<boolean> {
  const { deps, row, position } = writing;
  const table = COPIED_TABLES.find(({ name }) => name === position.sum.name);
  if (!table) throw new Error(`there is no table ${position.sum.name} to copy`);
  const reset = table.reset ?? {};
  return addPages(writing, async (after) => {
    const database = table.place === "directory" ? deps.directory : deps.db(row.tenant_id);
    const found = await database.one(pageStatement(table, columns, row.tenant_id, after));
    return {
      lines: found.map((one) => JSON.stringify({ ...one, ...reset })),
      keys: found.map((one) => table.key.map((column) => one[column] ?? null)),
    };
  });
}

/** When devices were last heard of, of those that were. */
function writeContacts(writing: Writing): Promise<boolean> {
  const { deps, row } = writing;
  return addPages(writing, async (after) => {
    for (let from = String(after?.[0] ?? ""); ;) {
      const ids = await deps.db(row.tenant_id).one(deviceIdsStatement(row.tenant_id, from));
      if (ids.length === 0) return { lines: [], keys: [] };
      const seen = await deps.contacts.last(row.tenant_id, ids);
      const heard = ids.filter((id) => Object.hasOwn(seen, id));
      if (heard.length > 0)
        return {
          lines: heard.map((device) => JSON.stringify({ device, at_ms: seen[device] })),
          keys: heard.map((id) => [id]),
        };
      from = ids.at(-1) ?? "";
    }
  });
}

const headerOf = ({ row }: Writing): Header => ({
  format: FORMAT,
  version: FORMAT_VERSION,
  schema: schemaState(),
  tenant: row.tenant_id,
  objects: row.objects,
  created_at: rfc3339(row.created_ms),
});

async function writeSections(writing: Writing): Promise<boolean> {
  const { deps, row } = writing;
  const columns = await copiedColumns(deps.directory, deps.db(row.tenant_id));
  for (let section = sectionOf(writing.position); section !== undefined;) {
    const names = (columns.get(section) ?? []).map(({ name }) => name);
    const isWhole =
      section === FILES
        ? await writeObjects(writing)
        : section === CONTACTS
          ? await writeContacts(writing)
          : await writeTable(writing, names);
    if (!isWhole) return false;
    writing.position = withSectionDone(writing.position);
    section = sectionOf(writing.position);
  }
  return true;
}

/** The next part of an archive, where it goes on, and whether it was the last. */
export async function writePart(
  deps: Deps,
  row: Writing["row"],
  position: Position,
  isFirst: boolean,
): Promise<{ bytes: Uint8Array; position: Position; isLast: boolean }> {
  const writing: Writing = { deps, row, part: new PartWriter(), position };
  if (isFirst) writing.part.add(HEADER_ENTRY, jsonBytes(headerOf(writing)));
  const isWhole = await writeSections(writing);
  const sums = jsonBytes({ sections: writing.position.done });
  if (!isWhole || sums.length > writing.part.room)
    return { bytes: writing.part.filled(), position: writing.position, isLast: false };
  writing.part.add(SUMS_ENTRY, sums);
  return { bytes: writing.part.ended(), position: writing.position, isLast: true };
}
