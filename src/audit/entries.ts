import type { Actor, UserActor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { INVOCATION } from "../platform/limits.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import { requirePermission } from "../platform/permissions.ts";
import { EVERYWHERE, reachCovers } from "../platform/reach.ts";
import { toEntry, type Entry } from "./entry.ts";
import type { ExportFormat } from "./export-format.ts";
import {
  entriesStatement,
  OBJECT_ID,
  stretchStatement,
  type AuditFilter,
  type EntryPlace,
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

/** Entries that one statement looks at; others have their turn between it and the next. */
const LOOKED_AT_ONCE = 10_000;

/** A request may ask the database so often; a longer log is exported in parts. */
const MAX_STRETCHES = INVOCATION.databaseCalls - 100;

/** Goes through the log until the page is full and so many are counted as ever are. */
export async function listEntries(
  deps: Deps,
  actor: Actor,
  wanted: AuditFilter,
  page: Page,
  lookedAtOnce = LOOKED_AT_ONCE,
): Promise<{ entries: Entry[]; total: number }> {
  const filter = within(deps, actor, wanted);
  const { tenant } = actor;
  const offset = offsetOf(page);
  const entries: StoredEntry[] = [];
  let counted = 0;
  let after: EntryPlace | undefined;
  for (let stretches = 0; stretches < MAX_STRETCHES; stretches++) {
    const stretch = { after, size: lookedAtOnce };
    const window = { skip: Math.max(0, offset - counted), take: page.perPage - entries.length };
    const [{ found, end }, shown = []] = await deps
      .db(tenant)
      .batch([
        stretchStatement(tenant, filter, stretch),
        ...(window.take > 0 && window.skip < stretch.size
          ? [entriesStatement(tenant, filter, stretch, window)]
          : []),
      ]);
    counted += found;
    entries.push(...shown);
    after = end;
    if (!end || (entries.length === page.perPage && counted >= MAX_COUNTED)) break;
  }
  if (after && entries.length < page.perPage)
    throw new Fault("unprocessable", "too many entries to look at for one answer: ask for fewer days");
  const total = Math.min(counted, MAX_COUNTED);
  return {
    entries: entries.map(toEntry),
    total: entries.length === 0 ? total : Math.max(total, offset + entries.length),
  };
}

const EXPORT_PAGE = 1000;

/** The log as text, read a page at a time as the client takes it. What does not end as it should breaks off. */
export function exportEntries(
  deps: Deps,
  actor: UserActor,
  wanted: AuditFilter,
  {
    head = "",
    line,
    limit = Number.MAX_SAFE_INTEGER,
    lookedAtOnce = LOOKED_AT_ONCE,
  }: ExportFormat & { limit?: number | undefined; lookedAtOnce?: number },
): ReadableStream<Uint8Array> {
  const filter = within(deps, actor, wanted);
  const encoder = new TextEncoder();
  const { tenant } = actor;
  let [left, pages] = [limit, 0];
  let after: EntryPlace | undefined;
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(head)),
    async pull(controller) {
      // Until there is something to tell: a stream asks again only after that.
      for (let told = false; !told;) {
        const wanted = Math.min(left, EXPORT_PAGE);
        const stretch = { after, size: lookedAtOnce };
        const [found, { end }] = await deps
          .db(tenant)
          .batch([
            entriesStatement(tenant, filter, stretch, { take: wanted }),
            stretchStatement(tenant, filter, stretch),
          ]);
        told = found.length > 0;
        if (told) controller.enqueue(encoder.encode(found.map((stored) => line(toEntry(stored))).join("")));
        left -= found.length;
        pages += 1;
        after = found.length === wanted ? found.at(-1) : end;
        if (left > 0 && after && pages < MAX_STRETCHES) continue;
        if (left === 0 || !after) return controller.close();
        return controller.error(new Error("the log is too long for one export"));
      }
    },
  });
}
