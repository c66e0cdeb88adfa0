import type { Context, MiddlewareHandler, Next } from "hono";
import { WorkBudget } from "../checkin/index.ts";
import type { DeviceClaim } from "../platform/actor.ts";
import type { AppEnv } from "../platform/app-env.ts";
import {
  BODY_WINDOW_MS,
  brokenOff,
  MIN_WINDOW_BYTES,
  RatedReads,
  tooSlow,
  type Clock,
} from "../platform/body-rate.ts";
import type { Deps } from "../platform/deps.ts";
import { settingsOf, type Env } from "../platform/env.ts";
import { Fault } from "../platform/fault.ts";
import { JSON_BODY_LIMIT } from "../platform/route.ts";
import { tooManyRequests } from "./rate-limit.ts";
import { WaitingBodies, type Share } from "./waiting-bodies.ts";

/** Bodies that are waited for at once in an isolate, by whom they are to come from. */
export const MAX_OF_DEVICE = 8;
export const MAX_OF_USER = 32;
export const MAX_OF_NETWORK = 64;
const MAX_OF_TENANT = 256;

interface Held {
  bodies: WaitingBodies;
  uploads: WorkBudget;
}

// They belong to an isolate and its bindings.
const held = new WeakMap<Env, Held>();

function heldIn(env: Env): Held {
  const known = held.get(env);
  if (known) return known;
  const uploads = new WorkBudget({ perSecond: 0, atOnce: settingsOf(env).TENANT_UPLOADS_AT_ONCE });
  const made = { bodies: new WaitingBodies(), uploads };
  held.set(env, made);
  return made;
}

export const sharesOfDevice = ({ tenant, device }: DeviceClaim): Share[] => [
  { holder: `device ${tenant} ${device}`, most: MAX_OF_DEVICE },
  { holder: `tenant ${tenant}`, most: MAX_OF_TENANT },
];

const holderOf = (network: string | undefined): string => `network ${network ?? ""}`;
const networkHolder = async ({ network }: Deps): Promise<string> => holderOf(await network());

export const sharesOfNetwork = (network: string | undefined): Share[] => [
  { holder: holderOf(network), most: MAX_OF_NETWORK },
];

async function sharesOf({ var: { caller, deps } }: Context<AppEnv>): Promise<Share[]> {
  if (!caller) return sharesOfNetwork(await deps.network());
  if (caller.kind === "operator") return [{ holder: "operator", most: MAX_OF_TENANT }];
  if (caller.kind === "device-claim") return sharesOfDevice(caller);
  return [
    { holder: `user ${caller.tenant} ${caller.user}`, most: MAX_OF_USER },
    { holder: `tenant ${caller.tenant}`, most: MAX_OF_TENANT },
  ];
}

const tooLarge = () => new Fault("too_large", "http: request body too large");

/** Requests whose body is in memory. */
export const hasWholeBody = new WeakSet<Request>();

/** Has the whole body of a request there before any work is begun for it; routes that take streams read theirs themselves. */
export const takeBody: MiddlewareHandler<AppEnv> = async (c, next) => {
  const rule = c.var.access?.body ?? { maxBytes: JSON_BODY_LIMIT };
  if (rule === "stream") return inShareOfUploads(c, next);
  const { url, method, headers, body } = c.req.raw;
  // No route reads one of a GET, and no request object can carry it on.
  const isTaken = !body || method === "GET" || method === "HEAD" || hasWholeBody.has(c.req.raw);
  if (!isTaken) {
    const declared = Number(headers.get("content-length") ?? NaN);
    if (declared > rule.maxBytes) throw tooLarge();
    const shares = () => sharesOf(c);
    const isSmall = declared < MIN_WINDOW_BYTES;
    const whole = isSmall
      ? await readSmall(c.req.raw.arrayBuffer(), c.env, c.var.deps, shares)
      : await readWhole(body, rule.maxBytes, c.env, c.var.deps, await shares());
    if (whole.byteLength > rule.maxBytes) throw tooLarge();
    c.req.raw = new Request(url, { method, headers, body: whole });
  }
  await next();
};

/** A link names no caller, so those who use one share by their address. */
async function inShareOfUploads({ env, var: { caller, deps } }: Context<AppEnv>, next: Next): Promise<void> {
  const tenant = caller && `tenant ${caller.kind === "operator" ? "" : caller.tenant}`;
  const begun = heldIn(env).uploads.begin(tenant ?? (await networkHolder(deps)), deps.now());
  if (!begun) throw tooManyRequests();
  const done = next().finally(begun.end);
  // The place of a client that goes away must become free as well: the platform drops what nobody keeps alive.
  deps.later(done.catch(() => undefined));
  return done;
}

/** Reads a body while its client keeps the rate and its share. */
async function readWhole(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
  env: Env,
  clock: Clock,
  shares: readonly Share[],
): Promise<Uint8Array> {
  const [{ bodies: all }, reads] = [heldIn(env), new RatedReads<Uint8Array>(clock)];
  const place = all.add(shares, clock.now(), () => reads.giveUp(tooManyRequests()));
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  try {
    for (let read = await reads.next(reader.read()); !read.done; read = await reads.next(reader.read())) {
      all.count(place, read.value.byteLength, clock.now());
      if (place.bytes > maxBytes) throw tooLarge();
      chunks.push(read.value);
    }
  } finally {
    reads.end();
    all.remove(place);
  }
  return Buffer.concat(chunks);
}

/** Before a body that waits for its next packet. */
const nextTurn = () => new Promise<undefined>((done) => setTimeout(done, 0));

/** Awaits a body of less than a window's least bytes. Nearly all come with their request; only those that do not are watched. */
export async function readSmall<T extends string | ArrayBuffer>(
  reading: Promise<T>,
  env: Env,
  clock: Clock,
  shares: () => readonly Share[] | Promise<readonly Share[]>,
): Promise<T> {
  const body = reading.catch((cause: unknown) => {
    throw brokenOff(cause);
  });
  return (await Promise.race([body, nextTurn()])) ?? whileWatched(body, env, clock, await shares());
}

async function whileWatched<T>(
  body: Promise<T>,
  env: Env,
  clock: Clock,
  shares: readonly Share[],
): Promise<T> {
  const { bodies } = heldIn(env);
  const { promise: refused, reject: refuse } = Promise.withResolvers<never>();
  const ended = new AbortController();
  const place = bodies.add(shares, clock.now(), () => refuse(tooManyRequests()));
  clock.after(BODY_WINDOW_MS, async () => refuse(tooSlow()), ended.signal);
  try {
    return await Promise.race([body, refused]);
  } finally {
    ended.abort();
    bodies.remove(place);
  }
}
