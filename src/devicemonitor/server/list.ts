import type { UserActor } from "../../platform/actor.ts";
import { addAuditIfChanged, type AuditEntry } from "../../platform/audit.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { devicesFor } from "../../platform/permissions.ts";
import { isReached } from "../../platform/reach.ts";
import { isMuted, isOfDevices } from "../rules.ts";
import { idOfAlert, parseAlertId, type AlertId } from "./alert-id.ts";
import {
  acknowledgeDevicesStatement,
  acknowledgeServerStatement,
  openOfDevicesStatement,
  openOfServerStatement,
  type OpenOfDevice,
  type OpenOfServer,
  type Place,
} from "./alert-store.ts";
import { mutesStatement } from "./rule-store.ts";

/** Alerts of each kind that one page looks through. */
const LOOKED_THROUGH = 200;

export interface AlertFilter {
  source?: "device" | "server" | undefined;
  device?: string | undefined;
  group?: string | undefined;
  /** What it is about: of the server's own the kind. */
  subject?: string | undefined;
  acknowledged?: boolean | undefined;
  muted?: boolean | undefined;
}

export type ListedAlert = (OpenOfServer | OpenOfDevice) & { id: string; muted: boolean };

export const deviceOf = (alert: OpenOfServer | OpenOfDevice): string | null =>
  alert.source === "device" ? alert.device_id : isOfDevices(alert.kind) ? alert.object : null;

export const subjectOfAlert = (alert: OpenOfServer | OpenOfDevice): string =>
  alert.source === "device" ? alert.subject : alert.kind;

const placeOf = (alert: OpenOfServer | OpenOfDevice): Place => {
  const [first, second] =
    alert.source === "device" ? [alert.device_id, alert.subject] : [alert.kind, alert.object];
  return { atMs: alert.at_ms, source: alert.source, first, second };
};

const rank = ({ source }: { source: string }): number => (source === "server" ? 0 : 1);

/**
 * A page of open alerts, of devices and of the server, the newest first. It may be short or empty while there is more, since no
 * page looks through more than so many.
 */
export async function listOpenAlerts(
  deps: Deps,
  actor: UserActor,
  filter: AlertFilter,
  { after, limit }: { after: Place | undefined; limit: number },
): Promise<{ alerts: ListedAlert[]; next: Place | undefined }> {
  const { tenant } = actor;
  const nowMs = deps.now();
  const [ofServer, ofDevices, mutes] = await deps
    .db(tenant)
    .batch([
      openOfServerStatement(tenant, after, filter.source === "device" ? 0 : LOOKED_THROUGH),
      openOfDevicesStatement(tenant, after, filter.source === "server" ? 0 : LOOKED_THROUGH),
      mutesStatement(tenant, nowMs),
    ]);
  const merged = [...ofServer, ...ofDevices].toSorted((a, b) => b.at_ms - a.at_ms || rank(a) - rank(b));
  // What comes after the last of a list that goes on is for the next page.
  const ends = [ofServer, ofDevices].flatMap((list) =>
    list.length < LOOKED_THROUGH ? [] : merged.findIndex((alert) => alert === list.at(-1)),
  );
  const looked = merged.slice(0, Math.min(merged.length, ...ends.map((end) => end + 1)));
  const reach = devicesFor(actor, "devices:read");
  const alerts: ListedAlert[] = [];
  let last: Place | undefined;
  for (const alert of looked) {
    if (alerts.length === limit) return { alerts, next: last };
    last = placeOf(alert);
    const [device, subject] = [deviceOf(alert), subjectOfAlert(alert)];
    const isSeen = device === null ? reach === "all" : isReached(reach, device, alert.group);
    if (!isSeen || (alert.source === "server" && alert.known === 0)) continue;
    const muted = isMuted(mutes, { device, group: alert.group, subject }, nowMs);
    const isMeant =
      (filter.source === undefined || filter.source === alert.source) &&
      (filter.device === undefined || filter.device === device) &&
      (filter.group === undefined || filter.group === alert.group) &&
      (filter.subject === undefined || filter.subject === subject) &&
      (filter.acknowledged ?? alert.acknowledged !== null) === (alert.acknowledged !== null) &&
      (filter.muted ?? muted) === muted;
    if (isMeant) alerts.push({ ...alert, id: idOfAlert(alert), muted });
  }
  return { alerts, next: ends.length > 0 ? last : undefined };
}

/** Of a user as they were, so that nobody has to look them up. */
export interface Acknowledgement {
  at: number;
  user: string;
  email: string;
  note?: string;
}

const MAX_CHANGE = 500;

/** Says of open alerts that somebody has seen them, until their level changes; or takes that back. */
export async function acknowledge(
  deps: Deps,
  actor: UserActor,
  given: readonly string[],
  { isOn, note }: { isOn: boolean; note: string | undefined },
): Promise<void> {
  const { tenant } = actor;
  const nowMs = deps.now();
  const ids = given.map((id) => parseAlertId(id));
  const known = ids.filter((id): id is AlertId => id !== undefined);
  const word: Acknowledgement = {
    at: nowMs,
    user: actor.user,
    email: actor.email,
    ...(note !== undefined && { note }),
  };
  const text = isOn ? JSON.stringify(word) : null;
  const reach = devicesFor(actor, "devices:manage");
  const ofDevices = known.flatMap((id) => (id.source === "device" ? [id] : []));
  const ofServer = known.flatMap(({ source, ...id }) => (source === "server" && "kind" in id ? [id] : []));
  const entryOf = (subjects: readonly string[]): AuditEntry => ({
    action: "update",
    object: { type: "devicemonitor", id: tenant },
    change: `${isOn ? "acknowledged" : "not acknowledged any more"}: ${subjects.join(", ")}`.slice(
      0,
      MAX_CHANGE,
    ),
  });
  const [devices, , server] = await deps
    .db(tenant)
    .batch([
      acknowledgeDevicesStatement(tenant, ofDevices, text, reach),
      addAuditIfChanged(
        actor,
        entryOf(ofDevices.map(({ device, subject }) => `${subject} of ${device}`)),
        nowMs,
      ),
      acknowledgeServerStatement(tenant, ofServer, text, reach),
      addAuditIfChanged(actor, entryOf(ofServer.map(({ kind, object }) => `${kind} of ${object}`)), nowMs),
    ]);
  if (devices + server === 0) throw new Fault("not_found", "no such alert is open");
}
