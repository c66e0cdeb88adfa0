import type { Actor, UserActor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { INVOCATION } from "../platform/limits.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import { requirePermission } from "../platform/permissions.ts";
import { EVERYWHERE, reachCovers } from "../platform/reach.ts";
import { toEntry, type Entry } from "./entry.ts";
import type { ExportFormat } from "./export-format.ts";
import {
  countStatement,
  entriesAfterStatement,
  entriesStatement,
  OBJECT_ID,
  type AuditFilter,
  type StoredEntry,
} from "./store.ts";

/** Counting stops here, so that a page of a long log costs no more than one of a short one. */
const MAX_COUNTED = 10_000;

/** What is about users and the tenant; what else is not about something within reach, who sees only some of it is not told. */
const ALWAYS = [
  "user",
  "user_session",
  "user_access_token",
  "role",
  "permission_set",
  "settings",
  "scim_token",
  "sso_provider",
  "tenant",
];

/** The entries that a user may read: of one who sees only some devices or releases, those about these. */
function within({ participants }: Deps, actor: Actor, filter: AuditFilter): AuditFilter {
  const reach = requirePermission(actor, "audit:read");
  if (reachCovers(reach, EVERYWHERE)) return filter;
  const objects = Object.entries(participants.auditReach).map(
    ([type, isReached]) => [type, isReached(actor.tenant, OBJECT_ID, reach)] as const,
  );
  return { ...filter, reach: { objects, always: ALWAYS } };
}

export async function listEntries(
  deps: Deps,
  actor: Actor,
  wanted: AuditFilter,
  page: Page,
): Promise<{ entries: Entry[]; total: number }> {
  const filter = within(deps, actor, wanted);
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
  wanted: AuditFilter,
  { head = "", line, limit = Number.MAX_SAFE_INTEGER }: ExportFormat & { limit?: number | undefined },
): ReadableStream<Uint8Array> {
  const filter = within(deps, actor, wanted);
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
