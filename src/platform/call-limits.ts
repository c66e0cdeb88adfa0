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

/** A device's limits travel in its token, and a token in the headers of every request. */
export const MAX_LIMITS_IN_TOKEN = 2048;

const CLAIM = "edgemend.calls";

/** Nothing for limits that limit nothing. */
export const limiting = (limits: CallLimits | undefined): CallLimits | undefined =>
  limits && (limits.quota.max_calls > 0 || limits.bursts.length > 0) ? limits : undefined;

/** Claims of a device's token about its calls. */
export const callClaims = (limits: CallLimits | undefined) => (limits ? { [CLAIM]: limits } : {});

/** What such claims tell; an operator may sign others. */
export function callLimitsOf(claims: Readonly<Record<string, unknown>>): CallLimits | undefined {
  const told = claims[CLAIM] as Partial<CallLimits> | null | undefined;
  return Array.isArray(told?.bursts) && typeof told.quota === "object" && told.quota !== null
    ? { bursts: told.bursts as Burst[], quota: told.quota }
    : undefined;
}
