import type { TenantId } from "../../platform/ids.ts";

const TIME_DIGITS = 14;
const NUMBER_DIGITS = 6;

const time = (ms: number): string => String(ms).padStart(TIME_DIGITS, "0");
const numbered = (number: number): string => String(number).padStart(NUMBER_DIGITS, "0");

/** Where the journal of a tenant is. */
export const journalFolderOf = (tenant: TenantId): string => `journals/${tenant}/`;

/** The first key after those of the segments up to this time. */
export const afterSegmentsOf = (tenant: TenantId, ms: number): string =>
  `${journalFolderOf(tenant)}${time(ms)}.`;

export const segmentKey = (tenant: TenantId, cutMs: number, slice: number): string =>
  `${journalFolderOf(tenant)}${time(cutMs)}-${numbered(slice)}.ndjson.gz`;

const SEGMENT = /\/(\d{14})-\d{6}\.ndjson\.gz$/;

/** The time of a segment; undefined of what is none. */
export function cutOf(key: string): number | undefined {
  const [, cut] = SEGMENT.exec(key) ?? [];
  return cut === undefined ? undefined : Number(cut);
}

/** Keys of bases, and of nothing else, begin so. */
export const basesOf = (tenant: TenantId): string => `${journalFolderOf(tenant)}base-`;

export const baseFolder = (tenant: TenantId, begunMs: number): string =>
  `${basesOf(tenant)}${time(begunMs)}/`;

/** There as soon as the base is whole. */
export const BASE_FILE = "base.json";

export const basePartKey = (tenant: TenantId, begunMs: number, part: number): string =>
  `${baseFolder(tenant, begunMs)}${numbered(part)}.ndjson.gz`;
