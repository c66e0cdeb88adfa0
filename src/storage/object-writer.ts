import { Fault } from "../platform/fault.ts";
import { STORAGE } from "../platform/limits.ts";

export const ARTIFACT_TYPE = "application/vnd.mender-artifact";

/** Parts of an upload of unknown length. The storage wants all but the last of one size, at least 5 MiB. */
export const PART_BYTES = 8 * 1024 * 1024;

const httpMetadata = { contentType: ARTIFACT_TYPE };

export interface ObjectWriterOptions {
  /** Called with the id of an upload in parts before any byte is sent. */
  onMultipart: (multipartId: string) => Promise<void>;
  partBytes?: number;
}

const tooLong = (partBytes: number) =>
  new Fault("too_large", `an artifact may have at most ${STORAGE.parts * partBytes} bytes`);

/** Sends chunks to one object, holding at most two parts in memory; what fits into one part goes in a single put. */
export class ObjectWriter {
  readonly #bucket: R2Bucket;
  readonly #key: string;
  readonly #options: ObjectWriterOptions;
  readonly #partBytes: number;
  #buffer: Uint8Array<ArrayBuffer>;
  #fill = 0;
  #spare: Uint8Array<ArrayBuffer> | undefined;
  #multipart: R2MultipartUpload | undefined;
  readonly #parts: R2UploadedPart[] = [];
  #inFlight: Promise<void> = Promise.resolve();
  #size = 0;

  constructor(bucket: R2Bucket, key: string, options: ObjectWriterOptions) {
    this.#bucket = bucket;
    this.#key = key;
    this.#options = options;
    this.#partBytes = options.partBytes ?? PART_BYTES;
    this.#buffer = new Uint8Array(Math.min(this.#partBytes, 64 * 1024));
  }

  get size(): number {
    return this.#size;
  }

  /** Copies the chunk; resolves when there is room for more. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#buffer.length === 0) throw new Error("the writer has ended");
    for (let offset = 0; offset < chunk.length;) {
      if (this.#fill === this.#buffer.length && !this.#grow()) await this.#sendPart();
      const piece = chunk.subarray(offset, offset + this.#buffer.length - this.#fill);
      this.#buffer.set(piece, this.#fill);
      this.#fill += piece.length;
      offset += piece.length;
    }
    this.#size += chunk.length;
  }

  /** Completes the object; resolves when the storage has confirmed it. */
  async finish(): Promise<{ size: number }> {
    if (!this.#multipart) {
      await this.#bucket.put(this.#key, this.#buffer.subarray(0, this.#fill), { httpMetadata });
    } else {
      if (this.#fill > 0) await this.#sendPart();
      await this.#inFlight;
      await this.#multipart.complete(this.#parts);
    }
    this.#release();
    return { size: this.#size };
  }

  /** Waits until nothing of this writer is on its way any more. Nothing can be written after that. */
  async settle(): Promise<void> {
    await this.#inFlight.catch(() => undefined);
    this.#release();
  }

  /** Gives the memory back at once: the collector would let the parts of several uploads add up. */
  #release(): void {
    for (const part of [this.#buffer, this.#spare]) part?.buffer.transfer(0);
    this.#buffer = new Uint8Array();
    this.#spare = undefined;
    this.#fill = 0;
  }

  /** Small artifacts never take a whole part of memory. */
  #grow(): boolean {
    if (this.#buffer.length === this.#partBytes) return false;
    const { buffer, length } = this.#buffer;
    this.#buffer = new Uint8Array(buffer.transfer(Math.min(length * 4, this.#partBytes)));
    return true;
  }

  async #sendPart(): Promise<void> {
    const multipart = (this.#multipart ??= await this.#start());
    await this.#inFlight;
    const [sent, bytes] = [this.#buffer, this.#buffer.subarray(0, this.#fill)];
    const number = this.#parts.length + 1;
    if (number > STORAGE.parts) throw tooLong(this.#partBytes);
    this.#inFlight = multipart.uploadPart(number, bytes).then((part) => {
      this.#parts.push(part);
      this.#spare = sent;
    });
    // A refusal is reported by the next `await` of it; until then it is not unhandled.
    this.#inFlight.catch(() => undefined);
    this.#buffer = this.#spare ?? new Uint8Array(this.#partBytes);
    this.#spare = undefined;
    this.#fill = 0;
  }

  async #start(): Promise<R2MultipartUpload> {
    const multipart = await this.#bucket.createMultipartUpload(this.#key, { httpMetadata });
    await this.#options.onMultipart(multipart.uploadId);
    return multipart;
  }
}
