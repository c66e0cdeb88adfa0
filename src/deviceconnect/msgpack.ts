/**
 * The few MessagePack pieces that must be exact on the wire: where a value ends, so that what is passed on stays as it
 * was, and integers in the width the peer insists on. Everything else is decoded by the library.
 */

/** Nesting beyond this is hostile; no peer sends more than four levels. */
const MAX_DEPTH = 16;

export class MsgpackFault extends Error {}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const truncated = () => new MsgpackFault("truncated message");

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Bytes after the type byte for the fixed-size types 0xc0..0xdf that hold no other values. */
const FIXED: Readonly<Record<number, number>> = {
  0xc0: 0, 0xc2: 0, 0xc3: 0, 0xca: 4, 0xcb: 8, 0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8,
  0xd0: 1, 0xd1: 2, 0xd2: 4, 0xd3: 8, 0xd4: 2, 0xd5: 3, 0xd6: 5, 0xd7: 9, 0xd8: 17,
}; // prettier-ignore

/** Width of the length field of bin, ext and str, and what comes on top of the length. */
const SIZED: Readonly<Record<number, readonly [width: 1 | 2 | 4, extra: number]>> = {
  0xc4: [1, 0], 0xc5: [2, 0], 0xc6: [4, 0], 0xc7: [1, 1], 0xc8: [2, 1], 0xc9: [4, 1],
  0xd9: [1, 0], 0xda: [2, 0], 0xdb: [4, 0],
}; // prettier-ignore

function lengthAt(bytes: Uint8Array, at: number, width: 1 | 2 | 4): number {
  if (at + width > bytes.byteLength) throw truncated();
  const data = view(bytes);
  return width === 1 ? data.getUint8(at) : width === 2 ? data.getUint16(at) : data.getUint32(at);
}

/** Number of values inside an array or map at `at`, and where they begin; undefined for other types. */
function containerAt(bytes: Uint8Array, at: number): { values: number; start: number } | undefined {
  const type = bytes[at] ?? 0xc1;
  if (type >= 0x80 && type <= 0x8f) return { values: (type & 0x0f) * 2, start: at + 1 };
  if (type >= 0x90 && type <= 0x9f) return { values: type & 0x0f, start: at + 1 };
  if (type < 0xdc || type > 0xdf) return undefined;
  const width = type % 2 === 0 ? 2 : 4;
  const count = lengthAt(bytes, at + 1, width);
  return { values: type >= 0xde ? count * 2 : count, start: at + 1 + width };
}

/** Position after the value that begins at `at`. */
export function endOfValue(bytes: Uint8Array, at: number, depth = 0): number {
  const type = bytes[at];
  if (type === undefined) throw truncated();
  if (depth > MAX_DEPTH) throw new MsgpackFault("message nested too deeply");
  const container = containerAt(bytes, at);
  let end: number;
  if (container) {
    end = container.start;
    for (let i = 0; i < container.values; i += 1) end = endOfValue(bytes, end, depth + 1);
  } else {
    end = at + 1 + scalarLength(bytes, at, type);
  }
  if (end > bytes.byteLength) throw truncated();
  return end;
}

function scalarLength(bytes: Uint8Array, at: number, type: number): number {
  if (type <= 0x7f || type >= 0xe0) return 0;
  if (type >= 0xa0 && type <= 0xbf) return type & 0x1f;
  const sized = SIZED[type];
  if (sized) return sized[0] + lengthAt(bytes, at + 1, sized[0]) + sized[1];
  const fixed = FIXED[type];
  if (fixed === undefined) throw new MsgpackFault("unknown type in message");
  return fixed;
}

/** The entries of a map with text keys, values as they stand in the message. */
export function mapEntries(bytes: Uint8Array): Map<string, Uint8Array> {
  const type = bytes[0] ?? 0xc1;
  const container = containerAt(bytes, 0);
  if (!container || (type >= 0x90 && type <= 0x9f) || type === 0xdc || type === 0xdd) {
    throw new MsgpackFault("message is not a map");
  }
  const entries = new Map<string, Uint8Array>();
  let at = container.start;
  for (let i = 0; i < container.values; i += 2) {
    const keyEnd = endOfValue(bytes, at);
    const key = readText(bytes.subarray(at, keyEnd));
    if (key === undefined) throw new MsgpackFault("map key is not text");
    const valueEnd = endOfValue(bytes, keyEnd);
    entries.set(key, bytes.subarray(keyEnd, valueEnd));
    at = valueEnd;
  }
  if (at !== bytes.byteLength) throw new MsgpackFault("bytes after the message");
  return entries;
}

const isText = (type: number) => (type >= 0xa0 && type <= 0xbf) || (type >= 0xd9 && type <= 0xdb);
const isBinary = (type: number) => type >= 0xc4 && type <= 0xc6;

/** Content of a str or bin value; undefined for other types. */
export function readBytes(value: Uint8Array): Uint8Array | undefined {
  const type = value[0] ?? 0xc1;
  if (!isText(type) && !isBinary(type)) return undefined;
  const header = 1 + (SIZED[type]?.[0] ?? 0);
  return value.subarray(header, endOfValue(value, 0));
}

/** Content of a str value; undefined for other types. */
export function readText(value: Uint8Array): string | undefined {
  const bytes = isText(value[0] ?? 0xc1) ? readBytes(value) : undefined;
  return bytes && decoder.decode(bytes);
}

/** An integer of any width and sign that JavaScript can hold exactly; undefined for anything else. */
export function readInteger(value: Uint8Array): number | undefined {
  const type = value[0];
  if (type === undefined || endOfValue(value, 0) !== value.byteLength) return undefined;
  if (type <= 0x7f) return type;
  if (type >= 0xe0) return type - 0x100;
  const data = view(value);
  const readers: Readonly<Record<number, () => number>> = {
    0xcc: () => data.getUint8(1),
    0xcd: () => data.getUint16(1),
    0xce: () => data.getUint32(1),
    0xcf: () => Number(data.getBigUint64(1)),
    0xd0: () => data.getInt8(1),
    0xd1: () => data.getInt16(1),
    0xd2: () => data.getInt32(1),
    0xd3: () => Number(data.getBigInt64(1)),
  };
  const number = readers[type]?.();
  return number !== undefined && Number.isSafeInteger(number) ? number : undefined;
}

/** Nine bytes, whatever the value: device clients insist on this width for offsets. */
export function writeInt64(value: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = 0xd3;
  view(bytes).setBigInt64(1, BigInt(value));
  return bytes;
}

export function writeUint16(value: number): Uint8Array {
  return new Uint8Array([0xcd, value >> 8, value & 0xff]);
}

/** The shortest form of a small non-negative integer. */
export function writeSmall(value: number): Uint8Array {
  return value <= 0x7f ? new Uint8Array([value]) : writeUint16(value);
}

// Keys and ids come again with every message of a session. Pure values, bounded, safe to lose.
const written = new Map<string, Uint8Array>();
const MAX_WRITTEN = 1000;
const MAX_KEPT_LENGTH = 64;

export function writeText(text: string): Uint8Array {
  const known = written.get(text);
  if (known) return known;
  const bytes = encodeText(text);
  if (text.length <= MAX_KEPT_LENGTH) {
    if (written.size >= MAX_WRITTEN) written.clear();
    written.set(text, bytes);
  }
  return bytes;
}

function encodeText(text: string): Uint8Array {
  const content = encoder.encode(text);
  const size = content.byteLength;
  if (size > 0xffff) throw new MsgpackFault("text too long");
  const header = size < 32 ? [0xa0 | size] : size < 0x100 ? [0xd9, size] : [0xda, size >> 8, size & 0xff];
  return concat([new Uint8Array(header), content]);
}

export function writeBinary(content: Uint8Array): Uint8Array {
  const size = content.byteLength;
  const header =
    size < 0x100
      ? [0xc4, size]
      : size < 0x10000
        ? [0xc5, size >> 8, size & 0xff]
        : [0xc6, size >>> 24, (size >> 16) & 0xff, (size >> 8) & 0xff, size & 0xff];
  return concat([new Uint8Array(header), content]);
}

export function writeMap(entries: Iterable<readonly [string, Uint8Array]>): Uint8Array {
  const pieces = [...entries].flatMap(([key, value]) => [writeText(key), value]);
  const count = pieces.length / 2;
  const header = count < 16 ? [0x80 | count] : [0xde, count >> 8, count & 0xff];
  return concat([new Uint8Array(header), ...pieces]);
}

export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
