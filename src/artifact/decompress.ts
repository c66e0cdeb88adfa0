import type { Transform } from "node:stream";
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import { type ByteSource, EMPTY_BYTES, readInto, StreamFault, truncated } from "./bytes.ts";
import type { UnpackBudget } from "./unpack-budget.ts";
import { xzDecoder } from "./xz.ts";

export type Encoding = "none" | "gzip" | "xz" | "zstd";

/** A decoder stops reading its source once it is closed. */
export type Decoder = ByteSource & { close: () => Promise<void> };

/** Windows and dictionaries above this are refused: an isolate has 128 MiB in all. */
const MAX_WINDOW_BYTES = 64 * 1024 * 1024;
const MAX_WINDOW_LOG = 26;
const OUTPUT_CHUNK_BYTES = 64 * 1024;
const INPUT_CHUNK_BYTES = 16 * 1024;

export function encodingOf(fileName: string): Encoding {
  if (fileName.endsWith(".gz")) return "gzip";
  if (fileName.endsWith(".xz")) return "xz";
  if (fileName.endsWith(".zst")) return "zstd";
  return "none";
}

export function decoder(encoding: Encoding, packed: ByteSource, budget: UnpackBudget): Decoder {
  switch (encoding) {
    case "none":
      return { fill: () => packed.fill(), take: (max) => packed.take(max), close: async () => {} };
    case "gzip":
      return guarded(packed, budget, (source) => new ZlibDecoder(source, gunzip()));
    case "zstd":
      return guarded(packed, budget, (source) => new ZlibDecoder(source, unzstd()));
    case "xz":
      return guarded(packed, budget, (source) => xzDecoder(source, MAX_WINDOW_BYTES, budget.pace));
  }
}

const gunzip = (): Transform => createGunzip({ chunkSize: OUTPUT_CHUNK_BYTES });
const unzstd = (): Transform =>
  createZstdDecompress({
    chunkSize: OUTPUT_CHUNK_BYTES,
    params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
  });

function guarded(packed: ByteSource, budget: UnpackBudget, open: (source: ByteSource) => Decoder): Decoder {
  const { pace } = budget;
  const inner = open({
    fill: () => packed.fill(),
    take(maxBytes) {
      const view = packed.take(maxBytes);
      budget.addPacked(view.length);
      return view;
    },
  });
  return {
    fill: () => (pace.isDue ? pace.rest().then(() => inner.fill()) : inner.fill()),
    take(maxBytes) {
      const view = inner.take(maxBytes);
      budget.addUnpacked(view.length);
      return view;
    },
    close: () => inner.close(),
  };
}

/**
 * Pulls from a zlib stream in step with its consumer: one write at a time, output chunk by chunk.
 * Writes have one fixed size, because on an error zlib withholds what it made of the same write:
 * how a sender cut the file must not decide what is found in it.
 */
class ZlibDecoder implements Decoder {
  readonly #source: ByteSource;
  readonly #stream: Transform;
  readonly #input = new Uint8Array(INPUT_CHUNK_BYTES);
  #chunk: Uint8Array = EMPTY_BYTES;
  #isWriting = false;
  #isFinished = false;
  #isEnded = false;
  #error: unknown = null;
  #wake: () => void = () => {};

  constructor(source: ByteSource, stream: Transform) {
    this.#source = source;
    this.#stream = stream;
    stream.on("readable", () => this.#wake());
    stream.on("end", () => {
      this.#isEnded = true;
      this.#wake();
    });
    stream.on("error", (error) => {
      this.#error = error;
      this.#wake();
    });
  }

  fill(): boolean | Promise<boolean> {
    return this.#chunk.length > 0 || this.#pull();
  }

  take(maxBytes: number): Uint8Array {
    const view = this.#chunk.subarray(0, maxBytes);
    this.#chunk = this.#chunk.subarray(view.length);
    return view;
  }

  async close(): Promise<void> {
    this.#stream.destroy();
  }

  async #pull(): Promise<boolean> {
    for (;;) {
      // A zlib stream without an encoding only ever yields buffers.
      const chunk = this.#stream.read() as Uint8Array | null;
      if (chunk !== null) {
        this.#chunk = chunk;
        return true;
      }
      if (this.#error !== null) throw this.#fault();
      if (this.#isEnded) return false;
      if (this.#isWriting || this.#isFinished) await this.#woken();
      else await this.#feed();
    }
  }

  async #feed(): Promise<void> {
    const filled = await readInto(this.#source, this.#input);
    if (filled === 0) {
      this.#isFinished = true;
      this.#stream.end();
      return;
    }
    this.#isWriting = true;
    this.#stream.write(this.#input.subarray(0, filled), () => {
      this.#isWriting = false;
      this.#wake();
    });
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #fault(): StreamFault {
    if (isWindowTooLarge(this.#error)) {
      return new StreamFault("limit", `zstd window of more than ${MAX_WINDOW_BYTES} bytes`);
    }
    return this.#isFinished ? truncated() : new StreamFault("corrupt", "invalid compressed data");
  }
}

/** The library's own words; the runtimes have no error code in common. */
const isWindowTooLarge = (error: unknown): boolean =>
  error instanceof Error && error.message.includes("Frame requires too much memory");
