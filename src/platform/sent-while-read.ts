import type { Deps } from "./deps.ts";
import type { Settings } from "./env.ts";
import { Fault } from "./fault.ts";
import type { TenantId } from "./ids.ts";

/** Answers of one tenant at once, in an isolate, that are read from the database while they are sent. Each holds a piece. */
export const SENT_AT_ONCE = 16;
/** A client takes the next piece, of at most a megabyte or so, within this time, or its answer breaks off. */
export const STALLED_MS = 120_000;

interface Sending {
  tenant: TenantId;
  /** When its client last took something. */
  takenMs: number;
}

// They belong to an isolate and its bindings; losing them is harmless.
const underWay = new WeakMap<Settings, Set<Sending>>();

function sendingsOf(settings: Settings): Set<Sending> {
  const known = underWay.get(settings) ?? new Set();
  underWay.set(settings, known);
  return known;
}

type SendDeps = Pick<Deps, "settings" | "now" | "after">;

/** Takes one of the tenant's places. One whose client went away unseen is free again after a while. */
function begin({ settings, now }: SendDeps, tenant: TenantId): Sending & Disposable {
  const sendings = sendingsOf(settings);
  for (const other of sendings) if (now() - other.takenMs >= STALLED_MS) sendings.delete(other);
  if ([...sendings].filter((other) => other.tenant === tenant).length >= SENT_AT_ONCE) {
    const headers = { "Retry-After": String(STALLED_MS / 1000) };
    throw new Fault("rate_limited", "too many answers are being sent", { headers });
  }
  const sending = { tenant, takenMs: now(), [Symbol.dispose]: () => void sendings.delete(sending) };
  sendings.add(sending);
  return sending;
}

/** Has an answer that is read while it is sent hold one of its tenant's places, until it ends or its client takes no more. */
export async function sendWhileRead(
  deps: SendDeps,
  tenant: TenantId,
  read: () => ReadableStream<Uint8Array> | Promise<ReadableStream<Uint8Array>>,
): Promise<ReadableStream<Uint8Array>> {
  const sending = begin(deps, tenant);
  try {
    return held(deps, sending, (await read()).getReader());
  } catch (cause) {
    sending[Symbol.dispose]();
    throw cause;
  }
}

function held(
  { now, after }: SendDeps,
  sending: Sending & Disposable,
  source: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  const ended = new AbortController();
  const end = () => {
    ended.abort();
    sending[Symbol.dispose]();
  };
  const watch = (giveUp: () => Promise<void>) => {
    const look = async () => {
      if (ended.signal.aborted) return;
      if (now() - sending.takenMs < STALLED_MS) return watch(giveUp);
      return giveUp();
    };
    after(STALLED_MS, look, ended.signal);
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        watch(async () => {
          end();
          controller.error(new Error("the client takes no more of the answer"));
          await source.cancel();
        });
      },
      async pull(controller) {
        sending.takenMs = now();
        try {
          const { done, value } = await source.read();
          sending.takenMs = now();
          if (!done) return controller.enqueue(value);
          end();
          controller.close();
        } catch (cause) {
          end();
          throw cause;
        }
      },
      async cancel(reason) {
        end();
        await source.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
