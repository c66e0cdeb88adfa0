import { gzipSync } from "node:zlib";
import type { CopiedRow, Value } from "../rows-store.ts";

/** What a subject was at a time. */
export interface Image {
  subject: string;
  key: readonly Value[];
  /** Its rows by table. None: it was not there. */
  rows: Readonly<Record<string, readonly CopiedRow[]>>;
}

/** As it is written. */
interface Line {
  s: string;
  k: readonly Value[];
  r: Image["rows"];
}

const encoder = new TextEncoder();

const lineOf = ({ subject, key, rows }: Image): string =>
  JSON.stringify({ s: subject, k: key, r: rows } satisfies Line);

/** Images as an object of the bucket has them. */
export const packed = (images: readonly Image[]): Uint8Array =>
  new Uint8Array(gzipSync(encoder.encode(images.map((image) => `${lineOf(image)}\n`).join(""))));

function imageOf(text: string): Image {
  const { s, k, r } = JSON.parse(text) as Line; // only `packed` writes them
  return { subject: s, key: k, rows: r };
}

/** The images in an object, one after the other. */
export async function* unpacked(body: ReadableStream<Uint8Array>): AsyncGenerator<Image> {
  const text = body
    .pipeThrough(new DecompressionStream("gzip") as ReadableWritablePair<Uint8Array, Uint8Array>)
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>);
  let begun = "";
  for await (const piece of text) {
    const lines = (begun + piece).split("\n");
    begun = lines.pop() ?? "";
    for (const line of lines) yield imageOf(line);
  }
  if (begun !== "") throw new Error("the last line has no end");
}
