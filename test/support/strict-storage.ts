import { OBJECT, STORAGE } from "../../src/platform/limits.ts";

const instead = <T extends object>(of: T, methods: Record<string, unknown>): T =>
  new Proxy(of, {
    get: (target, name) => {
      const own = typeof name === "string" ? methods[name] : undefined;
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

/** A bucket that refuses what the platform refuses. */
export const strictBucket = (bucket: R2Bucket): R2Bucket =>
  instead(bucket, {
    delete: async (keys: string | string[]) => {
      if ([keys].flat().length > STORAGE.keysAtOnce) throw new Error("too many keys");
      await bucket.delete(keys);
    },
  });

/** What the platform adds to bytes is far less. */
const ADDED_BYTES = 100;

const sizeOf = (value: unknown): number =>
  value instanceof Uint8Array ? value.byteLength + ADDED_BYTES : JSON.stringify(value).length;

type Writing = Pick<DurableObjectTransaction, "put" | "delete">;

/** The largest entry and the longest list of keys that were given to the storage of an object. */
export class Given {
  entryBytes = 0;
  keys = 0;
}

const writingOf = <T extends Writing>(storage: T, given: Given): T =>
  instead(storage, {
    put: (key: string, value: unknown, options?: DurableObjectPutOptions) => {
      given.entryBytes = Math.max(given.entryBytes, Buffer.byteLength(key) + sizeOf(value));
      if (given.entryBytes > OBJECT.valueBytes) throw new Error("the value is too large");
      return storage.put(key, value, options);
    },
    delete: (keys: string[] | string) => {
      given.keys = Math.max(given.keys, [keys].flat().length);
      if (given.keys > OBJECT.keysAtOnce) throw new Error("too many keys");
      return storage.delete([keys].flat());
    },
  });

/** The storage of an object that refuses what the platform refuses, and remembers what it was given. */
export const strictStorage = (storage: DurableObjectStorage, given: Given): DurableObjectStorage => {
  const begin = storage.transaction.bind(storage);
  return instead(writingOf(storage, given), {
    transaction: (work: (transaction: DurableObjectTransaction) => Promise<unknown>) =>
      begin((transaction) => work(writingOf(transaction, given))),
  });
};
