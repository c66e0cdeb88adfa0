import { STORAGE } from "../platform/limits.ts";
import { objectEntry, pieceEntry } from "./archive-format.ts";
import { foldersOf, isIn } from "./objects.ts";
import type { Cut } from "./position.ts";
import { addEntry, ExportFault, jsonBytes, type Writing } from "./writing.ts";

/** A piece of less is not worth an entry. */
const MIN_PIECE_BYTES = 64 * 1024;

const changed = (key: string) =>
  new ExportFault(`the stored object ${key} was changed while it was copied; ask for another export`);

/** The tenant's objects from a position on, in pages. */
async function* objectsFrom({ deps, row, position }: Writing) {
  const folders = foldersOf(row.tenant_id);
  let startAfter = position.afterKey;
  for (let folder = position.folder; folder < folders.length; folder++) {
    const prefix = folders[folder] ?? "";
    for (;;) {
      const listed = await deps.bucket.list({
        prefix,
        limit: STORAGE.keysAtOnce,
        include: ["httpMetadata", "customMetadata"],
        ...(startAfter !== null && { startAfter }),
      });
      for (const object of listed.objects) if (isIn(prefix, object.key)) yield { folder, object };
      startAfter = listed.objects.at(-1)?.key ?? null;
      if (!listed.truncated) break;
    }
    startAfter = null;
  }
}

const describedAs = ({ key, size, httpMetadata, customMetadata }: R2Object) => ({
  key,
  size,
  ...(httpMetadata?.contentType !== undefined && { type: httpMetadata.contentType }),
  ...(customMetadata && Object.keys(customMetadata).length > 0 && { custom: customMetadata }),
});

/** Bytes of the object under way, until it or the room of the part ends; answers whether it was the object. */
async function writePieces(writing: Writing, begun: Cut): Promise<boolean> {
  const { deps, part } = writing;
  for (let cut = begun; ;) {
    const left = cut.size - cut.offset;
    if (left === 0) {
      writing.position = { ...writing.position, cut: null };
      return true;
    }
    const length = Math.min(left, part.room);
    if (length < Math.min(left, MIN_PIECE_BYTES)) return false;
    const found = await deps.bucket.get(cut.key, { range: { offset: cut.offset, length } });
    if (found?.etag !== cut.etag) throw changed(cut.key);
    const bytes = new Uint8Array(await new Response(found.body).arrayBuffer());
    cut = { ...cut, offset: cut.offset + length, pieces: cut.pieces + 1 };
    addEntry(writing, pieceEntry(writing.position.pages, cut.pieces), bytes, 0);
    writing.position = { ...writing.position, cut };
  }
}

/** Adds objects until they or the room of the part end; answers whether it was the objects. */
export async function writeObjects(writing: Writing): Promise<boolean> {
  if (writing.position.cut && !(await writePieces(writing, writing.position.cut))) return false;
  for await (const { folder, object } of objectsFrom(writing)) {
    const stored = describedAs(object);
    const description = jsonBytes(stored);
    if (description.length > writing.part.room) return false;
    const pages = writing.position.pages + 1;
    addEntry(writing, objectEntry(pages), description, 1);
    const isWhole = writing.row.objects === "referenced";
    const cut = isWhole ? null : { ...stored, etag: object.etag, offset: 0, pieces: 0 };
    writing.position = { ...writing.position, pages, folder, afterKey: object.key, cut };
    if (cut && !(await writePieces(writing, cut))) return false;
  }
  return true;
}
