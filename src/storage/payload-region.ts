import { createHash } from "node:crypto";
import { BLOCK_BYTES, decodeTarHeader, paddingOf, type TarHeader } from "../artifact/tar-header.ts";
import type { Payload } from "./store.ts";

const DATA_ENTRY = /^data\/\d{4}\.tar(\.\w+)?$/;
const PLAIN_TYPES = new Set(["0", "7"]);

/**
 * Finds the one payload entry of an artifact that passes by and hashes its stored bytes. It judges nothing: what it
 * does not understand, or an artifact with several payloads, has no region to share.
 */
export class PayloadRegion {
  readonly #hash = createHash("sha256");
  readonly #header = new Uint8Array(BLOCK_BYTES);
  #headerFill = 0;
  #position = 0;
  #contentLeft = 0;
  #skipLeft = 0;
  #region: { offset: number; size: number } | undefined;
  #isLost = false;

  update(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.length && !this.#isLost) {
      const taken = this.#step(chunk.subarray(offset));
      offset += taken;
      this.#position += taken;
    }
  }

  payload(): Payload | undefined {
    if (this.#isLost || !this.#region || this.#contentLeft > 0) return undefined;
    return { ...this.#region, sha256: this.#hash.digest("hex") };
  }

  #step(rest: Uint8Array): number {
    if (this.#contentLeft > 0) {
      const piece = rest.subarray(0, this.#contentLeft);
      this.#hash.update(piece);
      this.#contentLeft -= piece.length;
      return piece.length;
    }
    if (this.#skipLeft > 0) {
      const skipped = Math.min(rest.length, this.#skipLeft);
      this.#skipLeft -= skipped;
      return skipped;
    }
    const piece = rest.subarray(0, BLOCK_BYTES - this.#headerFill);
    this.#header.set(piece, this.#headerFill);
    this.#headerFill += piece.length;
    if (this.#headerFill === BLOCK_BYTES) {
      this.#headerFill = 0;
      this.#enter(this.#position + piece.length);
    }
    return piece.length;
  }

  #enter(contentOffset: number): void {
    const header = this.#decode();
    if (header === "end") {
      this.#skipLeft = Number.POSITIVE_INFINITY;
      return;
    }
    const isData = header !== undefined && DATA_ENTRY.test(header.name);
    if (!header || !PLAIN_TYPES.has(header.typeFlag) || (isData && this.#region)) {
      this.#isLost = true;
      return;
    }
    const { size } = header;
    if (isData) {
      this.#region = { offset: contentOffset, size };
      this.#contentLeft = size;
    }
    this.#skipLeft = paddingOf(size) + (isData ? 0 : size);
  }

  #decode(): TarHeader | "end" | undefined {
    if (this.#header.every((byte) => byte === 0)) return "end";
    try {
      return decodeTarHeader(this.#header);
    } catch {
      return undefined;
    }
  }
}
