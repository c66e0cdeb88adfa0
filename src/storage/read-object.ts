import { streamChunks } from "./chunks.ts";
import type { Deps } from "../platform/deps.ts";

const RANGE_BYTES = 32 * 1024 * 1024;
const MAX_TRIES = 4;

/** The bytes of an object, read in ranges; a read that breaks off goes on where it stopped. */
export async function* readObject(deps: Deps, key: string, size: number): AsyncGenerator<Uint8Array, void> {
  let offset = 0;
  for (let tries = 0; offset < size;) {
    const before = offset;
    try {
      const range = { offset, length: Math.min(RANGE_BYTES, size - offset) };
      const object = await deps.bucket.get(key, { range });
      if (!object) throw new Error(`object ${key} is gone`);
      for await (const chunk of streamChunks(object.body)) {
        offset += chunk.length;
        yield chunk;
      }
      tries = 0;
    } catch (cause) {
      tries = offset > before ? 1 : tries + 1;
      if (tries >= MAX_TRIES) throw cause;
      deps.log.info("a read of an object broke off", { key, offset, cause });
    }
  }
}
