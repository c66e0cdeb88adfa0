import { INVOCATION } from "../../platform/limits.ts";

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
/** Reads of one part of a whole copy. */
export const READS_A_PART = 8;
/** Calls of databases that one run makes for journals, other duties being done beside it; the next goes on. */
export const CALLS_A_RUN = Math.floor(INVOCATION.databaseCalls * 0.6);
/** Of these, calls for whole copies. */
export const COPY_SHARE = 0.25;
/** Journals that are begun in one run, and those that are written before it is looked how many calls are left. */
export const JOURNALS_AT_ONCE = 20;
/** Listings of the bucket by which old objects of one tenant are removed in a night. */
export const LISTINGS_A_NIGHT = 20;
