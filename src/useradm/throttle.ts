import { createHash } from "node:crypto";
import { inSlices } from "../platform/apart.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { Sweep } from "../platform/background.ts";
import { countFailureStatement, forgetOldFailuresStatement, type ThrottleRule } from "./throttle-store.ts";

const HOUR_MS = 3_600_000;

/** One client at one account. A forgetful user never notices; a guesser gets under 300 tries a day. */
const CLIENT: ThrottleRule = {
  free: 5,
  firstPauseMs: 1000,
  maxPauseMs: 5 * 60_000,
  forgetAfterMs: HOUR_MS,
};

/** An address may be that of a whole office. */
const ADDRESS: ThrottleRule = {
  free: 30,
  firstPauseMs: 1000,
  maxPauseMs: 15 * 60_000,
  forgetAfterMs: HOUR_MS,
};

/**
 * Everybody at one account. Guesses from thousands of addresses must be slow as well, but a pause here also keeps its
 * user out, from places where that user has not logged in before: so it comes late and is short.
 */
const ACCOUNT: ThrottleRule = {
  free: 50,
  firstPauseMs: 1000,
  maxPauseMs: 5000,
  forgetAfterMs: HOUR_MS,
};

/** Who tries: what is counted, and by which rule. The first is what a login with the right password forgets. */
export type Throttled = readonly [
  { subject: string; rule: ThrottleRule },
  ...{ subject: string; rule: ThrottleRule }[],
];

/** Subjects are digests: the counters are no list of accounts and addresses. */
const digest = (text: string) => createHash("sha256").update(text).digest("base64url");

const accountOf = (email: string) => digest(`account ${email}`);

/** Between an account and one of its clients, so that all clients of an account are one range. */
const CLIENTS = ".";
const AFTER_CLIENTS = "/";

export interface Client {
  email: string;
  /** Undefined where the platform does not tell. */
  network: string | undefined;
  /** Of a browser that somebody has logged in with as this user: what strangers guess is not counted against it. */
  knownDevice?: string | undefined;
}

export function throttledLogin({ email, network, knownDevice }: Client): Throttled {
  const account = accountOf(email);
  const client = (text: string) => ({ subject: account + CLIENTS + digest(text), rule: CLIENT });
  if (knownDevice !== undefined) return [client(`device ${knownDevice}`)];
  const everybody = { subject: account, rule: ACCOUNT };
  if (network === undefined) return [client("unknown"), everybody];
  return [client(`address ${network}`), everybody, { subject: digest(`address ${network}`), rule: ADDRESS }];
}

/** Whoever signs in with a passkey, which may be nobody's. */
export function throttledPasskey(passkey: string, network: string | undefined): Throttled {
  const client = { subject: digest(`passkey ${passkey} ${network ?? ""}`), rule: CLIENT };
  return network === undefined
    ? [client]
    : [client, { subject: digest(`address ${network}`), rule: ADDRESS }];
}

/** Whoever holds a session and is asked for the password again. */
export const throttledSession = (email: string): Throttled => [
  { subject: accountOf(email) + CLIENTS + digest("session"), rule: CLIENT },
];

/** Codes at one account, by whoever has its password. Guessing one of a million at this rate takes years. */
const FACTOR: ThrottleRule = {
  free: 5,
  firstPauseMs: 30_000,
  maxPauseMs: 15 * 60_000,
  forgetAfterMs: HOUR_MS,
};

/** Whoever gives a code of a second factor; only those who know the password get here. */
export const throttledFactor = (email: string): Throttled => [
  { subject: digest(`second factor ${email}`), rule: FACTOR },
];

/** Whoever knows a password while the tenant is suspended. Counted for the audit log alone: nobody has to wait for it. */
export const throttledSuspended = (email: string): Throttled => [
  { subject: digest(`suspended ${email}`), rule: FACTOR },
];

/** Answers of one provider that one network brings and that do not hold; the network may be that of a whole office. */
export const throttledProvider = (provider: string, network: string | undefined): Throttled => [
  { subject: digest(`provider ${provider} ${network ?? ""}`), rule: ADDRESS },
];

/** Ids that log in, which one network tries. */
export const throttledMagic = (network: string | undefined): Throttled => [
  { subject: digest(`magic ${network ?? ""}`), rule: ADDRESS },
];

/** Mails to one address. Links sent before stay good, so that nobody keeps a user out by asking for more. */
const MAILS: ThrottleRule = {
  free: 5,
  firstPauseMs: 60_000,
  maxPauseMs: 15 * 60_000,
  forgetAfterMs: HOUR_MS,
};

/** Mails that one network asks for, to whomever. */
const MAILS_OF_NETWORK: ThrottleRule = {
  free: 20,
  firstPauseMs: 60_000,
  maxPauseMs: 15 * 60_000,
  forgetAfterMs: HOUR_MS,
};

/** Whoever has a mail sent to an address, which may be nobody's. */
export function throttledMail(
  purpose: string,
  { email, network }: Pick<Client, "email" | "network">,
): Throttled {
  const address = { subject: digest(`${purpose} ${email}`), rule: MAILS };
  if (network === undefined) return [address];
  return [address, { subject: digest(`mails ${network}`), rule: MAILS_OF_NETWORK }];
}

/** All that is counted at an account: the account itself and this range. */
export const clientsOf = (email: string) => {
  const account = accountOf(email);
  return { account, from: account + CLIENTS, before: account + AFTER_CLIENTS };
};

export const subjectsOf = (throttled: Throttled): string[] => throttled.map(({ subject }) => subject);

export const countFailureStatements = (throttled: Throttled, nowMs: number): Statement<number>[] =>
  throttled.map(({ subject, rule }) => countFailureStatement(subject, rule, nowMs));

interface Refusal {
  untilMs: number;
  sinceMs: number;
}

// What was found blocked a moment ago is refused without asking the database. Of one configuration; safe to lose.
const remembered = new WeakMap<Deps["settings"], Map<string, Refusal>>();
const MAX_REMEMBERED = 1000;
const TRUST_MS = 5000;

function rememberedBy({ settings }: Deps): Map<string, Refusal> {
  const known = remembered.get(settings) ?? new Map<string, Refusal>();
  remembered.set(settings, known);
  return known;
}

const refusal = (untilMs: number, nowMs: number) =>
  new Fault("rate_limited", "too many requests", {
    headers: { "Retry-After": String(Math.ceil((untilMs - nowMs) / 1000)) },
  });

/** Throws 429 for what this isolate found blocked within the last seconds. */
export function refuseRemembered(deps: Deps, throttled: Throttled): void {
  const nowMs = deps.now();
  const key = subjectsOf(throttled).join();
  const known = rememberedBy(deps).get(key);
  if (!known) return;
  const trusted = nowMs >= known.sinceMs && nowMs - known.sinceMs < TRUST_MS;
  if (trusted && known.untilMs > nowMs) throw refusal(known.untilMs, nowMs);
  rememberedBy(deps).delete(key);
}

/** Throws 429 while blocked, and remembers it. */
export function refuseBlocked(deps: Deps, throttled: Throttled, untilMs: number): void {
  const nowMs = deps.now();
  if (untilMs <= nowMs) return;
  const known = rememberedBy(deps);
  if (known.size >= MAX_REMEMBERED) known.clear();
  known.set(subjectsOf(throttled).join(), { untilMs, sinceMs: nowMs });
  throw refusal(untilMs, nowMs);
}

const PAGE = 500;

export const forgetOldLoginFailures: Sweep = async (deps: Deps) => {
  const beforeMs = deps.now() - HOUR_MS;
  await inSlices(PAGE, (limit) => deps.directory.one(forgetOldFailuresStatement(beforeMs, limit)));
};
