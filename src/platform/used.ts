/** A day (UTC) as `2026-01-31`. */
export type Day = string;

export const dayOf = (atMs: number): Day => new Date(atMs).toISOString().slice(0, "2026-01-31".length);

/** What a tenant's users and devices use, as it is counted request by request. */
export interface Used {
  requests: number;
  checks: number;
  rowsRead: number;
  rowsWritten: number;
  downloadedBytes: number;
}

export const NOTHING_USED: Used = {
  requests: 0,
  checks: 0,
  rowsRead: 0,
  rowsWritten: 0,
  downloadedBytes: 0,
};

export type UsedByDay = Readonly<Record<Day, Used>>;

const sumOf = (a: Used, b: Used): Used => ({
  requests: a.requests + b.requests,
  checks: a.checks + b.checks,
  rowsRead: a.rowsRead + b.rowsRead,
  rowsWritten: a.rowsWritten + b.rowsWritten,
  downloadedBytes: a.downloadedBytes + b.downloadedBytes,
});

/** Day by day. */
export const together = (a: UsedByDay, b: UsedByDay): UsedByDay =>
  Object.entries(b).reduce<UsedByDay>(
    (all, [day, used]) => ({ ...all, [day]: sumOf(all[day] ?? NOTHING_USED, used) }),
    a,
  );
