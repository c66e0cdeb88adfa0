/** Just enough of ASN.1's distinguished encoding to write a certificate. */

function lengthOf(size: number): Buffer {
  if (size < 0x80) return Buffer.from([size]);
  const hex = size.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

const element =
  (tag: number) =>
  (...parts: Uint8Array[]): Buffer => {
    const content = Buffer.concat(parts);
    return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
  };

export const sequence = element(0x30);
export const set = element(0x31);
export const octetString = element(0x04);

/** `[n]` around whole elements. */
export const explicit = (n: number, ...parts: Uint8Array[]): Buffer => element(0xa0 | n)(...parts);

/** `[n]` in place of a primitive element's own tag. */
export const implicit = (n: number, content: Uint8Array): Buffer => element(0x80 | n)(content);

export const boolean = (value: boolean): Buffer => element(0x01)(Buffer.from([value ? 0xff : 0]));

/** A non-negative integer from its big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  const firstUsed = bytes.findIndex((byte) => byte !== 0);
  const digits = firstUsed === -1 ? Buffer.from([0]) : Buffer.from(bytes.subarray(firstUsed));
  const sign = (digits[0] ?? 0) & 0x80 ? Buffer.from([0]) : Buffer.alloc(0);
  return element(0x02)(sign, digits);
}

export const bitString = (bytes: Uint8Array, unusedBits = 0): Buffer =>
  element(0x03)(Buffer.from([unusedBits]), bytes);

export const utf8 = (text: string): Buffer => element(0x0c)(Buffer.from(text, "utf8"));

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) digits.unshift((rest & 0x7f) | 0x80);
  return digits;
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return element(0x06)(Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** Two-digit years until 2049, four digits from then on, as certificates want it. */
export function time(at: Date): Buffer {
  const digits = `${at
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replace(/\D/g, "")}Z`;
  return at.getUTCFullYear() < 2050
    ? element(0x17)(Buffer.from(digits.slice(2)))
    : element(0x18)(Buffer.from(digits));
}
