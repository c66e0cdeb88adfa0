import type { Size } from "./size.ts";

/** Something that was seen so many seconds after the beginning. */
export interface Moment {
  atS: number;
  output?: string;
  size?: Size;
}

export interface Cast {
  size: Size;
  moments: readonly Moment[];
  lengthS: number;
}

const DEFAULT: Size = { cols: 80, rows: 40 };
const SIZE = /^(\d{1,4})x(\d{1,4})$/;

/** A silence is played no longer than this. */
const PATIENCE_S = 2;

function momentOf(line: string): Moment | undefined {
  const [atS, kind, data] = JSON.parse(line) as unknown[];
  if (typeof atS !== "number" || typeof data !== "string") return undefined;
  if (kind === "o") return { atS, output: data };
  const [, cols, rows] = (kind === "r" && SIZE.exec(data)) || [];
  return cols && rows ? { atS, size: { cols: Number(cols), rows: Number(rows) } } : undefined;
}

/** A recording as asciicast v2 writes it, with its silences cut short. */
export function readCast(text: string): Cast {
  const [head = "{}", ...lines] = text.split("\n").filter((line) => line !== "");
  const { width, height } = JSON.parse(head) as { width?: number; height?: number };
  let [cutS, lastS] = [0, 0];
  const moments = lines.flatMap((line) => {
    const moment = momentOf(line);
    if (!moment) return [];
    cutS += Math.max(0, moment.atS - lastS - PATIENCE_S);
    lastS = moment.atS;
    return [{ ...moment, atS: moment.atS - cutS }];
  });
  return {
    size: { cols: width || DEFAULT.cols, rows: height || DEFAULT.rows },
    moments,
    lengthS: moments.at(-1)?.atS ?? 0,
  };
}
