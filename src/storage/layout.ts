import type { ByteRange } from "./range.ts";
import type { Payload } from "./store.ts";

/** A piece of an object. The bytes of an artifact are one or several pieces in order. */
export type Segment = readonly [key: string, offset: number, length: number];

export const wholeObject = (key: string, size: number): Segment[] => [[key, 0, size]];

/** An artifact whose payload lies in another object; what is around it was put together in `shell`. */
export function sharedLayout(
  shell: string,
  own: { size: number; payload: Payload },
  shared: { key: string; offset: number },
): Segment[] {
  const head = own.payload.offset;
  const tail = own.size - head - own.payload.size;
  const segments: Segment[] = [
    [shell, 0, head],
    [shared.key, shared.offset, own.payload.size],
    [shell, head, tail],
  ];
  return segments.filter(([, , length]) => length > 0);
}

/** The pieces that make up this range of the whole. */
export function cut(layout: readonly Segment[], { first, last }: ByteRange): Segment[] {
  const pieces: Segment[] = [];
  let position = 0;
  for (const [key, offset, length] of layout) {
    const from = Math.max(first - position, 0);
    const to = Math.min(last + 1 - position, length);
    if (from < to) pieces.push([key, offset + from, to - from]);
    position += length;
  }
  return pieces;
}

export const keysOf = (layout: readonly Segment[]): string[] => [...new Set(layout.map(([key]) => key))];
