import { Database, type Statement } from "../../src/platform/database.ts";
import type { Deps } from "../../src/platform/deps.ts";
import { env } from "./server.ts";

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

  constructor(moments: Moments, deps: Deps) {
    super(env.DB, deps.cost);
    this.#moments = moments;
  }

  override batch<const S extends readonly Statement<unknown>[]>(statements: S) {
    return this.#moments.around(() => super.batch(statements));
  }
}

/** Every method of the object with a moment before and after it, and of what its methods return. */
function crashing<T extends object>(moments: Moments, target: T, below: readonly string[] = []): T {
  return new Proxy(target, {
    get(inner, name) {
      const member: unknown = Reflect.get(inner, name, inner);
      if (typeof member !== "function") return member;
      return async (...args: unknown[]) => {
        const result: unknown = await moments.around(
          async () => Reflect.apply(member, inner, args) as unknown,
        );
        const goesOn = below.includes(String(name)) && typeof result === "object" && result !== null;
        return goesOn ? crashing(moments, result) : result;
      };
    },
  });
}

/** The dependencies of a process that stops at one of its moments. */
export function crashingDeps(deps: Deps, moments: Moments): Deps {
  const database = new CrashingDatabase(moments, deps);
  const { bucket, connections } = deps;
  return {
    ...deps,
    db: () => database,
    directory: database,
    bucket: crashing(moments, bucket, ["createMultipartUpload"]),
    connections: new Proxy(connections, {
      get(inner, name) {
        if (name !== "get") return Reflect.get(inner, name, inner).bind(inner);
        return (id: DurableObjectId) => crashing(moments, inner.get(id));
      },
    }),
    log: { info: () => {}, error: () => {} },
  };
}
