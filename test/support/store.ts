import { reset } from "cloudflare:test";
import type { Env } from "../../src/platform/env.ts";
import type { StoredDatabase } from "./stored-database.ts";

const RESETS = 5;
const NOT_EMPTY = /already exists/;
/** Objects of earlier tests are left alone until so many tests have begun. */
const STARTS_OF_A_RESET = 50;
const KEYS_AT_ONCE = 1000;

/** The same thing, with a note of each call of one of these methods. */
const watching = <T extends object>(target: T, methods: readonly string[], note: () => void): T =>
  new Proxy(target, {
    get(inner, name) {
      const member: unknown = Reflect.get(inner, name, inner);
      if (typeof member !== "function") return member;
      if (methods.includes(String(name))) note();
      return member.bind(inner) as unknown;
    },
  });

/**
 * What a server keeps: its database, its bucket, its objects. To take it all away and make the tables again takes longer than
 * most tests, so that where it is enough only what is in the tables and the bucket is removed, and objects get other names.
 */
export class Store<E extends Env> {
  readonly #env: E;
  /** The bindings that the store must see used. */
  readonly watched: Pick<E, "ARTIFACTS" | "DEVICE_CONNECTION">;
  #hasSockets = false;
  #hasObjects = false;
  #starts = 0;
  readonly #databases: readonly StoredDatabase[];

  constructor(env: E, databases: readonly StoredDatabase[]) {
    this.#env = env;
    this.#databases = databases;
    this.watched = {
      ARTIFACTS: watching(env.ARTIFACTS, ["put", "createMultipartUpload"], () => (this.#hasObjects = true)),
      DEVICE_CONNECTION: watching(env.DEVICE_CONNECTION, ["get"], () => (this.#hasSockets = true)),
    };
    this.#nameObjects();
  }

  /** Whichever binding an object is found by, its name is another one for each test. */
  #nameObjects(): void {
    const namespaces = Object.getPrototypeOf(this.#env.TENANT_HEAD) as DurableObjectNamespace;
    const { idFromName } = namespaces;
    const nameOf = (name: string) => `${this.#starts} ${name}`;
    namespaces.idFromName = function (name) {
      return idFromName.call(this, nameOf(name));
    };
  }

  /** Everything as on a new server that was migrated. */
  async empty(migrate: () => Promise<readonly string[]>): Promise<void> {
    this.#starts += 1;
    const isQuick = !this.#hasSockets && this.#starts % STARTS_OF_A_RESET !== 0 && (await this.#removeAll());
    if (!isQuick) await this.#remake(migrate);
    this.#hasSockets = this.#hasObjects = false;
  }

  /** Tells whether that was enough. */
  async #removeAll(): Promise<boolean> {
    if (!this.#databases.every(({ isKnown }) => isKnown)) return false;
    if (this.#hasObjects) await this.#emptyBucket();
    for (const database of this.#databases) if (!(await database.removeAll())) return false;
    return true;
  }

  async #emptyBucket(): Promise<void> {
    const { ARTIFACTS } = this.#env;
    for (let isMore = true; isMore;) {
      const { objects, truncated } = await ARTIFACTS.list({ limit: KEYS_AT_ONCE });
      if (objects.length > 0) await ARTIFACTS.delete(objects.map(({ key }) => key));
      isMore = truncated;
    }
  }

  /** In a worker that runs several files, the first reset of a file is now and then without effect. */
  async #remake(migrate: () => Promise<readonly string[]>): Promise<void> {
    for (let tries = 1; ; tries++) {
      await reset();
      try {
        if (this.#databases.every(({ isKnown }) => isKnown))
          for (const database of this.#databases) await database.make();
        else {
          const applied = await migrate();
          for (const database of this.#databases) await database.learn(applied);
        }
        return;
      } catch (cause) {
        if (tries === RESETS || !NOT_EMPTY.test(String(cause))) throw cause;
      }
    }
  }
}
