import { z } from "@hono/zod-openapi";
import { LIMIT_NAMES } from "../../platform/limit-names.ts";
import { asTenantId } from "../../platform/ids.ts";
import {
  addedTo,
  CONTACTS,
  COPIED_TABLES,
  FILES,
  FORMAT_VERSION,
  HEADER_ENTRY,
  HeaderSchema,
  noSum,
  objectEntry,
  pageEntry,
  pieceEntry,
  SECTIONS,
  StoredSchema,
  SUMS_ENTRY,
  type Header,
  type Stored,
  type Sum,
} from "../archive-format.ts";
import { shownName, type PartEntry } from "../archive-part.ts";
import { DESCRIPTION_BYTES } from "../limits.ts";
import type { Column, CopiedRow } from "../rows-store.ts";
import { TENANTS } from "../tenant-tables.ts";
import { contactsIn, isKeyOf, objectIn, rowsIn, textIn } from "./check-rows.ts";
import { ImportFault } from "./import-fault.ts";

export type Columns = ReadonlyMap<string, readonly Column[]>;

/** What was found in an archive so far, entry by entry. */
export interface Found {
  header: Header | null;
  /** Sections that are complete. */
  done: Sum[];
  /** The section under way. */
  sum: Sum | null;
  /** Pages of the section under way, or files. */
  pages: number;
  /** The file under way. */
  file: (Stored & { bytes: number; pieces: number }) | null;
  /** The tenant's own row. */
  tenant: CopiedRow | null;
  limits: CopiedRow[];
  lines: number;
  files: number;
  isWhole: boolean;
}

export const NOTHING: Found = {
  header: null,
  done: [],
  sum: null,
  pages: 0,
  file: null,
  tenant: null,
  limits: [],
  lines: 0,
  files: 0,
  isWhole: false,
};

/** What an archive says of itself; refused unless it can be read here. */
export function headerIn(entry: PartEntry | undefined): Header {
  if (entry?.name !== HEADER_ENTRY || entry.content.length > DESCRIPTION_BYTES)
    throw new ImportFault("this is no archive of a tenant");
  const parsed = HeaderSchema.safeParse(objectIn(HEADER_ENTRY, textIn(HEADER_ENTRY, entry.content)));
  if (!parsed.success) throw new ImportFault("this is no archive of a tenant");
  const header = parsed.data;
  if (header.version !== FORMAT_VERSION)
    throw new ImportFault(`the archive is of version ${header.version}; ${FORMAT_VERSION} is known here`);
  return header;
}

const Sums = z.object({
  sections: z
    .array(z.object({ name: z.string(), lines: z.number().int().min(0), sha256: z.string() }))
    .max(SECTIONS.length),
});

const closed = ({ done, sum }: Found): Sum[] => (sum ? [...done, sum] : done);

function requireSums(found: Found, { content }: PartEntry): void {
  const parsed = Sums.safeParse(objectIn(SUMS_ENTRY, textIn(SUMS_ENTRY, content)));
  if (!parsed.success) throw new ImportFault("the checksums are none");
  const told = new Map(parsed.data.sections.map((sum) => [sum.name, sum]));
  for (const name of new Set([...told.keys(), ...found.done.map((sum) => sum.name)])) {
    const { lines, sha256 } = found.done.find((sum) => sum.name === name) ?? noSum(name);
    const sum = told.get(name);
    if (sum?.lines !== lines || sum.sha256 !== sha256)
      throw new ImportFault(`${shownName(name)} is not what was written: its checksum differs`);
  }
}

/** The end of what an archive has. */
function takeSums(found: Found, entry: PartEntry): Found {
  requireNoFile(found);
  const whole = { ...found, done: closed(found), sum: null, isWhole: true };
  requireSums(whole, entry);
  if (!found.tenant) throw new ImportFault("the archive has no tenant");
  return whole;
}

function requireNoFile({ file }: Found): void {
  if (file && file.bytes < file.size)
    throw new ImportFault(`the file ${shownName(file.key)} is not complete`);
}

const isOf = (section: string, name: string): boolean => name.startsWith(`${section}/`);

/** The state in the section of the entry; sections come in their order. */
function inSection(found: Found, name: string): Found & { sum: Sum } {
  const { sum } = found;
  if (sum && isOf(sum.name, name)) return { ...found, sum };
  const last = sum ? SECTIONS.indexOf(sum.name) : -1;
  const next = SECTIONS.findIndex((section, i) => i > last && isOf(section, name));
  const section = SECTIONS[next];
  if (section === undefined)
    throw new ImportFault(`entry ${shownName(name)} is none of an archive, or not in its place`);
  return { ...found, done: closed(found), sum: noSum(section), pages: 0 };
}

const misplaced = (name: string) => new ImportFault(`entry ${shownName(name)} is not in its place`);

const descriptionIn = (entry: string, content: Uint8Array): Stored => {
  if (content.length > DESCRIPTION_BYTES) throw new ImportFault(`${entry}: it is too long`);
  const parsed = StoredSchema.safeParse(objectIn(entry, textIn(entry, content)));
  if (!parsed.success) throw new ImportFault(`${entry}: it describes no file`);
  return parsed.data;
};

/** The description of a file in an archive of this tenant. */
export function storedIn({ tenant }: Header, { name, content }: PartEntry): Stored {
  const stored = descriptionIn(name, content);
  if (!isKeyOf(asTenantId(tenant), stored.key))
    throw new ImportFault(`the file ${shownName(stored.key)} is not the tenant's`);
  return stored;
}

function takeFile(found: Found, header: Header, entry: PartEntry): Pick<Found, "pages" | "file" | "files"> {
  const { pages, file, files } = found;
  if (file && entry.name === pieceEntry(pages, file.pieces + 1)) {
    const bytes = file.bytes + entry.content.length;
    if (entry.content.length === 0 || bytes > file.size)
      throw new ImportFault(`the file ${shownName(file.key)} has not its size`);
    return { pages, files, file: { ...file, bytes, pieces: file.pieces + 1 } };
  }
  if (entry.name !== objectEntry(pages + 1)) throw misplaced(entry.name);
  requireNoFile(found);
  const stored = storedIn(header, entry);
  const isHere = header.objects === "included";
  return { pages: pages + 1, files: files + 1, file: isHere ? { ...stored, bytes: 0, pieces: 0 } : null };
}

function takeRows(found: Found & { sum: Sum }, header: Header, entry: PartEntry, columns: Columns) {
  const table = COPIED_TABLES.find(({ name }) => name === found.sum.name);
  if (!table) throw misplaced(entry.name);
  const known = columns.get(table.name) ?? [];
  const { rows } = rowsIn(entry.name, entry.content, {
    table,
    columns: known,
    tenant: asTenantId(header.tenant),
  });
  if (table.name === "tenant_limits" && !rows.every((row) => LimitRow.safeParse(row).success))
    throw new ImportFault("a limit of the tenant is none");
  if (table.name === "tenant_limits") return { count: rows.length, limits: [...found.limits, ...rows] };
  if (table.name !== TENANTS) return { count: rows.length };
  if (rows.length !== 1 || found.tenant) throw new ImportFault("the archive has not one tenant");
  if (!TenantRow.safeParse(rows[0]).success) throw new ImportFault("the tenant of the archive is none");
  return { count: 1, tenant: rows[0] ?? null };
}

const json = (schema: z.ZodType) =>
  z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue("no JSON");
        return z.NEVER;
      }
    })
    .pipe(schema)
    .optional();

const CallLimits = z.object({
  bursts: z.array(z.record(z.string(), z.unknown())),
  quota: z.object({ max_calls: z.number(), interval_sec: z.number() }),
});

/** The tenant's own row is read together with those of others: nothing in it may be what nobody can read. */
const TenantRow = z.object({
  status: z.enum(["active", "suspended"]).optional(),
  plan: z.string().optional(),
  addons: json(z.array(z.string())),
  additional_info: json(z.record(z.string(), z.unknown())),
  api_limits: json(z.object({ management: CallLimits, devices: CallLimits })).or(z.null()),
  require_2fa_roles: json(z.array(z.string())),
});

const LimitRow = z.object({ name: z.enum(LIMIT_NAMES) });

/** The lines of a page and what is kept of them. */
function takePage(
  found: Found & { sum: Sum },
  header: Header,
  entry: PartEntry,
  columns: Columns,
): Partial<Found> & { count: number } {
  if (entry.name !== pageEntry(found.sum.name, found.pages + 1)) throw misplaced(entry.name);
  const taken =
    found.sum.name === CONTACTS
      ? { count: contactsIn(entry.name, entry.content).length }
      : takeRows(found, header, entry, columns);
  return { ...taken, pages: found.pages + 1 };
}

/** What was found with one more entry. Throws an `ImportFault` where no archive has it. */
export function withEntry(found: Found, entry: PartEntry, columns: Columns): Found {
  const { header } = found;
  if (!header) return { ...found, header: headerIn(entry) };
  if (found.isWhole) throw misplaced(entry.name);
  if (entry.name === SUMS_ENTRY) return takeSums(found, entry);
  const here = inSection(found, entry.name);
  const { name, content } = entry;
  if (here.sum.name === FILES) {
    const taken = takeFile(here, header, entry);
    return { ...here, ...taken, sum: addedTo(here.sum, name, content, taken.files - here.files) };
  }
  const { count, ...taken } = takePage(here, header, entry, columns);
  return { ...here, ...taken, lines: here.lines + count, sum: addedTo(here.sum, name, content, count) };
}
