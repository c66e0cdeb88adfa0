import type { Sweep } from "../platform/background.ts";
import { csvLine } from "../platform/csv.ts";
import type { Deps } from "../platform/deps.ts";
import { FIRST_HOME } from "../platform/homes.ts";
import { asTenantId } from "../platform/ids.ts";
import { INVOCATION } from "../platform/limits.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import { inEachDatabase, inSlicesOfEach } from "../platform/apart.ts";
import type { Database } from "../platform/database.ts";
import { usdOf } from "./cost.ts";
import { dayOf } from "../platform/used.ts";
import { dayBefore } from "./day.ts";
import {
  addHeldStatement,
  forgetDaysStatement,
  lastOfPageStatement,
  usageAfterStatement,
  usagePageStatement,
  type Place,
  type UsageFilter,
  type UsageRow,
} from "./store.ts";

const TENANTS_A_PAGE = 100;

/** Every night, of the day before. */
export const recordUsage: Sweep = async (deps) => {
  const day = dayBefore(deps.now());
  await inEachDatabase(deps, async ({ name, db }) => {
    for (let after = ""; ;) {
      const [last] = await db.batch([
        lastOfPageStatement(after, TENANTS_A_PAGE),
        addHeldStatement(day, after, TENANTS_A_PAGE, deps.homes.isSpread && name === FIRST_HOME),
      ]);
      if (last === undefined) return;
      after = last;
    }
  });
};

/** Invoices and what may be asked about them. */
const KEPT_MS = 800 * 86_400_000;
const A_SLICE = 1000;

export const forgetOldUsage: Sweep = async (deps) => {
  const before = dayOf(deps.now() - KEPT_MS);
  await inSlicesOfEach(deps, A_SLICE, (db, limit) => db.one(forgetDaysStatement(before, limit)));
};

const usageWire = (row: UsageRow) => ({
  tenant_id: row.tenant_id,
  tenant_name: row.name,
  day: row.day,
  devices: row.devices,
  requests: row.requests,
  checks: row.checks,
  rows_read: row.rows_read,
  rows_written: row.rows_written,
  stored_bytes: row.stored_bytes,
  downloaded_bytes: row.downloaded_bytes,
  session_seconds: row.session_s,
  usd: usdOf(row),
});

const inOrder = (a: Place, b: Place): number =>
  a.day === b.day ? (a.tenant_id < b.tenant_id ? -1 : 1) : a.day < b.day ? -1 : 1;

/** From the tenant's home, or from every database. */
const readFrom = (deps: Deps, { tenant }: UsageFilter): Database[] =>
  tenant === undefined ? deps.databases().map(({ db }) => db) : [deps.db(tenant)];

/** The same page of all databases together. */
async function pageFrom(
  deps: Deps,
  filter: UsageFilter,
  { offset, limit }: { offset: number; limit: number },
): Promise<UsageRow[]> {
  const places = readFrom(deps, filter);
  const [only, ...others] = places;
  if (only && others.length === 0) return only.one(usagePageStatement(filter, { offset, limit }));
  const first = { offset: 0, limit: offset + limit };
  const found = await Promise.all(places.map((db) => db.one(usagePageStatement(filter, first))));
  return found
    .flat()
    .toSorted(inOrder)
    .slice(offset, offset + limit + 1);
}

/** What follows a place, of all databases together. */
async function following(deps: Deps, filter: UsageFilter, last: Place, limit: number): Promise<UsageRow[]> {
  const found = await Promise.all(
    readFrom(deps, filter).map((db) => db.one(usageAfterStatement(filter, last, limit))),
  );
  return found.flat().toSorted(inOrder).slice(0, limit);
}

export async function listUsage(deps: Deps, filter: UsageFilter, page: Page) {
  const window = { offset: offsetOf(page), limit: page.perPage };
  const found = await pageFrom(deps, filter, window);
  return { days: found.slice(0, page.perPage).map(usageWire), hasNext: found.length > page.perPage };
}

const COLUMNS = [
  "day",
  "tenant_id",
  "tenant_name",
  "devices",
  "requests",
  "checks",
  "rows_read",
  "rows_written",
  "stored_bytes",
  "downloaded_bytes",
  "session_seconds",
  "usd",
] as const;

const PAGE = 1000;
const MAX_PAGES = INVOCATION.databaseCalls - 100;

/** Numbers without an exponent, which invoicing programs may not read. Made once: making one takes as long as a row. */
const NUMBERS = new Intl.NumberFormat("en-US", { useGrouping: false, maximumFractionDigits: 7 });

const cellOf = (value: string | number): string =>
  typeof value === "string" ? value : NUMBERS.format(value);

/** For invoices: all days of the filter, read a page at a time. One that breaks off is not complete. */
export function exportUsage(deps: Deps, filter: UsageFilter): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let last: Place = { day: "", tenant_id: asTenantId("") };
  let pages = 0;
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(csvLine([...COLUMNS]))),
    async pull(controller) {
      const found = await following(deps, filter, last, PAGE);
      const lines = found.map(usageWire).map((day) => csvLine(COLUMNS.map((name) => cellOf(day[name]))));
      if (lines.length > 0) controller.enqueue(encoder.encode(lines.join("")));
      last = found.at(-1) ?? last;
      pages += 1;
      if (found.length < PAGE) controller.close();
      else if (pages === MAX_PAGES) controller.error(new Error("there are too many days for one export"));
    },
  });
}
