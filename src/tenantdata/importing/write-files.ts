import { isUnknownMultipart } from "../../storage/index.ts";
import { FILES, type Stored } from "../archive-format.ts";
import type { PartEntry } from "../archive-part.ts";
import { ARCHIVE_PART_BYTES } from "../limits.ts";
import { storedIn } from "./check-archive.ts";
import { ImportFault } from "./import-fault.ts";
import type { FileCut } from "./import-position.ts";
import type { Writing } from "./importing.ts";

const optionsOf = ({ type, custom }: Stored): R2MultipartOptions => ({
  ...(type !== undefined && { httpMetadata: { contentType: type } }),
  ...(custom && { customMetadata: custom }),
});

/** The next bytes of the file whose pieces come next in the archive. */
async function nextBytes({ cursor }: Writing, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const rest = await cursor.rest();
    const taken = rest.subarray(0, length - at);
    if (taken.length === 0) throw new ImportFault("the archive was changed while it was read");
    bytes.set(taken, at);
    at += taken.length;
    if (taken.length === rest.length) cursor.next();
    else cursor.take(taken.length);
  }
  return bytes;
}

const uploadOf = ({ deps: { bucket } }: Writing, stored: Stored, multipart: string | undefined) =>
  multipart === undefined
    ? bucket.createMultipartUpload(stored.key, optionsOf(stored))
    : bucket.resumeMultipartUpload(stored.key, multipart);

/** One part of a large file; the last completes it, and one that was completed before is taken as it is. */
async function sendPart(
  writing: Writing,
  stored: Stored,
  begun: FileCut | null,
  bytes: Uint8Array,
): Promise<FileCut | null> {
  const upload = await uploadOf(writing, stored, begun?.multipart);
  const etags = begun?.etags ?? [];
  const offset = (begun?.offset ?? 0) + bytes.length;
  try {
    const { etag } = await upload.uploadPart(etags.length + 1, bytes);
    const all = [...etags, etag];
    if (offset < stored.size) return { ...stored, offset, multipart: upload.uploadId, etags: all };
    await upload.complete(all.map((one, i) => ({ partNumber: i + 1, etag: one })));
  } catch (cause) {
    if (!isUnknownMultipart(cause)) throw cause;
    const there = await writing.deps.bucket.head(stored.key);
    if (there?.size !== stored.size) throw cause;
  }
  return null;
}

/** The bytes of a file, or the next part of them; small ones go at once. */
async function writeBytes(writing: Writing, stored: Stored, begun: FileCut | null): Promise<void> {
  const offset = begun?.offset ?? 0;
  const bytes = await nextBytes(writing, Math.min(stored.size - offset, ARCHIVE_PART_BYTES));
  const isSmall = bytes.length === stored.size;
  if (isSmall) await writing.deps.bucket.put(stored.key, bytes, optionsOf(stored));
  const cut = isSmall ? null : await sendPart(writing, stored, begun, bytes);
  const { position } = writing;
  writing.position = { ...position, cut, files: position.files + (cut ? 0 : 1) };
}

/** Writes the file that the entry describes, or its next part, and stands behind it in the archive. */
export async function writeFile(writing: Writing, entry: PartEntry): Promise<void> {
  const { position, header, cursor } = writing;
  writing.position = { ...position, section: FILES };
  if (position.cut) {
    const { offset: _offset, multipart: _multipart, etags: _etags, ...stored } = position.cut;
    return writeBytes(writing, stored, position.cut);
  }
  const stored = storedIn(header, entry);
  cursor.next();
  if (header.objects === "included") return writeBytes(writing, stored, null);
  writing.position = { ...writing.position, files: position.files + 1 };
}
