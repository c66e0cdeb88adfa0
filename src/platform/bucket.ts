import { isAway } from "./database.ts";
import { Fault } from "./fault.ts";

/** R2 out of order or overrun, by the codes at the end of its messages. */
const AWAY = /\((10001|10043|10054|10058)\)$/;

function faultOf(cause: unknown): unknown {
  const isGone = isAway(cause) || (cause instanceof Error && AWAY.test(cause.message));
  if (!isGone) return cause;
  return new Fault("unavailable", "service unavailable", { cause, headers: { "Retry-After": "5" } });
}

/** The same object, whose methods tell that the storage is away as what a client may be told. */
const guarded = <T extends object>(target: T, wrap: (result: unknown) => unknown = (result) => result): T =>
  new Proxy(target, {
    get(inner, name) {
      const member: unknown = Reflect.get(inner, name, inner);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        const result: unknown = Reflect.apply(member, inner, args);
        if (!(result instanceof Promise)) return wrap(result);
        return result.then(wrap, (cause: unknown) => Promise.reject(faultOf(cause)));
      };
    },
  });

const isUpload = (result: unknown): result is R2MultipartUpload =>
  typeof result === "object" && result !== null && "uploadPart" in result;

export const guardedBucket = (bucket: R2Bucket): R2Bucket =>
  guarded(bucket, (result) => (isUpload(result) ? guarded(result) : result));
