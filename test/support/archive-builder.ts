import { encodeTarHeader, paddingOf } from "../../src/artifact/tar-header.ts";
import {
  addedTo,
  FILES,
  FORMAT,
  FORMAT_VERSION,
  HEADER_ENTRY,
  noSum,
  objectEntry,
  pageEntry,
  pieceEntry,
  SECTIONS,
  SUMS_ENTRY,
  type Sum,
} from "../../src/tenantdata/archive-format.ts";

/** One entry of an archive, as text or bytes; lines as the writer would count them. */
export interface Built {
  name: string;
  content: Uint8Array;
  lines: number;
}

const encoder = new TextEncoder();
const bytes = (content: string | Uint8Array) =>
  typeof content === "string" ? encoder.encode(content) : content;

export const entry = (name: string, content: string | Uint8Array, lines = 0): Built => ({
  name,
  content: bytes(content),
  lines,
});

export const header = (more: object = {}): Built =>
  entry(
    HEADER_ENTRY,
    JSON.stringify({
      format: FORMAT,
      version: FORMAT_VERSION,
      schema: "0001_foundation.sql",
      tenant: "acme",
      objects: "included",
      created_at: "2026-01-01T00:00:00Z",
      ...more,
    }),
  );

export const page = (section: string, rows: readonly object[], number = 1): Built =>
  entry(pageEntry(section, number), rows.map((row) => `${JSON.stringify(row)}\n`).join(""), rows.length);

/** A file with its pieces. */
export const file = (
  number: number,
  key: string,
  pieces: readonly Uint8Array[],
  more: object = {},
): Built[] => [
  entry(
    objectEntry(number),
    JSON.stringify({ key, size: pieces.reduce((sum, piece) => sum + piece.length, 0), ...more }),
    1,
  ),
  ...pieces.map((piece, i) => entry(pieceEntry(number, i + 1), piece)),
];

/** The checksums of these entries. */
export function sums(entries: readonly Built[]): Built {
  const bySection = new Map<string, Sum>(SECTIONS.map((name) => [name, noSum(name)]));
  for (const { name, content, lines } of entries) {
    const section = name.startsWith(`${FILES}/`) ? FILES : (name.split("/")[0] ?? "");
    const sum = bySection.get(section);
    if (sum) bySection.set(section, addedTo(sum, name, content, lines));
  }
  return entry(SUMS_ENTRY, JSON.stringify({ sections: [...bySection.values()] }));
}

/** The bytes of a tar of these entries, which fit into one part. */
export function tarOf(entries: readonly Built[], type = "0"): Uint8Array {
  const blocks = entries.flatMap(({ name, content }) => {
    const head = encodeTarHeader({ name, size: content.length, mode: 0o600 });
    return [type === "0" ? head : ofType(head, type), content, new Uint8Array(paddingOf(content.length))];
  });
  return new Uint8Array(Buffer.concat([...blocks, new Uint8Array(1024)]));
}

/** The same header of another kind of entry. */
function ofType(head: Uint8Array, type: string): Uint8Array {
  const changed = head.slice();
  changed[156] = type.charCodeAt(0);
  changed.fill(0x20, 148, 156);
  const sum = changed.reduce((total, byte) => total + byte, 0);
  changed.set(encoder.encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return changed;
}

/** A whole archive of these entries. */
export const archiveOf = (entries: readonly Built[], head = header()): Uint8Array =>
  tarOf([head, ...entries, sums(entries)]);
