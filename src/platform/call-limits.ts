import { isWithin } from "./limits.ts";

/** At least so long lies between two calls of one caller to one address; 0 is no limit, here and below. */
interface Burst {
  action: string;
  uri: string;
  min_interval_sec: number;
}

interface Quota {
  max_calls: number;
  interval_sec: number;
}

/** What each user, or each device, of a tenant may call, as on the wire. */
export interface CallLimits {
  bursts: readonly Burst[];
  quota: Quota;
}

/**
 * A device's limits travel in its token, and a token in the headers of every request: with so much of them it stays under
 * 2 KiB. It is for what stands in the token, which is shorter than what is on the wire.
 */
export const MAX_LIMITS_IN_TOKEN = 1000;

const CLAIM = "edgemend.calls";

/** Where nearly all addresses of devices begin. */
const DEVICES = "/api/devices/";
const SHORT = "~";

const shortened = (uri: string) => (uri.startsWith(DEVICES) ? SHORT + uri.slice(DEVICES.length) : uri);
const whole = (uri: string) => (uri.startsWith(SHORT) ? DEVICES + uri.slice(SHORT.length) : uri);

type PackedBurst = readonly [action: string, uri: string, seconds: number];
type Packed = readonly [maxCalls: number, intervalSec: number, ...PackedBurst[]];

const packed = ({ quota, bursts }: CallLimits): Packed => [
  quota.max_calls,
  quota.interval_sec,
  ...bursts.map(({ action, uri, min_interval_sec: s }) => [action, shortened(uri), s] as const),
];

/** Whether a token can hold them. */
export const fitToken = (limits: CallLimits): boolean =>
  isWithin(JSON.stringify(packed(limits)), MAX_LIMITS_IN_TOKEN);

/** Nothing for limits that limit nothing. */
export const limiting = (limits: CallLimits | undefined): CallLimits | undefined =>
  limits && (limits.quota.max_calls > 0 || limits.bursts.length > 0) ? limits : undefined;

/** Claims of a device's token about its calls. Of limits that do not fit, which were set before there was a bound, the quota. */
export const callClaims = (limits: CallLimits | undefined) =>
  limits ? { [CLAIM]: packed(fitToken(limits) ? limits : { ...limits, bursts: [] }) } : {};

const isBurst = (one: unknown): one is PackedBurst => Array.isArray(one) && one.length === 3;

function unpacked([maxCalls, intervalSec, ...bursts]: readonly unknown[]): CallLimits {
  return {
    quota: { max_calls: Number(maxCalls), interval_sec: Number(intervalSec) },
    bursts: bursts
      .filter(isBurst)
      .map(([action, uri, seconds]) => ({ action, uri: whole(uri), min_interval_sec: seconds })),
  };
}

/** What such claims tell; an operator may sign others, and tokens from before have them as on the wire. */
export function callLimitsOf(claims: Readonly<Record<string, unknown>>): CallLimits | undefined {
  const told = claims[CLAIM];
  if (Array.isArray(told)) return unpacked(told);
  const { bursts, quota } = (told ?? {}) as Partial<CallLimits>;
  return Array.isArray(bursts) && typeof quota === "object" && quota !== null
    ? { bursts: bursts as Burst[], quota }
    : undefined;
}
