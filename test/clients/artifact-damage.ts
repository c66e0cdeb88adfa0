import { resummed } from "../support/artifact-samples.ts";
import type { Case } from "./artifact-cases.ts";

const BLOCK = 512;
const NAME_BYTES = 100;

type OuterEntry = { name: string; bytes: Buffer };

/** Of a file as the tool writes it. */
function outerEntries(content: Buffer): OuterEntry[] {
  const entries: OuterEntry[] = [];
  for (let start = 0; content[start] !== 0 && start < content.length;) {
    const name = content.toString("latin1", start, start + 100).replace(/\0.*$/s, "");
    const size = Number.parseInt(content.toString("latin1", start + 124, start + 135), 8);
    const end = start + BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    entries.push({ name, bytes: content.subarray(start, end) });
    start = end;
  }
  return entries;
}

const joined = (entries: OuterEntry[]): Buffer =>
  Buffer.concat([...entries.map((entry) => entry.bytes), Buffer.alloc(2 * BLOCK)]);

/** The same numbers in every run. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }
}

export type Original = { name: string; content: Buffer };

export function truncated({ name, content }: Original, count: number): Case[] {
  return Array.from({ length: count }, (_, index) => {
    const length = Math.round((content.length / count) * index);
    return { title: `${name}, cut to ${length} bytes`, content: content.subarray(0, length) };
  });
}

export function reordered({ name, content }: Original): Case[] {
  const entries = outerEntries(content);
  return entries.slice(1).map((entry, index) => {
    const swapped = entries.with(index, entry).with(index + 1, entries[index]!);
    return { title: `${name}, ${entry.name} before ${entries[index]!.name}`, content: joined(swapped) };
  });
}

export function duplicated({ name, content }: Original): Case[] {
  const entries = outerEntries(content);
  return entries.flatMap((entry, index) => [
    { title: `${name}, ${entry.name} twice`, content: joined(entries.toSpliced(index, 0, entry)) },
    { title: `${name}, ${entry.name} again at the end`, content: joined([...entries, entry]) },
    { title: `${name}, without ${entry.name}`, content: joined(entries.toSpliced(index, 1)) },
  ]);
}

export function corrupted({ name, content }: Original, count: number, dice: Dice): Case[] {
  return Array.from({ length: count }, () => {
    const bit = dice.below(content.length * 8);
    const changed = Buffer.from(content);
    changed[bit >>> 3]! ^= 1 << (bit & 7);
    return { title: `${name}, bit ${bit} changed`, content: changed };
  });
}

/**
 * One byte of one tar header, the checksum right again. Names are left alone and entries stay
 * entries with content: the tool matches names by their beginnings and reads links as files.
 */
export function withHostileHeader({ name, content }: Original, count: number, dice: Dice): Case[] {
  const entries = outerEntries(content);
  return Array.from({ length: count }, () => {
    const index = dice.below(entries.length);
    const offset = NAME_BYTES + dice.below(BLOCK - NAME_BYTES);
    const kinds = "0\u00007xgLKADVMN";
    const byte = offset === 156 ? kinds.charCodeAt(dice.below(kinds.length)) : dice.below(256);
    const changed = entries.map((entry) => ({ ...entry, bytes: Buffer.from(entry.bytes) }));
    const header = changed[index]!.bytes.subarray(0, BLOCK);
    header[offset] = byte;
    resummed(header);
    return {
      title: `${name}, byte ${offset} of ${entries[index]!.name}'s tar header is ${byte}`,
      content: joined(changed),
    };
  });
}
