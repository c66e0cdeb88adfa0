import {
  type ByteSource,
  decodeText,
  readExactly,
  readInto,
  skipRest,
  StreamFault,
  truncated,
} from "./bytes.ts";
import { Pace, STEP_COST } from "./pace.ts";
import {
  BLOCK_BYTES,
  decodeTarHeader,
  invalidTarHeader,
  paddingOf,
  type TarHeader,
  WITHOUT_CONTENT,
} from "./tar-header.ts";

/** Extended headers (PAX records, GNU long names) are buffered, so they are bounded. */
export const MAX_EXTENDED_HEADER_BYTES = 64 * 1024;

export type TarEntry = {
  name: string;
  size: number;
  kind: "file" | "directory" | "other";
  modifiedSeconds: number;
  /** Read it before the next entry is asked for; what is left unread is skipped. */
  body: ByteSource;
};

type Overrides = { name?: string; size?: number; modifiedSeconds?: number };

const PLAIN_TYPES = new Set(["0", "7"]);

/** Reads ustar, PAX and GNU archives entry by entry. Faults of the archive are `StreamFault`s. */
export class TarReader {
  readonly #source: ByteSource;
  readonly #pace: Pace;
  #body: Section | null = null;
  #padding = 0;
  #ended = false;

  constructor(source: ByteSource, pace = new Pace()) {
    this.#source = source;
    this.#pace = pace;
  }

  /** Null at the end of the archive: two zero blocks, or where the bytes end between entries. */
  async next(): Promise<TarEntry | null> {
    const overrides: Overrides = {};
    while (await this.#skipEntry()) {
      await this.#pace.step(STEP_COST.tarEntry);
      const header = await this.#readHeader();
      if (header === null) break;
      if (header.typeFlag === "x") Object.assign(overrides, await this.#readRecords(header.size));
      else if (header.typeFlag === "L") overrides.name = await this.#readLongName(header.size);
      else if (header.typeFlag === "K") this.#enter(header.size);
      else if (header.typeFlag === "S") throw sparse();
      else if (header.typeFlag === "g") return await this.#globalHeader(header);
      else return this.#entry(header, overrides);
    }
    this.#ended = true;
    return null;
  }

  #entry(header: TarHeader, overrides: Overrides): TarEntry {
    const { name, modifiedSeconds, typeFlag, size: stated } = { ...header, ...overrides };
    const size = WITHOUT_CONTENT.has(typeFlag) ? 0 : stated;
    const isFile = PLAIN_TYPES.has(typeFlag);
    return {
      name,
      size,
      kind: isFile ? "file" : typeFlag === "5" ? "directory" : "other",
      modifiedSeconds,
      body: this.#enter(size),
    };
  }

  /** Given to the reader like an entry without content: it has no place in an artifact. */
  async #globalHeader(header: TarHeader): Promise<TarEntry> {
    await this.#readRecords(header.size);
    return { ...header, size: 0, kind: "other", body: new Section(this.#source, 0) };
  }

  #enter(size: number): Section {
    this.#body = new Section(this.#source, size);
    this.#padding = paddingOf(size);
    return this.#body;
  }

  /** Moves behind the current entry; false if the archive ends there. */
  async #skipEntry(): Promise<boolean> {
    if (this.#ended) return false;
    if (this.#body === null) return true;
    await skipRest(this.#body);
    this.#body = null;
    // Missing padding is an end like any other: the content before it was complete.
    return this.#padding === (await readInto(this.#source, new Uint8Array(this.#padding)));
  }

  async #readHeader(): Promise<TarHeader | null> {
    const block = await this.#readBlock();
    if (block === null) return null;
    if (!isZero(block)) return decodeTarHeader(block);
    const second = await this.#readBlock();
    if (second !== null && !isZero(second)) throw invalidTarHeader();
    return null;
  }

  async #readBlock(): Promise<Uint8Array | null> {
    const block = new Uint8Array(BLOCK_BYTES);
    const filled = await readInto(this.#source, block);
    if (filled === 0) return null;
    if (filled < BLOCK_BYTES) throw truncated();
    return block;
  }

  async #readExtended(size: number): Promise<Uint8Array> {
    if (size > MAX_EXTENDED_HEADER_BYTES) throw invalidTarHeader();
    return readExactly(this.#enter(size), size);
  }

  async #readLongName(size: number): Promise<string> {
    const field = await this.#readExtended(size);
    const end = field.indexOf(0);
    return decodeText(end < 0 ? field : field.subarray(0, end));
  }

  async #readRecords(size: number): Promise<Overrides> {
    return paxOverrides(await this.#readExtended(size));
  }
}

/** The content of one entry: exactly `size` bytes, or a fault. */
class Section implements ByteSource {
  readonly #source: ByteSource;
  #left: number;

  constructor(source: ByteSource, size: number) {
    this.#source = source;
    this.#left = size;
  }

  fill(): boolean | Promise<boolean> {
    if (this.#left === 0) return false;
    const filled = this.#source.fill();
    return filled === true ? true : this.#expectMore(filled);
  }

  take(maxBytes: number): Uint8Array {
    const view = this.#source.take(Math.min(maxBytes, this.#left));
    this.#left -= view.length;
    return view;
  }

  async #expectMore(filled: boolean | Promise<boolean>): Promise<boolean> {
    if (!(await filled)) throw truncated();
    return true;
  }
}

function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

const sparse = (): StreamFault => new StreamFault("corrupt", "archive/tar: sparse files are not supported");

/** PAX records are lines of "<length of the line> <key>=<value>\n"; an empty value unsets a key. */
function paxOverrides(records: Uint8Array): Overrides {
  const overrides: Overrides = {};
  let offset = 0;
  while (offset < records.length) {
    const blank = records.indexOf(0x20, offset);
    const lengthText = decodeText(records.subarray(offset, blank < 0 ? offset : blank));
    if (!/^[0-9]{1,6}$/.test(lengthText)) throw invalidTarHeader();
    const end = offset + Number(lengthText);
    if (end > records.length || end <= blank + 1 || records[end - 1] !== 0x0a) throw invalidTarHeader();
    const record = decodeText(records.subarray(blank + 1, end - 1));
    const equals = record.indexOf("=");
    if (equals <= 0) throw invalidTarHeader();
    applyRecord(overrides, record.slice(0, equals), record.slice(equals + 1));
    offset = end;
  }
  return overrides;
}

function applyRecord(overrides: Overrides, key: string, value: string): void {
  if (key.startsWith("GNU.sparse.")) throw sparse();
  if (value === "") return;
  if (key === "path") {
    if (value.includes("\0")) throw invalidTarHeader();
    overrides.name = value;
  } else if (key === "size") {
    if (!/^[0-9]{1,15}$/.test(value)) throw invalidTarHeader();
    overrides.size = Number(value);
  } else if (key === "mtime") {
    if (!/^-?[0-9]{1,15}(\.[0-9]*)?$/.test(value)) throw invalidTarHeader();
    overrides.modifiedSeconds = Number(value);
  }
}
