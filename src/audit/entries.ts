import type { UserActor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { INVOCATION } from "../platform/limits.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import { toEntry, type Entry } from "./entry.ts";
import type { ExportFormat } from "./export-format.ts";
import {
  countStatement,
  entriesAfterStatement,
  entriesStatement,
  type AuditFilter,
  type StoredEntry,
} from "./store.ts";

/** Counting stops here, so that a page of a long log costs no more than one of a short one. */
const MAX_COUNTED = 10_000;

export async function listEntries(
  deps: Deps,
  actor: Pick<UserActor, "tenant">,
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

const EXPORT_PAGE = 1000;

/** A request may ask the database so often; a longer log is exported in parts. */
const MAX_EXPORT_PAGES = INVOCATION.databaseCalls - 100;

/** The log as text, read a page at a time as the client takes it. What does not end as it should breaks off. */
export function exportEntries(
  deps: Deps,
  actor: UserActor,
  filter: AuditFilter,
  { head = "", line, limit = Number.MAX_SAFE_INTEGER }: ExportFormat & { limit?: number | undefined },
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const db = deps.db(actor.tenant);
  let [left, pages] = [limit, 0];
  let last: StoredEntry | undefined;
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(head)),
    async pull(controller) {
      const wanted = Math.min(left, EXPORT_PAGE);
      const found = await db.one(entriesAfterStatement(actor.tenant, filter, last, wanted));
      const text = found.map((stored) => line(toEntry(stored))).join("");
      if (text !== "") controller.enqueue(encoder.encode(text));
      left -= found.length;
      last = found.at(-1);
      pages += 1;
      if (found.length < wanted || left === 0) controller.close();
      else if (pages === MAX_EXPORT_PAGES) controller.error(new Error("the log is too long for one export"));
    },
  });
}
