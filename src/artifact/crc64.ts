/** The reflected polynomial of ECMA-182, as xz uses it, in two halves. */
const POLYNOMIAL_LOW = 0xd787_0f42;
const POLYNOMIAL_HIGH = 0xc96c_5795;

const low = new Int32Array(256);
const high = new Int32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let l = byte;
  let h = 0;
  for (let bit = 0; bit < 8; bit++) {
    const isOdd = (l & 1) === 1;
    l = (l >>> 1) | (h << 31);
    h >>>= 1;
    if (isOdd) {
      l ^= POLYNOMIAL_LOW;
      h ^= POLYNOMIAL_HIGH;
    }
  }
  low[byte] = l;
  high[byte] = h;
}

/** A running CRC-64, in halves: 64-bit integers are an order of magnitude slower. */
export class Crc64 {
  #low = -1;
  #high = -1;

  update(bytes: Uint8Array): void {
    let l = this.#low;
    let h = this.#high;
    for (let index = 0; index < bytes.length; index++) {
      const entry = (l ^ (bytes[index] ?? 0)) & 0xff;
      l = ((l >>> 8) | (h << 24)) ^ (low[entry] ?? 0);
      h = (h >>> 8) ^ (high[entry] ?? 0);
    }
    this.#low = l;
    this.#high = h;
  }

  /** Little endian, as it stands in a file. */
  digest(): Uint8Array {
    const bytes = new Uint8Array(8);
    const fields = new DataView(bytes.buffer);
    fields.setInt32(0, ~this.#low, true);
    fields.setInt32(4, ~this.#high, true);
    return bytes;
  }
}
