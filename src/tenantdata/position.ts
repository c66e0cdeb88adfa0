import { SECTIONS, noSum, type Stored, type Sum } from "./archive-format.ts";
import type { Value } from "./rows-store.ts";

/** An object of which a part of the bytes is in the archive. */
export interface Cut extends Stored {
  etag: string;
  offset: number;
  pieces: number;
}

/** Where an archive that is being written goes on. */
export interface Position {
  /** Sections that are complete. */
  done: Sum[];
  /** What the section under way comes to so far. */
  sum: Sum;
  pages: number;
  /** Key of the last row, or id of the last device, of the section under way. */
  after: Value[] | null;
  /** In which folder of the tenant the objects are looked for, and after which key. */
  folder: number;
  afterKey: string | null;
  cut: Cut | null;
}

const sectionStart = (done: Sum[]) => ({
  done,
  sum: noSum(SECTIONS[done.length] ?? ""),
  pages: 0,
  after: null,
});

export const START: Position = { ...sectionStart([]), folder: 0, afterKey: null, cut: null };

/** The name of the section under way; undefined at the end. */
export const sectionOf = ({ done }: Position): string | undefined => SECTIONS[done.length];

/** The position at the beginning of the next section. */
export const withSectionDone = (position: Position): Position => ({
  ...position,
  ...sectionStart([...position.done, position.sum]),
});

export const linesOf = ({ done, sum }: Position): number =>
  [...done, sum].reduce((total, { lines }) => total + lines, 0);
