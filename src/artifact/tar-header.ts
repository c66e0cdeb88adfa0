import { decodeText, StreamFault } from "./bytes.ts";

export const BLOCK_BYTES = 512;
/** The size field has eleven octal digits. */
export const MAX_USTAR_SIZE = 8 * 1024 ** 3 - 1;
const MAX_NAME_BYTES = 100;
const CHECKSUM_OFFSET = 148;
const CHECKSUM_END = 156;

export type TarHeader = {
  name: string;
  size: number;
  typeFlag: string;
  modifiedSeconds: number;
};

const utf8Encoder = new TextEncoder();

export const invalidTarHeader = (): StreamFault =>
  new StreamFault("corrupt", "archive/tar: invalid tar header");

function text(block: Uint8Array, offset: number, length: number): string {
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return decodeText(end < 0 ? field : field.subarray(0, end));
}

/** Octal digits, or base-256 where the first bit is set (GNU, for large values). */
function numeric(block: Uint8Array, offset: number, length: number): number {
  const first = block[offset] ?? 0;
  if ((first & 0x80) !== 0) return base256(block.subarray(offset, offset + length));
  const digits = text(block, offset, length).trim();
  if (digits === "") return 0;
  if (!/^[0-7]+$/.test(digits)) throw invalidTarHeader();
  return Number.parseInt(digits, 8);
}

function base256(field: Uint8Array): number {
  const negative = ((field[0] ?? 0) & 0x40) !== 0;
  let value = 0;
  for (const [index, byte] of field.entries()) {
    const bits = negative ? byte ^ 0xff : byte;
    value = value * 256 + (index === 0 ? bits & 0x7f : bits);
  }
  return negative ? -value - 1 : value;
}

/** The checksum counts its own field as blanks; old writers summed signed bytes. */
function checksums(block: Uint8Array): { unsigned: number; signed: number } {
  let unsigned = 0;
  let signed = 0;
  for (const [index, byte] of block.entries()) {
    const value = index >= CHECKSUM_OFFSET && index < CHECKSUM_END ? 0x20 : byte;
    unsigned += value;
    signed += value > 0x7f ? value - 0x100 : value;
  }
  return { unsigned, signed };
}

/** Entries without content whatever their size field says: links, devices, directories, pipes. */
export const WITHOUT_CONTENT = new Set(["1", "2", "3", "4", "5", "6"]);

export function decodeTarHeader(block: Uint8Array): TarHeader {
  const sums = checksums(block);
  const stated = numeric(block, CHECKSUM_OFFSET, 8);
  if (stated !== sums.unsigned && stated !== sums.signed) throw invalidTarHeader();
  const isPosix = text(block, 257, 5) === "ustar";
  const isUstar = isPosix && block[262] === 0;
  checkNumbers(block, isPosix ? [MODE, UID, GID, DEVICE_MAJOR, DEVICE_MINOR] : [MODE, UID, GID]);
  const prefix = isUstar ? text(block, 345, 155) : "";
  const shortName = text(block, 0, MAX_NAME_BYTES);
  const name = prefix === "" ? shortName : `${prefix}/${shortName}`;
  const size = numeric(block, 124, 12);
  if (size < 0 || size > Number.MAX_SAFE_INTEGER) throw invalidTarHeader();
  const flag = String.fromCharCode(block[156] ?? 0);
  const isPlain = flag === "0" || flag === "\0";
  const typeFlag = isPlain ? (name.endsWith("/") ? "5" : "0") : flag;
  return {
    name,
    size,
    typeFlag,
    modifiedSeconds: numeric(block, 136, 12),
  };
}

type Field = readonly [offset: number, length: number];

const MODE: Field = [100, 8];
const UID: Field = [108, 8];
const GID: Field = [116, 8];
const DEVICE_MAJOR: Field = [329, 8];
const DEVICE_MINOR: Field = [337, 8];

/** Nobody here needs these numbers, but a header with other things in their places is none. */
function checkNumbers(block: Uint8Array, fields: readonly Field[]): void {
  for (const [offset, length] of fields) numeric(block, offset, length);
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, "0")}\0`;
}

/** A ustar header with everything that varies between machines set to zero. */
export function encodeTarHeader(entry: {
  name: string;
  size: number;
  mode: number;
  modifiedSeconds?: number;
}): Uint8Array {
  const name = utf8Encoder.encode(entry.name);
  if (name.length === 0 || name.length > MAX_NAME_BYTES) {
    throw new RangeError(`a tar entry's name has 1 to ${MAX_NAME_BYTES} bytes`);
  }
  if (entry.size > MAX_USTAR_SIZE) throw new RangeError("a tar entry has at most 8 GiB - 1 byte");
  const block = new Uint8Array(BLOCK_BYTES);
  const put = (offset: number, field: string) => block.set(utf8Encoder.encode(field), offset);
  block.set(name);
  put(100, octal(entry.mode, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(entry.size, 11));
  put(136, octal(entry.modifiedSeconds ?? 0, 11));
  put(156, "0");
  put(257, "ustar\u000000");
  put(329, octal(0, 7));
  put(337, octal(0, 7));
  put(CHECKSUM_OFFSET, `${octal(checksums(block).unsigned, 6)} `);
  return block;
}

/** How many zero bytes follow a content of this size. */
export const paddingOf = (size: number): number => (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
