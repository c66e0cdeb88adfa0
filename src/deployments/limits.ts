/** A deployment for at most this many devices waits in each one's queue, a wider one in chunks of ids. */
export const SMALL = 50;

/** A list of at most this many devices is shown in the deployment's filter. */
export const LISTED = 100;

/** Ids of targets in one row. */
export const TARGET_CHUNK = 1000;

/** Targets looked up at once; what fits is resolved before the answer, the rest by a job. */
export const TARGET_PAGE = 5000;

/** Later than anything: when what waits for somebody opens. */
export const NEVER_MS = 8_000_000_000_000_000;

/** Open dynamic deployments of a tenant: each device that asks is held against all of them. */
export const MAX_DYNAMIC = 100;
