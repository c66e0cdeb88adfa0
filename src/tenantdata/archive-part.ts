import { BLOCK_BYTES, decodeTarHeader, encodeTarHeader, paddingOf } from "../artifact/tar-header.ts";
import { ARCHIVE_PART_BYTES } from "./limits.ts";
import { FILLER_ENTRY } from "./archive-format.ts";

const FILE_MODE = 0o600;
/** An archive ends with two empty blocks; there is always room for them, or for the header of a filler. */
const END_BYTES = 2 * BLOCK_BYTES;

/** One part of an archive while it is written. */
export class PartWriter {
  readonly #bytes = new Uint8Array(ARCHIVE_PART_BYTES);
  #used = 0;

  get isEmpty(): boolean {
    return this.#used === 0;
  }

  /** Bytes that the content of a further entry may have; negative if there is room for none. */
  get room(): number {
    return this.#bytes.length - END_BYTES - this.#used - BLOCK_BYTES;
  }

  add(name: string, content: Uint8Array): void {
    if (content.length > this.room) throw new RangeError("the part has no room for the entry");
    this.#put(encodeTarHeader({ name, size: content.length, mode: FILE_MODE }));
    this.#put(content);
    this.#used += paddingOf(content.length);
  }

  #put(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** The part with its full size. */
  filled(): Uint8Array {
    const size = this.#bytes.length - this.#used - BLOCK_BYTES;
    this.#put(encodeTarHeader({ name: FILLER_ENTRY, size, mode: FILE_MODE }));
    return this.#bytes;
  }

  /** The part as the end of the archive. */
  ended(): Uint8Array {
    return this.#bytes.subarray(0, this.#used + END_BYTES);
  }
}

export interface PartEntry {
  name: string;
  content: Uint8Array;
}

/** What is wrong with the bytes of an archive. */
export class ArchiveFault extends Error {}

/** A name as it may be shown to whoever asks. */
export const shownName = (name: string): string =>
  JSON.stringify(name.length > SHOWN_NAME ? `${name.slice(0, SHOWN_NAME)}…` : name);

const SHOWN_NAME = 100;

const isZero = (block: Uint8Array): boolean => block.every((byte) => byte === 0);

/** The entries of a part without fillers, and whether the archive ends in it. The bytes are not copied. */
export function readPart(bytes: Uint8Array): { entries: PartEntry[]; isEnd: boolean } {
  const entries: PartEntry[] = [];
  let at = 0;
  for (; at + BLOCK_BYTES <= bytes.length;) {
    const block = bytes.subarray(at, at + BLOCK_BYTES);
    if (isZero(block)) {
      if (bytes.length - at !== END_BYTES || !isZero(bytes.subarray(at)))
        throw new ArchiveFault("the archive does not end as one does");
      return { entries, isEnd: true };
    }
    const { name, size, typeFlag } = headerOf(block);
    const [from, to] = [at + BLOCK_BYTES, at + BLOCK_BYTES + size];
    if (typeFlag !== "0") throw new ArchiveFault(`entry ${shownName(name)} is no plain file`);
    if (to + paddingOf(size) > bytes.length)
      throw new ArchiveFault(`entry ${shownName(name)} crosses the end of its part`);
    if (name !== FILLER_ENTRY) entries.push({ name, content: bytes.subarray(from, to) });
    at = to + paddingOf(size);
  }
  if (at < bytes.length) throw new ArchiveFault("the part breaks off");
  return { entries, isEnd: false };
}

function headerOf(block: Uint8Array) {
  try {
    return decodeTarHeader(block);
  } catch {
    throw new ArchiveFault("this is no entry of an archive");
  }
}
