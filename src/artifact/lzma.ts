import type { Dictionary } from "./dictionary.ts";
import { RangeDecoder } from "./range-decoder.ts";

// Where each table of probabilities begins.
const IS_MATCH = 0;
const IS_REP = IS_MATCH + 12 * 16;
const IS_REP0 = IS_REP + 12;
const IS_REP1 = IS_REP0 + 12;
const IS_REP2 = IS_REP1 + 12;
const IS_REP0_LONG = IS_REP2 + 12;
const DISTANCE_SLOT = IS_REP0_LONG + 12 * 16;
const DISTANCE_SPECIAL = DISTANCE_SLOT + 4 * 64;
const DISTANCE_ALIGN = DISTANCE_SPECIAL + 128;
const MATCH_LENGTH = DISTANCE_ALIGN + 16;
const LENGTH_TABLE_SIZE = 2 + 16 * 8 * 2 + 256;
const REP_LENGTH = MATCH_LENGTH + LENGTH_TABLE_SIZE;
const LITERAL = REP_LENGTH + LENGTH_TABLE_SIZE;
const LITERAL_TABLE_SIZE = 0x300;
const MAX_LITERAL_BITS = 4;
const PROBABILITY_COUNT = LITERAL + (LITERAL_TABLE_SIZE << MAX_LITERAL_BITS);

const MIN_MATCH_LENGTH = 2;
const FIRST_MODEL_SLOT = 4;
const FIRST_DIRECT_SLOT = 14;
/** Below this the last symbol was a literal. */
const AFTER_MATCH_STATE = 7;
const MAX_PROPERTIES = (4 * 5 + 4) * 9 + 8;

/** Decodes the LZMA symbols of one chunk after the other into a dictionary. */
export class LzmaDecoder {
  readonly #range = new RangeDecoder(PROBABILITY_COUNT);
  readonly #dictionary: Dictionary;
  #literalContextBits = 0;
  #literalPositionMask = 0;
  #positionMask = 0;
  #state = 0;
  #rep0 = 0;
  #rep1 = 0;
  #rep2 = 0;
  #rep3 = 0;
  /** What is left of a match that did not fit. */
  #pending = 0;
  #symbols = 0;

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary;
  }

  /** False if the byte is not one that LZMA2 allows. */
  setProperties(byte: number): boolean {
    if (byte > MAX_PROPERTIES) return false;
    const contextBits = byte % 9;
    const positionBits = Math.floor(byte / 9) % 5;
    if (contextBits + positionBits > MAX_LITERAL_BITS) return false;
    this.#literalContextBits = contextBits;
    this.#literalPositionMask = (1 << positionBits) - 1;
    this.#positionMask = (1 << Math.floor(byte / 45)) - 1;
    return true;
  }

  resetState(): void {
    this.#range.forget();
    this.#state = 0;
    this.#rep0 = this.#rep1 = this.#rep2 = this.#rep3 = 0;
    this.#pending = 0;
  }

  start(chunk: Uint8Array): boolean {
    return this.#range.start(chunk);
  }

  /** True if the chunk ended exactly where its symbols did. */
  get isFinished(): boolean {
    return this.#range.isFinished && this.#pending === 0;
  }

  /** Symbols decoded since the last call: what the time goes into. */
  takeSymbols(): number {
    const symbols = this.#symbols;
    this.#symbols = 0;
    return symbols;
  }

  /** Writes exactly `length` bytes; false if the input is corrupt. */
  decode(length: number): boolean {
    const end = this.#dictionary.position + length;
    if (!this.#copyPending(end)) return false;
    while (this.#dictionary.position < end) {
      this.#symbols++;
      const position = this.#dictionary.position & this.#positionMask;
      if (this.#range.bit(IS_MATCH + this.#state * 16 + position) === 0) {
        this.#literal();
        continue;
      }
      if (this.#range.bit(IS_REP + this.#state) === 0) this.#match(position);
      else this.#repeat(position);
      if (this.#range.isOverrun || !this.#copyPending(end)) return false;
    }
    return !this.#range.isOverrun;
  }

  #copyPending(end: number): boolean {
    if (this.#pending === 0) return true;
    const length = Math.min(this.#pending, end - this.#dictionary.position);
    this.#pending -= length;
    return this.#dictionary.copy(this.#rep0, length);
  }

  #literal(): void {
    const dictionary = this.#dictionary;
    const context =
      ((dictionary.position & this.#literalPositionMask) << this.#literalContextBits) +
      (dictionary.byteBack(0) >>> (8 - this.#literalContextBits));
    const base = LITERAL + LITERAL_TABLE_SIZE * context;
    const state = this.#state;
    let symbol = 1;
    if (state < AFTER_MATCH_STATE) {
      while (symbol < 0x100) symbol = (symbol << 1) | this.#range.bit(base + symbol);
    } else symbol = this.#literalAfterMatch(base);
    dictionary.put(symbol & 0xff);
    this.#state = state <= 3 ? 0 : state <= 9 ? state - 3 : state - 6;
  }

  /** What follows a match is likely not what follows its source. */
  #literalAfterMatch(base: number): number {
    let matched = this.#dictionary.byteBack(this.#rep0) << 1;
    let offset = 0x100;
    let symbol = 1;
    while (symbol < 0x100) {
      const matchedBit = matched & offset;
      matched <<= 1;
      const bit = this.#range.bit(base + offset + matchedBit + symbol);
      symbol = (symbol << 1) | bit;
      offset &= bit === 1 ? matchedBit : ~matchedBit;
    }
    return symbol;
  }

  #match(position: number): void {
    this.#state = this.#state < AFTER_MATCH_STATE ? 7 : 10;
    this.#rep3 = this.#rep2;
    this.#rep2 = this.#rep1;
    this.#rep1 = this.#rep0;
    this.#pending = this.#length(MATCH_LENGTH, position);
    const lengthClass = Math.min(this.#pending - MIN_MATCH_LENGTH, 3);
    this.#rep0 = this.#distance(DISTANCE_SLOT + lengthClass * 64);
  }

  /** May turn out negative for distances that no dictionary has; copying then fails. */
  #distance(slotTable: number): number {
    const slot = this.#range.tree(slotTable, 6);
    if (slot < FIRST_MODEL_SLOT) return slot;
    const bits = (slot >>> 1) - 1;
    const base = (2 | (slot & 1)) << bits;
    if (slot < FIRST_DIRECT_SLOT) {
      return base + this.#range.reverseTree(DISTANCE_SPECIAL + base - slot - 1, bits);
    }
    return base + (this.#range.direct(bits - 4) << 4) + this.#range.reverseTree(DISTANCE_ALIGN, 4);
  }

  #repeat(position: number): void {
    const wasLiteral = this.#state < AFTER_MATCH_STATE;
    if (this.#range.bit(IS_REP0 + this.#state) === 1) this.#pickDistance();
    else if (this.#range.bit(IS_REP0_LONG + this.#state * 16 + position) === 0) {
      this.#state = wasLiteral ? 9 : 11;
      this.#pending = 1;
      return;
    }
    this.#state = wasLiteral ? 8 : 11;
    this.#pending = this.#length(REP_LENGTH, position);
  }

  /** Moves one of the older distances to the front. */
  #pickDistance(): void {
    let distance = this.#rep1;
    if (this.#range.bit(IS_REP1 + this.#state) === 1) {
      distance = this.#rep2;
      if (this.#range.bit(IS_REP2 + this.#state) === 1) {
        distance = this.#rep3;
        this.#rep3 = this.#rep2;
      }
      this.#rep2 = this.#rep1;
    }
    this.#rep1 = this.#rep0;
    this.#rep0 = distance;
  }

  #length(table: number, position: number): number {
    const range = this.#range;
    if (range.bit(table) === 0) return MIN_MATCH_LENGTH + range.tree(table + 2 + position * 8, 3);
    if (range.bit(table + 1) === 0) {
      return MIN_MATCH_LENGTH + 8 + range.tree(table + 2 + 128 + position * 8, 3);
    }
    return MIN_MATCH_LENGTH + 16 + range.tree(table + 2 + 256, 8);
  }
}
