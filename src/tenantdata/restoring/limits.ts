/** Images that are read, staged or compared at once. */
export const IMAGES_A_PAGE = 500;
/** Bytes of images at which a page ends. */
export const PAGE_BYTES = 1024 * 1024;
/** Devices that are sent to wait in one batch. */
export const DEVICES_A_BATCH = 20;
/** Devices that one look for such as are to wait goes through. */
export const DEVICES_A_LOOK = 2000;
/** Ids that are told of what changes; all are counted. */
export const TOLD = 100;
/** How long a dry run is kept to be applied, and a restore that has ended is told of. */
export const READY_LIFE_MS = 86_400_000;
export const RESTORE_LIFE_MS = 30 * 86_400_000;
/** Times that one step fails before the restore does. */
export const RESTORE_ATTEMPTS = 20;
