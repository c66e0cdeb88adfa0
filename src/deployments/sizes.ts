/** A deployment for at most this many devices waits in each one's queue; the ids of such a list are shown in its filter. */
export const SMALL = 100;

/** Targets looked up at once; what fits is resolved before the answer, the rest by a job. */
export const TARGET_PAGE = 5000;
