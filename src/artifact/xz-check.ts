import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { Crc64 } from "./crc64.ts";

/** The integrity check of a block; null where its kind is not known. */
export type RunningCheck = {
  update: (bytes: Uint8Array) => void;
  digest: () => Uint8Array | null;
};

const CRC32 = 1;
const CRC64 = 4;
const SHA256 = 10;

/** The format fixes the length of every kind, known or not. */
export const checkBytes = (type: number): number => (type === 0 ? 0 : 4 * 2 ** Math.floor((type - 1) / 3));

export function runningCheck(type: number): RunningCheck {
  if (type === CRC32) return runningCrc32();
  if (type === CRC64) {
    const crc = new Crc64();
    return { update: (bytes) => crc.update(bytes), digest: () => crc.digest() };
  }
  if (type === SHA256) {
    const hash = createHash("sha256");
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
  }
  return { update: () => {}, digest: () => null };
}

function runningCrc32(): RunningCheck {
  let value = 0;
  return {
    update: (bytes) => {
      value = crc32(bytes, value);
    },
    digest: () => {
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setUint32(0, value, true);
      return bytes;
    },
  };
}
