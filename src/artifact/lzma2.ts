import { type ByteSource, readExactly, StreamFault } from "./bytes.ts";
import { Dictionary } from "./dictionary.ts";
import { LzmaDecoder } from "./lzma.ts";
import { type Pace, STEP_COST } from "./pace.ts";
import { RANGE_START_BYTES } from "./range-decoder.ts";

export const corruptXz = (): StreamFault => new StreamFault("corrupt", "invalid xz data");

const END = 0x00;
const RAW_WITH_RESET = 0x01;
const RAW = 0x02;
const PACKED = 0x80;
/** A chunk may hold 2 MiB of literals, which takes long: it is unpacked in steps. */
const MAX_STEP_BYTES = 32 * 1024;

/** The chunks of one LZMA2 stream; each view holds until the next is asked for. */
export async function* lzma2Chunks(
  source: ByteSource,
  dictionaryBytes: number,
  pace: Pace,
): AsyncGenerator<Uint8Array, void> {
  const decoder = new Lzma2Decoder(dictionaryBytes, pace);
  for (;;) {
    const [control = END] = await readExactly(source, 1);
    if (control === END) return;
    pace.spend(STEP_COST.lzmaChunk);
    if (control >= PACKED) yield* decoder.packed(control, await readPacked(source, control));
    else yield* decoder.raw(control, await readRaw(source, control));
  }
}

type PackedChunk = { properties: number | null; unpackedBytes: number; content: Uint8Array };

/** Bits 5 and 6 of the control byte: 1 resets the state, 2 brings properties, 3 clears the dictionary. */
const resetLevel = (control: number): number => (control >>> 5) & 3;

async function readPacked(source: ByteSource, control: number): Promise<PackedChunk> {
  const hasProperties = resetLevel(control) >= 2;
  const head = await readExactly(source, hasProperties ? 5 : 4);
  const fields = new DataView(head.buffer);
  const unpackedBytes = ((control & 0x1f) << 16) + fields.getUint16(0) + 1;
  const packedBytes = fields.getUint16(2) + 1;
  const properties = hasProperties ? fields.getUint8(4) : null;
  return { properties, unpackedBytes, content: await readExactly(source, packedBytes) };
}

async function readRaw(source: ByteSource, control: number): Promise<Uint8Array> {
  if (control !== RAW && control !== RAW_WITH_RESET) throw corruptXz();
  const head = await readExactly(source, 2);
  return readExactly(source, new DataView(head.buffer).getUint16(0) + 1);
}

class Lzma2Decoder {
  readonly #dictionary: Dictionary;
  readonly #lzma: LzmaDecoder;
  readonly #pace: Pace;
  #needsReset = true;
  #needsProperties = true;
  #needsState = true;

  constructor(dictionaryBytes: number, pace: Pace) {
    this.#pace = pace;
    this.#dictionary = new Dictionary(dictionaryBytes);
    this.#lzma = new LzmaDecoder(this.#dictionary);
  }

  *raw(control: number, content: Uint8Array): Generator<Uint8Array, void> {
    this.#resetDictionary(control === RAW_WITH_RESET);
    for (let offset = 0; offset < content.length;) {
      const end = Math.min(content.length, offset + this.#dictionary.room);
      this.#dictionary.append(content.subarray(offset, end));
      offset = end;
      yield this.#dictionary.takeWritten();
    }
  }

  *packed(control: number, chunk: PackedChunk): Generator<Uint8Array, void> {
    const level = resetLevel(control);
    this.#resetDictionary(level === 3);
    this.#resetState(level, chunk.properties);
    const { content } = chunk;
    if (content.length < RANGE_START_BYTES || !this.#lzma.start(content)) throw corruptXz();
    for (let left = chunk.unpackedBytes; left > 0;) {
      const length = Math.min(left, this.#dictionary.room, MAX_STEP_BYTES);
      if (!this.#lzma.decode(length)) throw corruptXz();
      this.#pace.spend(this.#lzma.takeSymbols() * STEP_COST.lzmaSymbol);
      left -= length;
      yield this.#dictionary.takeWritten();
    }
    if (!this.#lzma.isFinished) throw corruptXz();
  }

  #resetDictionary(isReset: boolean): void {
    if (isReset) this.#dictionary.reset();
    else if (this.#needsReset) throw corruptXz();
    this.#needsReset = false;
  }

  #resetState(level: number, properties: number | null): void {
    if (properties !== null) {
      if (!this.#lzma.setProperties(properties)) throw corruptXz();
      this.#needsProperties = false;
    }
    if (level >= 1) {
      this.#lzma.resetState();
      this.#needsState = false;
    }
    if (this.#needsProperties || this.#needsState) throw corruptXz();
  }
}
