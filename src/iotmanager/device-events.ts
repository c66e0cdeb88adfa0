import type { Actor } from "../platform/actor.ts";
import { inSlices } from "../platform/apart.ts";
import type { Sweep } from "../platform/background.ts";
import type { Deps } from "../platform/deps.ts";
import { addEvent } from "../platform/outbox.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import {
  eventsStatement,
  forgetEventsStatements,
  recordStatements,
  type DeviceEvent,
  type EventRow,
} from "./event-store.ts";
import { DELIVERIES_DUE } from "./events.ts";

const LOG_DAYS = 7;
const DAY_MS = 86_400_000;
const FORGOTTEN_AT_ONCE = 500;

/** The log of what happened to devices, newest first. */
export const listEvents = (
  deps: Deps,
  { tenant }: Actor,
  integration: string | undefined,
  page: Page,
): Promise<EventRow[]> =>
  deps.db(tenant).one(eventsStatement(tenant, integration, { limit: page.perPage, offset: offsetOf(page) }));

/** Tells integrations what an operator's script says has happened. */
export async function recordEvents(deps: Deps, { tenant }: Actor, events: readonly DeviceEvent[]) {
  const at = deps.now();
  await deps
    .db(tenant)
    .batch([
      ...events.flatMap((event) => recordStatements(tenant, event, at)),
      addEvent({ kind: DELIVERIES_DUE, tenant, subject: tenant }, at),
    ]);
}

/** The log goes back a week. */
export const forgetOldEvents: Sweep = async (deps) => {
  const beforeMs = deps.now() - LOG_DAYS * DAY_MS;
  await inSlices(FORGOTTEN_AT_ONCE, async (limit) => {
    const [, gone] = await deps.directory.batch(forgetEventsStatements(beforeMs, limit));
    return gone;
  });
};
