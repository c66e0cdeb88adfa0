import type { ByteSource } from "./bytes.ts";
import { StreamFault } from "./bytes.ts";

export function xzDecoder(_source: ByteSource, _maxDictionaryBytes: number): ByteSource & { close(): void } {
  throw new StreamFault("corrupt", "xz is not supported");
}
