/** How long any minute can be gone back to. */
export const JOURNAL_DAYS = 30;

/** Subjects of one kind that are read at once. */
export const KEYS_A_SLICE = 500;
/** Deployments that the devices of a slice bring along. */
export const DEPLOYMENTS_A_SLICE = 20;
/** Bytes of values that are read at once, unless one subject alone has more. */
export const SLICE_BYTES = 4 * 1024 * 1024;
/** Slices of one tenant that one run of the duty writes; the next goes on. */
export const SLICES_A_RUN = 20;
/** Slices that a tenant's journal may take when somebody waits for it. */
export const SLICES_AT_ONCE = 300;
