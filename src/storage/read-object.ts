import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { streamChunks } from "./chunks.ts";

const RANGE_BYTES = 32 * 1024 * 1024;
const MAX_TRIES = 4;
/** Bytes after which others get their turn: what comes from storage nearby is always there before it is waited for. */
const TURN_BYTES = 4 * 1024 * 1024;

/**
 * The bytes of an object, read in ranges; a read that breaks off goes on where it stopped. Chunks are lent, each until
 * the next is asked for.
 */
export async function* readObject(deps: Deps, key: string, size: number): AsyncGenerator<Uint8Array, void> {
  let [offset, turnEnd] = [0, TURN_BYTES];
  for (let tries = 0; offset < size;) {
    const before = offset;
    try {
      const range = { offset, length: Math.min(RANGE_BYTES, size - offset) };
      const object = await deps.bucket.get(key, { range });
      if (!object) throw new Fault("not_found", "the stored file is gone");
      for await (const chunk of streamChunks(object.body, { lend: true, fill: true })) {
        offset += chunk.length;
        yield chunk;
        if (offset < turnEnd) continue;
        turnEnd = offset + TURN_BYTES;
        await scheduler.wait(0);
      }
      tries = 0;
    } catch (cause) {
      tries = offset > before ? 1 : tries + 1;
      if (tries >= MAX_TRIES || cause instanceof Fault) throw cause;
      deps.log.info("a read of an object broke off", { key, offset, cause });
    }
  }
}
