const INITIAL_PROBABILITY = 1024;
const SIGN = -0x8000_0000;

/** A range decoder starts with one zero byte and four bytes of code. */
export const RANGE_START_BYTES = 5;

/**
 * The binary arithmetic decoder of LZMA. All numbers are kept as signed 32-bit integers, which is
 * what the engine computes fastest; comparisons flip the sign bit to be unsigned.
 */
export class RangeDecoder {
  readonly #probabilities: Uint16Array;
  #input: Uint8Array = new Uint8Array(0);
  #position = 0;
  /** Range and code: a typed array, because fields would be boxed above 30 bits. */
  readonly #registers = new Int32Array(2);

  constructor(probabilityCount: number) {
    this.#probabilities = new Uint16Array(probabilityCount);
  }

  forget(): void {
    this.#probabilities.fill(INITIAL_PROBABILITY);
  }

  /** False if the input does not start like a range coder's output. */
  start(input: Uint8Array): boolean {
    this.#input = input;
    this.#position = RANGE_START_BYTES;
    this.#registers[0] = -1;
    this.#registers[1] = new DataView(input.buffer, input.byteOffset).getInt32(1);
    return input[0] === 0;
  }

  /** True if all of the input was used and nothing but it. */
  get isFinished(): boolean {
    return this.#position === this.#input.length && this.#registers[1] === 0;
  }

  get isOverrun(): boolean {
    return this.#position > this.#input.length;
  }

  bit(index: number): 0 | 1 {
    const registers = this.#registers;
    const range = registers[0] as number; // the array has two elements
    const code = registers[1] as number; // as above
    const probability = this.#probabilities[index] as number; // the caller's tables end before the array does
    const bound = Math.imul(range >>> 11, probability);
    if ((code ^ SIGN) < (bound ^ SIGN)) {
      this.#probabilities[index] = probability + ((2048 - probability) >>> 5);
      this.#normalise(bound, code);
      return 0;
    }
    this.#probabilities[index] = probability - (probability >>> 5);
    this.#normalise(range - bound, code - bound);
    return 1;
  }

  /** `count` bits, the highest first, from a tree of probabilities. */
  tree(base: number, count: number): number {
    let symbol = 1;
    for (let left = count; left > 0; left--) symbol = (symbol << 1) | this.bit(base + symbol);
    return symbol - (1 << count);
  }

  /** The same with the lowest bit first. */
  reverseTree(base: number, count: number): number {
    let symbol = 1;
    let value = 0;
    for (let shift = 0; shift < count; shift++) {
      const bit = this.bit(base + symbol);
      symbol = (symbol << 1) | bit;
      value |= bit << shift;
    }
    return value;
  }

  /** `count` bits that are all equally likely. */
  direct(count: number): number {
    const registers = this.#registers;
    let value = 0;
    for (let left = count; left > 0; left--) {
      const range = (registers[0] as number) >>> 1; // as in bit()
      const code = registers[1] as number; // as in bit()
      const bit = (code ^ SIGN) < (range ^ SIGN) ? 0 : 1;
      value = (value << 1) | bit;
      this.#normalise(range, bit === 0 ? code : code - range);
    }
    return value;
  }

  #normalise(range: number, code: number): void {
    const registers = this.#registers;
    if (range >>> 24 === 0) {
      registers[0] = range << 8;
      // Behind the end of the input zeros are read; isOverrun tells.
      registers[1] = (code << 8) | (this.#input[this.#position++] ?? 0);
    } else {
      registers[0] = range;
      registers[1] = code;
    }
  }
}
