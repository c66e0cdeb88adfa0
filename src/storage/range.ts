export interface ByteRange {
  first: number;
  last: number;
}

/** What a Range header asks of a body of this size (protocol notes, storage 6). Several ranges are not honoured. */
export type RangeRequest = { kind: "whole" } | { kind: "part"; range: ByteRange } | { kind: "unsatisfiable" };

const SINGLE_RANGE = /^bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i;

/** Longer ones name several ranges, or nothing. */
const MAX_RANGE_LENGTH = 100;

export function readRange(header: string | undefined, size: number): RangeRequest {
  const match = header === undefined || header.length > MAX_RANGE_LENGTH ? null : SINGLE_RANGE.exec(header);
  const [, first = "", last = ""] = match ?? [];
  if (first === "" && last === "") return { kind: "whole" };
  if (first === "") {
    const length = Math.min(Number(last), size);
    if (length === 0) return { kind: "unsatisfiable" };
    return { kind: "part", range: { first: size - length, last: size - 1 } };
  }
  // A range that ends before it starts is no range at all.
  if (last !== "" && Number(last) < Number(first)) return { kind: "whole" };
  if (Number(first) >= size) return { kind: "unsatisfiable" };
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return { kind: "part", range: { first: Number(first), last: end } };
}
