/**
 * The few MessagePack pieces that must be exact on the wire: where a value ends, so that what is passed on stays as it
 * was, and integers in the width the peer insists on. Everything else is decoded by the library.
 */

/** Nesting beyond this is hostile; no peer sends more than four levels. */
const MAX_DEPTH = 16;

/** Members of one map beyond this are hostile, and would cost far more memory than they take on the wire. */
const MAX_ENTRIES = 256;

export class MsgpackFault extends Error {}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const truncated = () => new MsgpackFault("truncated message");

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const UNKNOWN = 0xff;

/** For the types 0xc0..0xdf: bytes that stand between the type and the content, a length among them. */
const HEADER = Uint8Array.from(
  "0 ff 0 0 1 2 4 2 3 5 4 8 1 2 4 8 1 2 4 8 2 3 5 9 11 1 2 4 ff ff ff ff".split(" "),
  (hex) => Number.parseInt(hex, 16),
);

/** Width of the length at the beginning of that header; 0 for types of one size. */
const LENGTH = Uint8Array.from("00001241240000000000000001240000", Number);

function lengthAt(bytes: Uint8Array, at: number, width: number): number {
  if (at + width > bytes.byteLength) throw truncated();
  let length = 0;
  for (let i = 0; i < width; i += 1) length = length * 0x100 + (bytes[at + i] ?? 0);
  return length;
}

const isSmallMap = (type: number) => type >= 0x80 && type <= 0x8f;
const isMap = (type: number) => isSmallMap(type) || type === 0xde || type === 0xdf;
const isSmallArray = (type: number) => type >= 0x90 && type <= 0x9f;
const isArray = (type: number) => isSmallArray(type) || type === 0xdc || type === 0xdd;

/** Width of the count of an array or map. */
const countWidth = (type: number) => (type < 0xa0 ? 0 : type % 2 === 0 ? 2 : 4);

/** Entries of the array or map at `at`. */
const countAt = (bytes: Uint8Array, at: number, type: number): number =>
  type < 0xa0 ? type & 0x0f : lengthAt(bytes, at + 1, countWidth(type));

/** Position after the value that begins at `at`. */
function endOfValue(bytes: Uint8Array, at: number, depth = 0): number {
  const type = bytes[at];
  if (type === undefined) throw truncated();
  if (depth > MAX_DEPTH) throw new MsgpackFault("message nested too deeply");
  let end: number;
  if (isMap(type) || isArray(type)) {
    const values = countAt(bytes, at, type) * (isMap(type) ? 2 : 1);
    end = at + 1 + countWidth(type);
    for (let i = 0; i < values; i += 1) end = endOfValue(bytes, end, depth + 1);
  } else {
    end = at + 1 + scalarLength(bytes, at, type);
  }
  if (end > bytes.byteLength) throw truncated();
  return end;
}

function scalarLength(bytes: Uint8Array, at: number, type: number): number {
  if (type <= 0x7f || type >= 0xe0) return 0;
  if (type <= 0xbf) return type & 0x1f;
  const header = HEADER[type - 0xc0] ?? UNKNOWN;
  if (header === UNKNOWN) throw new MsgpackFault("unknown type in message");
  return header + lengthAt(bytes, at + 1, LENGTH[type - 0xc0] ?? 0);
}

/** The entries of a map with text keys, values as they stand in the message. */
export function mapEntries(bytes: Uint8Array): Map<string, Uint8Array> {
  const type = bytes[0] ?? 0xc1;
  if (!isMap(type)) throw new MsgpackFault("message is not a map");
  const count = countAt(bytes, 0, type);
  if (count > MAX_ENTRIES) throw new MsgpackFault("message with too many members");
  const entries = new Map<string, Uint8Array>();
  let at = 1 + countWidth(type);
  for (let i = 0; i < count; i += 1) {
    const keyEnd = endOfValue(bytes, at);
    const key = readText(bytes.subarray(at, keyEnd));
    if (key === undefined) throw new MsgpackFault("map key is not text");
    at = endOfValue(bytes, keyEnd);
    entries.set(key, bytes.subarray(keyEnd, at));
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
  const header = type < 0xc0 ? 1 : 1 + (HEADER[type - 0xc0] ?? 0);
  return value.subarray(header, endOfValue(value, 0));
}

/** Content of a str value; undefined for other types. */
export function readText(value: Uint8Array): string | undefined {
  const bytes = isText(value[0] ?? 0xc1) ? readBytes(value) : undefined;
  return bytes && decodeText(bytes);
}

const MAX_SPELLED = 64;

/** Names and ids are short and plain, and spelled out faster than the decoder begins. */
function decodeText(bytes: Uint8Array): string {
  if (bytes.byteLength > MAX_SPELLED) return decoder.decode(bytes);
  let text = "";
  for (const byte of bytes) {
    if (byte > 0x7f) return decoder.decode(bytes);
    text += String.fromCharCode(byte);
  }
  return text;
}

/** An integer of any width and sign that JavaScript can hold exactly; undefined for anything else. */
export function readInteger(value: Uint8Array): number | undefined {
  const type = value[0];
  if (type === undefined || endOfValue(value, 0) !== value.byteLength) return undefined;
  if (type <= 0x7f) return type;
  if (type >= 0xe0) return type - 0x100;
  const number = wideInteger(type, view(value));
  return number !== undefined && Number.isSafeInteger(number) ? number : undefined;
}

function wideInteger(type: number, data: DataView): number | undefined {
  switch (type) {
    case 0xcc:
      return data.getUint8(1);
    case 0xcd:
      return data.getUint16(1);
    case 0xce:
      return data.getUint32(1);
    case 0xcf:
      return Number(data.getBigUint64(1));
    case 0xd0:
      return data.getInt8(1);
    case 0xd1:
      return data.getInt16(1);
    case 0xd2:
      return data.getInt32(1);
    case 0xd3:
      return Number(data.getBigInt64(1));
    default:
      return undefined;
  }
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

export function writeUint32(value: number): Uint8Array {
  return new Uint8Array([0xce, value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff]);
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

/** What stands before the bytes of a bin value. */
export function binaryHeader(size: number): Uint8Array {
  if (size < 0x100) return new Uint8Array([0xc4, size]);
  if (size < 0x10000) return new Uint8Array([0xc5, size >> 8, size & 0xff]);
  return new Uint8Array([0xc6, size >>> 24, (size >> 16) & 0xff, (size >> 8) & 0xff, size & 0xff]);
}

/** What stands before the entries of a map. */
export const mapHeader = (count: number): Uint8Array =>
  new Uint8Array(count < 16 ? [0x80 | count] : [0xde, count >> 8, count & 0xff]);

export const writeMap = (entries: readonly (readonly [string, Uint8Array])[]): Uint8Array =>
  concat([mapHeader(entries.length), ...entries.flatMap(([key, value]) => [writeText(key), value])]);

export function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
