import { crc32 } from "node:zlib";
import {
  type ByteSource,
  ChunkSource,
  joinBytes,
  readExactly,
  readInto,
  StreamFault,
  truncated,
} from "./bytes.ts";
import { corruptXz, lzma2Chunks } from "./lzma2.ts";
import { type Pace, STEP_COST } from "./pace.ts";
import { checkBytes, runningCheck } from "./xz-check.ts";

const HEADER_MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const FOOTER_MAGIC = [0x59, 0x5a];
const STREAM_HEADER_BYTES = 12;
const FOOTER_BYTES = 12;
const CRC_BYTES = 4;
const LZMA2_FILTER = 0x21;
const MAX_DICTIONARY_CODE = 40;
const HAS_PACKED_SIZE = 0x40;
const HAS_UNPACKED_SIZE = 0x80;

/** Decodes an .xz file with the LZMA2 filter, which is what liblzma writes unless asked otherwise. */
export function xzDecoder(
  packed: ByteSource,
  maxDictionaryBytes: number,
  pace: Pace,
): ByteSource & { close: () => Promise<void> } {
  const chunks = new ChunkSource(xzChunks(new CountingSource(packed), maxDictionaryBytes, pace));
  return {
    fill: () => chunks.fill(),
    take: (maxBytes) => chunks.take(maxBytes),
    close: () => chunks.close(),
  };
}

/** Sizes and padding are told in bytes of the file. */
class CountingSource implements ByteSource {
  readonly #source: ByteSource;
  bytesRead = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  fill(): boolean | Promise<boolean> {
    return this.#source.fill();
  }

  take(maxBytes: number): Uint8Array {
    const view = this.#source.take(maxBytes);
    this.bytesRead += view.length;
    return view;
  }
}

/** What the index at the end of a stream has to agree with. */
type Totals = { blocks: number; unpaddedBytes: number; unpackedBytes: number };

async function* xzChunks(
  input: CountingSource,
  maxDictionaryBytes: number,
  pace: Pace,
): AsyncGenerator<Uint8Array, void> {
  let checkType: number | null = await readStreamHeader(input, new Uint8Array(0));
  while (checkType !== null) {
    const totals: Totals = { blocks: 0, unpaddedBytes: 0, unpackedBytes: 0 };
    for (;;) {
      const start = input.bytesRead;
      const [indicator = 0] = await readExactly(input, 1);
      // The index starts with a zero byte, where a block has the size of its header.
      if (indicator === 0) {
        await readIndex(input, start, totals);
        await readFooter(input, input.bytesRead - start, checkType);
        break;
      }
      const block = await readBlockHeader(input, indicator, maxDictionaryBytes);
      await pace.step(STEP_COST.xzBlock);
      const chunks = lzma2Chunks(input, block.dictionaryBytes, pace);
      yield* blockChunks({ input, start, block, chunks }, checkType, totals);
    }
    checkType = await readNextStreamHeader(input);
    // Empty blocks and streams yield nothing, so whoever takes the chunks would never rest between such.
    await pace.step(STEP_COST.xzBlock);
  }
}

async function readStreamHeader(input: ByteSource, start: Uint8Array): Promise<number> {
  const header = joinBytes([start, await readExactly(input, STREAM_HEADER_BYTES - start.length)]);
  const checkType = header[7] ?? 0;
  if (!HEADER_MAGIC.every((byte, index) => header[index] === byte)) throw corruptXz();
  if (header[6] !== 0 || checkType > 0x0f) throw corruptXz();
  if (uint32(header, 8) !== crc32(header.subarray(6, 8))) throw corruptXz();
  return checkType;
}

/** Zeros in groups of four may stand between streams and at the end; null if there is no other. */
async function readNextStreamHeader(input: ByteSource): Promise<number | null> {
  for (;;) {
    const start = new Uint8Array(4);
    const filled = await readInto(input, start);
    if (filled === 0) return null;
    if (filled < start.length) throw truncated();
    if (start.some((byte) => byte !== 0)) return readStreamHeader(input, start);
  }
}

type Block = {
  headerBytes: number;
  packedBytes: number | null;
  unpackedBytes: number | null;
  dictionaryBytes: number;
};

async function readBlockHeader(
  input: ByteSource,
  indicator: number,
  maxDictionaryBytes: number,
): Promise<Block> {
  const headerBytes = (indicator + 1) * 4;
  const header = joinBytes([Uint8Array.of(indicator), await readExactly(input, headerBytes - 1)]);
  const end = headerBytes - CRC_BYTES;
  if (uint32(header, end) !== crc32(header.subarray(0, end))) throw corruptXz();
  const fields = new FieldReader(header.subarray(1, end));
  const flags = fields.byte();
  const packedBytes = (flags & HAS_PACKED_SIZE) === 0 ? null : fields.integer();
  const unpackedBytes = (flags & HAS_UNPACKED_SIZE) === 0 ? null : fields.integer();
  // The low bits count the filters before the last one: branch converters, which nobody needs here.
  if ((flags & 0x3f) !== 0 || fields.integer() !== LZMA2_FILTER || fields.integer() !== 1) {
    throw new StreamFault("corrupt", "unsupported xz filters");
  }
  const dictionaryBytes = dictionarySize(fields.byte());
  if (dictionaryBytes > maxDictionaryBytes) {
    throw new StreamFault("limit", `xz dictionary of more than ${maxDictionaryBytes} bytes`);
  }
  if (!fields.isOnlyPadding()) throw corruptXz();
  return { headerBytes, packedBytes, unpackedBytes, dictionaryBytes };
}

/** 4 KiB, 6 KiB, 8 KiB, 12 KiB, 16 KiB, … */
function dictionarySize(code: number): number {
  if (code > MAX_DICTIONARY_CODE) throw corruptXz();
  return (2 | (code & 1)) * 2 ** (Math.floor(code / 2) + 11);
}

type OpenBlock = { input: CountingSource; start: number; block: Block; chunks: AsyncIterable<Uint8Array> };

async function* blockChunks(
  { input, start, block, chunks }: OpenBlock,
  checkType: number,
  totals: Totals,
): AsyncGenerator<Uint8Array, void> {
  const check = runningCheck(checkType);
  let unpackedBytes = 0;
  for await (const chunk of chunks) {
    check.update(chunk);
    unpackedBytes += chunk.length;
    yield chunk;
  }
  const packedBytes = input.bytesRead - start - block.headerBytes;
  if (block.packedBytes !== null && block.packedBytes !== packedBytes) throw corruptXz();
  if (block.unpackedBytes !== null && block.unpackedBytes !== unpackedBytes) throw corruptXz();
  await readPadding(input, start);
  const stated = await readExactly(input, checkBytes(checkType));
  const actual = check.digest();
  if (actual !== null && !Buffer.from(actual).equals(stated)) throw corruptXz();
  totals.blocks++;
  totals.unpaddedBytes += block.headerBytes + packedBytes + stated.length;
  totals.unpackedBytes += unpackedBytes;
}

/** Blocks and index are as long as a multiple of four. */
async function readPadding(input: CountingSource, start: number): Promise<Uint8Array> {
  const padding = await readExactly(input, -(input.bytesRead - start) & 3);
  if (padding.some((byte) => byte !== 0)) throw corruptXz();
  return padding;
}

/** Only the sums are compared: a list of blocks could be as long as the file. */
async function readIndex(input: CountingSource, start: number, totals: Totals): Promise<void> {
  let crc = crc32(Uint8Array.of(0));
  const integer = async (): Promise<number> => {
    const bytes: number[] = [];
    for (let last = 0x80; last >= 0x80; bytes.push(last)) {
      if (bytes.length >= FieldReader.maxIntegerBytes) throw corruptXz();
      [last = 0] = await readExactly(input, 1);
    }
    crc = crc32(Uint8Array.from(bytes), crc);
    return new FieldReader(Uint8Array.from(bytes)).integer();
  };
  const blocks = await integer();
  let { unpaddedBytes, unpackedBytes } = totals;
  if (blocks !== totals.blocks) throw corruptXz();
  for (let left = blocks; left > 0; left--) {
    unpaddedBytes -= await integer();
    unpackedBytes -= await integer();
  }
  if (unpaddedBytes !== 0 || unpackedBytes !== 0) throw corruptXz();
  crc = crc32(await readPadding(input, start), crc);
  if (uint32(await readExactly(input, CRC_BYTES), 0) !== crc) throw corruptXz();
}

async function readFooter(input: ByteSource, indexBytes: number, checkType: number): Promise<void> {
  const footer = await readExactly(input, FOOTER_BYTES);
  const isFooter = FOOTER_MAGIC.every((byte, index) => footer[10 + index] === byte);
  if (!isFooter || footer[8] !== 0 || footer[9] !== checkType) throw corruptXz();
  if ((uint32(footer, 4) + 1) * 4 !== indexBytes) throw corruptXz();
  if (uint32(footer, 0) !== crc32(footer.subarray(4, 10))) throw corruptXz();
}

const uint32 = (bytes: Uint8Array, offset: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true);

class FieldReader {
  static readonly maxIntegerBytes = 9;
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const byte = this.#bytes[this.#offset++];
    if (byte === undefined) throw corruptXz();
    return byte;
  }

  /** Seven bits a byte, the lowest first; the high bit tells that more follow. */
  integer(): number {
    let value = 0;
    for (let index = 0; index < FieldReader.maxIntegerBytes; index++) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    throw corruptXz();
  }

  isOnlyPadding(): boolean {
    return this.#bytes.subarray(this.#offset).every((byte) => byte === 0);
  }
}
