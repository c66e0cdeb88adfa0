import { eventsBackward, Outcomes, outcomesOfStatement, partsAt, statusTold } from "../events/index.ts";
import type { Outcome } from "../events/index.ts";
import type { Actor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import type { DeviceId } from "../platform/ids.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import { tell, type Told } from "../platform/stream.ts";
import { integrationsStatement } from "./store.ts";
import { ALL_TYPES, toldEvent, type ToldEvent } from "./told-event.ts";

const LOG_DAYS = 7;
const DAY_MS = 86_400_000;

/** What is at most looked through for one page of the log. */
const LOOKED_THROUGH = 50_000;

export interface DeliveryStatus {
  integration_id: string;
  success: boolean;
  status_code?: number;
  error?: string;
}

export type LoggedEvent = ToldEvent & { deliveries: DeliveryStatus[] };

const statusOf = (integration: string, { success, statusCode, error }: Outcome): DeliveryStatus => ({
  integration_id: integration,
  success,
  ...(statusCode !== null && { status_code: statusCode }),
  ...(error !== null && { error }),
});

/** The log of what happened to devices in the last week, newest first, with what became of it where it was sent. */
export async function listEvents(
  deps: Deps,
  { tenant }: Actor,
  integration: string | undefined,
  page: Page,
): Promise<LoggedEvent[]> {
  const all = await deps.db(tenant).one(integrationsStatement(tenant));
  const meant = all.filter((row) => integration === undefined || row.integration_id === integration);
  if (meant.length === 0) return [];
  const asked = meant.map((row) => row.integration_id);
  const found: LoggedEvent[] = [];
  const begunMs = Math.min(...meant.map((row) => row.created_ms));
  const sinceMs = Math.max(deps.now() - LOG_DAYS * DAY_MS, begunMs);
  let left = offsetOf(page);
  let seen = 0;
  for await (const events of eventsBackward(deps, tenant)) {
    const wanted = events.filter(({ type, atMs }) => ALL_TYPES.includes(type) && atMs >= sinceMs);
    const parts = partsAt(wanted.map(({ position }) => position));
    const outcomes = new Outcomes(
      parts.length === 0 ? [] : await deps.db(tenant).one(outcomesOfStatement(tenant, asked, parts)),
    );
    for (const event of wanted) {
      const told = asked.flatMap((id) => {
        const outcome = outcomes.of(id, event.position);
        return outcome ? [statusOf(id, outcome)] : [];
      });
      if (integration !== undefined && told.length === 0) continue;
      if (left-- > 0) continue;
      found.push({ ...toldEvent(tenant, event), deliveries: told });
      if (found.length === page.perPage) return found;
    }
    seen += events.length;
    if (seen > LOOKED_THROUGH || (events.at(-1)?.atMs ?? 0) < sinceMs) break;
  }
  return found;
}

/** What an operator's script says has happened. */
export type Said =
  | { device: DeviceId; what: "provisioned"; data: Record<string, unknown> & { id: string } }
  | { device: DeviceId; what: "status"; status: string }
  | { device: DeviceId; what: "gone" };

function toldOf(said: Said): Told[] {
  const { device } = said;
  if (said.what === "provisioned") return [{ type: "device.provisioned", device, data: said.data }];
  if (said.what === "gone") return [{ type: "device.decommissioned", device, data: { status: null } }];
  // The word of the original for the end of one that was only expected.
  if (said.status === "decommissioned")
    return [{ type: "device.decommissioned", device, data: { status: "preauthorized" } }];
  return statusTold(device, said.status, null);
}

/** Tells the world what an operator's script says has happened. */
export async function recordEvents(deps: Deps, { tenant }: Actor, said: readonly Said[]): Promise<void> {
  await deps.db(tenant).batch(tell(tenant, said.flatMap(toldOf), deps.now()));
}
