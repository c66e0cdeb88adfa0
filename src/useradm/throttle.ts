import { createHash } from "node:crypto";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { Sweep } from "../platform/background.ts";
import { countFailureStatement, forgetOldFailuresStatement, type ThrottleRule } from "./throttle-store.ts";

const HOUR_MS = 3_600_000;

/** A forgetful user never notices; a guesser gets under 300 tries a day at one account. */
const ACCOUNT: ThrottleRule = {
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

export interface Throttled {
  account: string;
  /** Undefined where the platform does not tell the client's address. */
  address: string | undefined;
}

const digest = (text: string) => createHash("sha256").update(text).digest("base64url");

/** One customer usually holds a whole /64 of IPv6. */
function network(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const rest = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - rest.length) }, () => "0");
  const all = tail === undefined ? groups : [...groups, ...zeros, ...rest];
  return all.slice(0, 4).join(":");
}

/** Stored as digests: the counters are no list of accounts and addresses. */
export const throttledBy = (email: string, address: string | undefined): Throttled => ({
  account: digest(`account ${email}`),
  address: address ? digest(`address ${network(address)}`) : undefined,
});

export const subjectsOf = ({ account, address }: Throttled): string[] =>
  address ? [account, address] : [account];

export const countFailureStatements = (throttled: Throttled, nowMs: number): Statement<number>[] => [
  countFailureStatement(throttled.account, ACCOUNT, nowMs),
  ...(throttled.address ? [countFailureStatement(throttled.address, ADDRESS, nowMs)] : []),
];

// What was found blocked a moment ago is refused without asking the database. Safe to lose.
const remembered = new Map<string, { untilMs: number; sinceMs: number }>();
const MAX_REMEMBERED = 1000;
const TRUST_MS = 5000;

const refusal = (untilMs: number, nowMs: number) =>
  new Fault("rate_limited", "too many requests", {
    headers: { "Retry-After": String(Math.ceil((untilMs - nowMs) / 1000)) },
  });

/** Throws 429 for what this isolate found blocked within the last seconds. */
export function refuseRemembered(throttled: Throttled, nowMs: number): void {
  const key = subjectsOf(throttled).join();
  const known = remembered.get(key);
  if (!known) return;
  const trusted = nowMs >= known.sinceMs && nowMs - known.sinceMs < TRUST_MS;
  if (trusted && known.untilMs > nowMs) throw refusal(known.untilMs, nowMs);
  remembered.delete(key);
}

/** Throws 429 while blocked, and remembers it. */
export function refuseBlocked(throttled: Throttled, untilMs: number, nowMs: number): void {
  if (untilMs <= nowMs) return;
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(subjectsOf(throttled).join(), { untilMs, sinceMs: nowMs });
  throw refusal(untilMs, nowMs);
}

const PAGE = 500;

export const forgetOldLoginFailures: Sweep = async (deps: Deps) => {
  const beforeMs = deps.now() - HOUR_MS;
  let removed = PAGE;
  while (removed === PAGE) removed = await deps.directory.one(forgetOldFailuresStatement(beforeMs, PAGE));
};
