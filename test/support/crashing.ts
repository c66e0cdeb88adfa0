import { Database, type Statement } from "../../src/platform/database.ts";
import type { Deps } from "../../src/platform/deps.ts";

/** What ends a process that is stopped in the middle of its work. */
export class Crash extends Error {}

/**
 * Counts the moments before and after everything a process waits for, and stops it at one of them. From there on
 * nothing it tries has any effect, as with a process that is gone.
 */
export class Moments {
  count = 0;
  readonly #stopAt: number;

  constructor(stopAt = Number.POSITIVE_INFINITY) {
    this.#stopAt = stopAt;
  }

  pass(): void {
    this.count++;
    if (this.count >= this.#stopAt) throw new Crash("stopped");
  }

  async around<T>(work: () => Promise<T>): Promise<T> {
    this.pass();
    const result = await work();
    this.pass();
    return result;
  }
}

class CrashingDatabase extends Database {
  readonly #moments: Moments;

  constructor(moments: Moments, deps: Deps, d1: D1Database) {
    super(d1, deps.cost);
    this.#moments = moments;
  }

  override uncounted(): Database {
    return this;
  }

  override batch<const S extends readonly Statement<unknown>[]>(statements: S) {
    return this.#moments.around(() => super.batch(statements));
  }
}

/** Every method of the object with a moment before and after it. */
function crashing<T extends object>(moments: Moments, target: T): T {
  return new Proxy(target, {
    get(inner, name) {
      const member: unknown = Reflect.get(inner, name, inner);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) =>
        moments.around(async () => Reflect.apply(member, inner, args) as unknown);
    },
  });
}

const MOMENT_BYTES = 4 * 1024 * 1024;
const READ_BYTES = 64 * 1024;

/** A stream with a moment before every few mebibytes. */
function crashingStream(moments: Moments, body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = body.getReader({ mode: "byob" });
  let [passed, due] = [0, 0];
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      try {
        if (passed >= due) moments.pass();
      } catch (crash) {
        await reader.cancel();
        throw crash;
      }
      due = Math.max(due, passed + MOMENT_BYTES);
      const { done, value } = await reader.readAtLeast(READ_BYTES, new Uint8Array(READ_BYTES));
      if (!done) {
        passed += value.length;
        controller.enqueue(value);
        return;
      }
      controller.close();
      controller.byobRequest?.respond(0);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** Is told which uploads in parts were begun. */
export type OnMultipart = (upload: R2MultipartUpload) => void;

function crashingBucket(moments: Moments, bucket: R2Bucket, onMultipart: OnMultipart): R2Bucket {
  const counted = crashing(moments, bucket);
  return new Proxy(counted, {
    get(inner, name) {
      switch (name) {
        case "resumeMultipartUpload":
          // Begins nothing yet, so there is nothing to wait for.
          return (key: string, id: string) => crashing(moments, bucket.resumeMultipartUpload(key, id));
        case "createMultipartUpload":
          return async (key: string, options?: R2MultipartOptions) => {
            const upload = await moments.around(async () => {
              const begun = await bucket.createMultipartUpload(key, options);
              onMultipart(begun);
              return begun;
            });
            return crashing(moments, upload);
          };
        case "get":
          return async (key: string, options?: R2GetOptions) => {
            const object = await counted.get(key, options);
            if (!object) return object;
            const body = crashingStream(moments, object.body);
            const read = () => new Response(body);
            return {
              etag: object.etag,
              body,
              json: () => read().json(),
              text: () => read().text(),
              arrayBuffer: () => read().arrayBuffer(),
            };
          };
        default:
          return Reflect.get(inner, name, inner) as unknown;
      }
    },
  });
}

/** The dependencies of a process that stops at one of its moments. */
export function crashingDeps(deps: Deps, moments: Moments, onMultipart: OnMultipart = () => {}): Deps {
  const places = [...deps.homes.databases].map(([name, d1]) => ({
    name,
    d1,
    db: new CrashingDatabase(moments, deps, d1),
  }));
  const { bucket, connections } = deps;
  return {
    ...deps,
    db: () => places.at(-1)!.db,
    directory: places[0]!.db,
    databases: (which) => (which === "all" ? places : places.slice(-1)),
    bucket: crashingBucket(moments, bucket, onMultipart),
    connections: new Proxy(connections, {
      get(inner, name) {
        if (name !== "get") return Reflect.get(inner, name, inner).bind(inner);
        return (id: DurableObjectId) => crashing(moments, inner.get(id));
      },
    }),
    log: { info: () => {}, error: () => {} },
  };
}
