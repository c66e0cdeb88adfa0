import { ArchiveFault, readPart, type PartEntry } from "../archive-part.ts";
import { ARCHIVE_PART_BYTES } from "../limits.ts";
import { ImportFault } from "./import-fault.ts";

/** Where in an archive reading goes on: an entry of a part, and so many bytes into it. */
export interface Place {
  part: number;
  entry: number;
  bytes: number;
}

export const AT_START: Place = { part: 0, entry: 0, bytes: 0 };

export const partsOf = (size: number): number => Math.ceil(size / ARCHIVE_PART_BYTES);

/** The entries of a part, of so many. */
export function entriesOf(bytes: Uint8Array, part: number, parts: number): PartEntry[] {
  try {
    const { entries, isEnd } = readPart(bytes);
    if (isEnd !== (part === parts - 1))
      throw new ImportFault("the archive breaks off, or goes on after its end");
    return entries;
  } catch (cause) {
    throw cause instanceof ArchiveFault ? new ImportFault(cause.message, { cause }) : cause;
  }
}

/** Reads an archive from a place on, a part being in memory at a time. */
export class ArchiveCursor {
  readonly #read: (part: number) => Promise<Uint8Array>;
  readonly #parts: number;
  #place: Place;
  #loaded: { part: number; entries: PartEntry[] } | undefined;

  constructor(read: (part: number) => Promise<Uint8Array>, parts: number, place: Place) {
    this.#read = read;
    this.#parts = parts;
    this.#place = place;
  }

  get place(): Place {
    return this.#place;
  }

  /** The entry at the place; undefined at the end. */
  async entry(): Promise<PartEntry | undefined> {
    for (;;) {
      const { part, entry } = this.#place;
      if (part >= this.#parts) return undefined;
      if (this.#loaded?.part !== part)
        this.#loaded = { part, entries: entriesOf(await this.#read(part), part, this.#parts) };
      const found = this.#loaded.entries[entry];
      if (found) return found;
      this.#place = { part: part + 1, entry: 0, bytes: 0 };
    }
  }

  /** The content of the entry at the place, what was taken of it left out. */
  async rest(): Promise<Uint8Array> {
    return (await this.entry())?.content.subarray(this.#place.bytes) ?? new Uint8Array(0);
  }

  /** Goes on within the entry. */
  take(bytes: number): void {
    this.#place = { ...this.#place, bytes: this.#place.bytes + bytes };
  }

  next(): void {
    this.#place = { part: this.#place.part, entry: this.#place.entry + 1, bytes: 0 };
  }
}
