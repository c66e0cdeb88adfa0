import type { Sweep } from "../platform/background.ts";
import { inSlicesOfEach } from "../platform/apart.ts";
import type { Deps } from "../platform/deps.ts";
import type { TenantId } from "../platform/ids.ts";
import { forgetStatements, pagesAfter, pagesBefore } from "./page-store.ts";
import { eventsOf, lastOf, type StreamEvent } from "./stream-event.ts";

const PAGES = 8;

/** All events before a place, from the newest on, some at a time. */
export async function* eventsBackward(
  deps: Deps,
  tenant: TenantId,
  beginning = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<StreamEvent[]> {
  let before = beginning;
  for (;;) {
    const [pages] = await deps
      .db(tenant)
      .batch(pagesBefore(tenant, before, { scanned: PAGES, limit: PAGES }));
    const oldest = pages.at(-1);
    if (!oldest) return;
    const at = before;
    yield pages
      .flatMap((page) => eventsOf(tenant, page).toReversed())
      .filter(({ position }) => position < at);
    if (pages.length < PAGES) return;
    before = oldest.first;
  }
}

/** The events of the page that has a position, and its last one; undefined if it is not kept. */
export async function eventsOfPart(
  deps: Deps,
  tenant: TenantId,
  position: number,
): Promise<{ events: StreamEvent[]; end: number } | undefined> {
  const [found] = await deps.db(tenant).batch(pagesAfter(tenant, position - 1, { scanned: 1, limit: 1 }));
  const [page] = found;
  return page && page.first <= position ? { events: eventsOf(tenant, page), end: lastOf(page) } : undefined;
}

/** How long events and how they were told are kept. */
export const LIFE_MS = 30 * 86_400_000;
const FORGOTTEN_AT_ONCE = 200;

/** The last page of a tenant stays, and what of it is too old is shown to nobody. */
export const forgetOldEvents: Sweep = async (deps) => {
  const beforeMs = deps.now() - LIFE_MS;
  await inSlicesOfEach(deps, FORGOTTEN_AT_ONCE, async (db, limit) => {
    const gone = await db.batch(forgetStatements(beforeMs, limit));
    return Math.max(...gone);
  });
};
