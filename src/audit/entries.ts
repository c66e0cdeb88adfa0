import type { Sweep } from "../platform/background.ts";
import type { UserActor } from "../platform/actor.ts";
import { inPages, inSlices, type Duty } from "../platform/apart.ts";
import type { Deps } from "../platform/deps.ts";
import type { TenantId } from "../platform/ids.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import { csvHead, csvLine, type CsvFormat } from "./csv.ts";
import { toEntry, type Entry } from "./entry.ts";
import {
  countStatement,
  entriesAfterStatement,
  entriesStatement,
  FORGETTING,
  forgetEntriesStatement,
  KEY,
  tenantsToForget,
  type AuditFilter,
  type StoredEntry,
} from "./store.ts";

/** Counting stops here, so that a page of a long log costs no more than one of a short one. */
const MAX_COUNTED = 10_000;

export async function listEntries(
  deps: Deps,
  actor: UserActor,
  filter: AuditFilter,
  page: Page,
): Promise<{ entries: Entry[]; total: number }> {
  const offset = offsetOf(page);
  const [found, counted] = await deps
    .db(actor.tenant)
    .batch([
      entriesStatement(actor.tenant, filter, page.perPage, offset),
      countStatement(actor.tenant, filter, MAX_COUNTED),
    ]);
  const total = found.length === 0 ? counted : Math.max(counted, offset + found.length);
  return { entries: found.map(toEntry), total };
}

const EXPORT_PAGE = 500;

/** The log as CSV, read a page at a time as the client takes it. */
export function exportEntries(
  deps: Deps,
  actor: UserActor,
  filter: AuditFilter,
  options: CsvFormat & { limit: number },
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const db = deps.db(actor.tenant);
  let left = options.limit;
  let last: StoredEntry | undefined;
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(csvHead(options))),
    async pull(controller) {
      const wanted = Math.min(left, EXPORT_PAGE);
      const found = await db.one(entriesAfterStatement(actor.tenant, filter, last, wanted));
      const text = found.map((stored) => csvLine(toEntry(stored), options)).join("");
      if (text !== "") controller.enqueue(encoder.encode(text));
      left -= found.length;
      last = found.at(-1);
      if (found.length < wanted || left === 0) controller.close();
    },
  });
}

const SWEEP_PAGE = 2000;

/** Entries older than the installation keeps them. */
export const forgetOldEntries: Sweep = async (deps) => {
  const beforeMs = deps.now() - deps.settings.AUDIT_LIFE_S * 1000;
  const duty: Duty<TenantId> = {
    name: FORGETTING,
    of: (tenant) => ({ tenant, key: KEY }),
    work: (tenant) =>
      inSlices(SWEEP_PAGE, (limit) => deps.db(tenant).one(forgetEntriesStatement(tenant, beforeMs, limit))),
  };
  await inPages(deps, duty, (limit) => deps.directory.one(tenantsToForget(beforeMs, deps.now(), limit)));
};
