import type { UserActor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { isOfType } from "../platform/event-types.ts";
import { Fault } from "../platform/fault.ts";
import type { TenantId } from "../platform/ids.ts";
import { boundsStatement, pagesAfter, pagesBefore, positionAtStatement } from "./page-store.ts";
import { LIFE_MS } from "./read.ts";
import { eventsOf, lastOf, type Page, type StreamEvent } from "./stream-event.ts";
import { visibleTo } from "./visible.ts";

/** What somebody wants to read of; everything where nothing is said. */
export interface Wanted {
  types?: readonly string[] | undefined;
  device?: string | undefined;
  deployment?: string | undefined;
  sinceMs?: number | undefined;
  untilMs?: number | undefined;
}

/** Pages that one request looks through, and that it reads at once. */
const SCANNED = 400;
const READ = 8;

export const matches = (event: StreamEvent, wanted: Wanted): boolean =>
  (wanted.types === undefined || isOfType(wanted.types, event.type)) &&
  (wanted.device === undefined || event.device === wanted.device) &&
  (wanted.deployment === undefined || event.deployment === wanted.deployment) &&
  (wanted.sinceMs === undefined || event.atMs >= wanted.sinceMs) &&
  (wanted.untilMs === undefined || event.atMs < wanted.untilMs);

const texts = ({ device, deployment }: Wanted): string[] =>
  [device, deployment].filter((text) => text !== undefined);

export interface Listed {
  events: StreamEvent[];
  /** Where to go on. */
  cursor: number;
  /** There is more behind it now. */
  more: boolean;
}

const gone = () => new Fault("gone", "events after this cursor are not kept any more: begin without it");
const unknown = () => new Fault("bad_request", "there is no such cursor");

/** Where reading begins: at a cursor that still is one, or at a time. */
export async function beginningOf(
  deps: Deps,
  tenant: TenantId,
  cursor: number | undefined,
  sinceMs: number | undefined,
): Promise<{ after: number; last: number }> {
  const [bounds, at] = await deps
    .db(tenant)
    .batch([boundsStatement(tenant), positionAtStatement(tenant, sinceMs ?? 0)]);
  const { first, last } = bounds ?? { first: 1, last: 0 };
  if (cursor === undefined)
    return { after: sinceMs === undefined ? first - 1 : Math.max(at, first - 1), last };
  if (cursor > last) throw unknown();
  if (cursor < first - 1) throw gone();
  return { after: cursor, last };
}

/** Events after a place, oldest first, as far as the user may know of them. */
export async function listForward(
  deps: Deps,
  user: UserActor,
  wanted: Wanted,
  { cursor, limit }: { cursor?: number | undefined; limit: number },
): Promise<Listed> {
  const { tenant } = user;
  let { after, last } = await beginningOf(deps, tenant, cursor, wanted.sinceMs);
  const oldestMs = deps.now() - LIFE_MS;
  const found: StreamEvent[] = [];
  for (let scanned = 0; scanned < SCANNED && after < last; scanned += SCANNED / 2) {
    const looking = { containing: texts(wanted), scanned: SCANNED / 2, limit: READ };
    const [pages, reached = last] = await deps.db(tenant).batch(pagesAfter(tenant, after, looking));
    const from = after;
    after = pages.length === READ ? Math.max(...pages.map(lastOf)) : reached;
    last = Math.max(last, after);
    const some = pages
      .flatMap((page) => eventsOf(tenant, page))
      .filter((event) => event.position > from && event.atMs >= oldestMs && matches(event, wanted));
    for (const event of await visibleTo(deps, user, some)) {
      if (found.length === limit) return { events: found, cursor: event.position - 1, more: true };
      found.push(event);
    }
    if (found.length > 0) break;
  }
  return { events: found, cursor: after, more: after < last };
}

/** Events before a place, newest first. */
export async function listBackward(
  deps: Deps,
  user: UserActor,
  wanted: Wanted,
  { cursor = Number.MAX_SAFE_INTEGER, limit }: { cursor?: number | undefined; limit: number },
): Promise<Listed> {
  const { tenant } = user;
  const oldestMs = Math.max(deps.now() - LIFE_MS, wanted.sinceMs ?? 0);
  const found: StreamEvent[] = [];
  let before = cursor;
  let more = true;
  for (let scanned = 0; scanned < SCANNED && more; scanned += SCANNED / 2) {
    const looking = { containing: texts(wanted), scanned: SCANNED / 2, limit: READ };
    const [pages, reached] = await deps.db(tenant).batch(pagesBefore(tenant, before, looking));
    const some = pages
      .flatMap((page: Page) => eventsOf(tenant, page).toReversed())
      .filter((event) => event.position < before && event.atMs >= oldestMs && matches(event, wanted));
    const end = pages.length === READ ? pages.at(-1)?.first : reached;
    more = end !== undefined && end > 1 && (pages.at(-1)?.begun_ms ?? oldestMs) >= oldestMs;
    before = end ?? 1;
    for (const event of await visibleTo(deps, user, some)) {
      if (found.length === limit) return { events: found, cursor: event.position + 1, more: true };
      found.push(event);
    }
    if (found.length > 0) break;
  }
  return { events: found, cursor: before, more };
}
