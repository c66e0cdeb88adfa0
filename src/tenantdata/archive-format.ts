import { createHash } from "node:crypto";
import { z } from "@hono/zod-openapi";
import { TENANT_TABLES } from "./tenant-tables.ts";

/**
 * An archive of a tenant is a tar of small entries. Each table is some entries of lines, a line being a row as a JSON
 * object; each stored object is an entry that describes it, followed by its bytes in pieces. The first entry says what
 * the archive is, the last has the checksum of each table. No entry crosses the border between two parts, so that each
 * part is read and checked by itself.
 */
export const FORMAT = "edgemend-tenant";
export const FORMAT_VERSION = 1;
export const ARCHIVE_TYPE = "application/x-tar";

export const HEADER_ENTRY = "archive.json";
export const SUMS_ENTRY = "checksums.json";
/** Fills a part up to its size. */
export const FILLER_ENTRY = "filler";

/** Sections besides the tables: last contacts, which the head of a tenant keeps, and what is in the bucket. */
export const CONTACTS = "contacts";
export const FILES = "files";

export const COPIED_TABLES = TENANT_TABLES.filter(({ kind }) => kind === "record");

export const SECTIONS: readonly string[] = [...COPIED_TABLES.map(({ name }) => name), CONTACTS, FILES];

export const HeaderSchema = z.object({
  format: z.literal(FORMAT),
  version: z.number(),
  /** The last migration. */
  schema: z.string(),
  tenant: z.string().regex(/^[0-9A-Za-z_-]{1,64}$/),
  objects: z.enum(["included", "referenced"]),
  created_at: z.string(),
});

export type Header = z.output<typeof HeaderSchema>;

/** What a section comes to. */
export interface Sum {
  name: string;
  lines: number;
  sha256: string;
}

/** The description of an object. */
export const StoredSchema = z.object({
  key: z.string().min(1),
  size: z.number().int().min(0),
  type: z.string().optional(),
  custom: z.record(z.string(), z.string()).optional(),
});

export type Stored = z.output<typeof StoredSchema>;

export const pageEntry = (section: string, page: number): string =>
  `${section}/${String(page).padStart(6, "0")}.ndjson`;

export const objectEntry = (number: number): string => `${FILES}/${String(number).padStart(8, "0")}.json`;

export const pieceEntry = (number: number, piece: number): string =>
  `${FILES}/${String(number).padStart(8, "0")}/${String(piece).padStart(6, "0")}`;

const sha256 = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");

export const noSum = (name: string): Sum => ({ name, lines: 0, sha256: "" });

/** The sum of a section with one more entry: of the sum before, the entry's name and its content. */
export const addedTo = (sum: Sum, entry: string, content: Uint8Array, lines: number): Sum => ({
  name: sum.name,
  lines: sum.lines + lines,
  sha256: sha256(`${sum.sha256}\n${entry}\n${sha256(content)}`),
});
