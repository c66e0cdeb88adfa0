/**
 * States of one device in one deployment (protocol notes, deployments 4.3). The number is how lists are sorted.
 * A queued device was targeted one by one and has not polled yet; no client sees it.
 */
export const STATUS_CODES = {
  failure: 256,
  aborted: 512,
  pause_before_installing: 768,
  pause_before_committing: 1024,
  pause_before_rebooting: 1280,
  downloading: 1536,
  installing: 1792,
  rebooting: 2048,
  pending: 2304,
  success: 2560,
  noartifact: 2816,
  "already-installed": 3072,
  decommissioned: 3328,
} as const;

export type Status = keyof typeof STATUS_CODES;

export const QUEUED = 0;

export const STATUSES = Object.keys(STATUS_CODES) as Status[]; // Object.keys forgets literal types

const FINAL: ReadonlySet<Status> = new Set([
  "failure",
  "aborted",
  "success",
  "noartifact",
  "already-installed",
  "decommissioned",
]);

export const isFinal = (status: Status): boolean => FINAL.has(status);

export const ACTIVE_STATUSES = STATUSES.filter((status) => !isFinal(status));

/** Whether a device told that it is downloading. */
export const isDownloading = ({ status }: { status: number }): boolean => status === STATUS_CODES.downloading;

export const isStatus = (word: string): word is Status => Object.hasOwn(STATUS_CODES, word);

const BY_CODE = new Map<number, Status>(STATUSES.map((status) => [STATUS_CODES[status], status]));

export function statusOf(code: number): Status {
  const status = BY_CODE.get(code);
  if (!status) throw new Error(`no status has the number ${code}`);
  return status;
}

/** The column of deployment_counters that counts devices in this state. */
export const counterColumn = (status: Status): string => status.replace("-", "_");

/** What a device may report of itself. */
export const REPORTABLE: ReadonlySet<Status> = new Set([
  "downloading",
  "installing",
  "rebooting",
  "success",
  "failure",
  "already-installed",
  "pause_before_installing",
  "pause_before_rebooting",
  "pause_before_committing",
]);
