/** Every part of an archive but the last has so many bytes: it is what is in memory, and what is sent at once. */
export const ARCHIVE_PART_BYTES = 8 * 1024 * 1024;

/** Rows that are read at once. */
export const ROWS_A_PAGE = 500;
/** Bytes of values at which a page of rows ends. */
export const PAGE_BYTES = 1024 * 1024;
/** Of one row as a line; a row of the database is smaller. */
export const LINE_BYTES = 4 * 1024 * 1024;

/** Copies of one tenant that are kept. */
export const KEPT_EXPORTS = 5;
export const EXPORT_LIFE_MS = 7 * 86_400_000;

/** How long a part of an archive may take before it is taken for abandoned. */
export const PART_LEASE_MS = 4 * 60_000;
