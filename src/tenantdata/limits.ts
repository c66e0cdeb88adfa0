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

/** Imports that have not ended, whichever tenants are in them. */
export const OPEN_IMPORTS = 5;
/** How long an import that has ended is told of, and one that gets no bytes is waited for. */
export const IMPORT_LIFE_MS = 7 * 86_400_000;
/** Of the description of a file in an archive. */
export const DESCRIPTION_BYTES = 16 * 1024;
/** Addresses of users who were left out that are told; all of them are counted. */
export const LEFT_OUT_TOLD = 100;
/** Times that one step of an import fails before the import does. */
export const IMPORT_ATTEMPTS = 20;
