/** A deployment for at most this many devices waits in each one's queue, a wider one in chunks of ids. */
export const SMALL = 50;

/** A list of at most this many devices is shown in the deployment's filter. */
export const LISTED = 100;

/** Targets looked up at once; what fits is resolved before the answer, the rest by a job. */
export const TARGET_PAGE = 5000;
