import type { UserActor } from "../platform/actor.ts";
import type { AuditEntry } from "../platform/audit.ts";
import { asUserId, type DeviceId, type TenantId } from "../platform/ids.ts";
import type { Told } from "../platform/stream.ts";
import { NO_RIGHTS } from "../platform/rights.ts";
import type { SessionKind, UNSPOKEN } from "./sockets.ts";

/** A session that is on record, as the object keeps it until its end is on record too. */
export interface SessionRecord {
  tenant: TenantId;
  device: DeviceId;
  sid: string;
  user: string;
  email: string;
  /** Protocols it was audited for. */
  kinds: readonly SessionKind[];
  /** One entry of the audit log says all of it, so its end is none. */
  isOneAct: boolean;
  startedMs: number;
  pieces: number;
  bytes: number;
}

/** A record as it was stored, perhaps before sessions had more than one kind. */
export type StoredRecord = Omit<SessionRecord, "kinds" | "isOneAct"> &
  Partial<Pick<SessionRecord, "kinds" | "isOneAct">> & { kind?: SessionKind };

export const asRecord = ({ kind, ...stored }: StoredRecord): SessionRecord => ({
  isOneAct: false,
  kinds: kind === undefined ? [] : [kind],
  ...stored,
});

/** What is done with a file, by its name in the audit log. */
export interface FileAct {
  action: "upload_file" | "download_file";
  path: string;
}

/** What a session is opened for: a socket of which nothing is known yet, one file, or a look at one. */
export type Purpose = { kind: typeof UNSPOKEN } | { kind: "file"; act: FileAct } | { kind: "stat" };

const CHANGE = {
  session: "User opened a session with the device",
  terminal: "User requested a new terminal session",
  portforward: "User requested a new port forwarding session",
  filetransfer: "User requested a new file transfer session",
} as const;

const FILE_CHANGE = {
  upload_file: "User uploaded a file to the device",
  download_file: "User downloaded a file from the device",
} as const;

export const actorOf = ({ tenant, user, email }: SessionRecord): UserActor => ({
  kind: "user",
  tenant,
  user: asUserId(user),
  email,
  token: "",
  roles: [],
  rights: NO_RIGHTS,
});

const objectOf = ({ device }: SessionRecord) => ({ type: "device", id: device });

const sessionEntry = (
  record: SessionRecord,
  what: "open" | "close",
  kind: keyof typeof CHANGE,
): AuditEntry => ({
  action: `${what}_${kind}`,
  object: objectOf(record),
  change: CHANGE[kind],
  meta: { session_id: [record.sid] },
});

export const openEntry = (record: SessionRecord, kind: SessionKind | undefined) =>
  sessionEntry(record, "open", kind ?? "session");

/** Each protocol is closed that was opened; a session that spoke none closes as what it was. */
export function closeEntries(record: SessionRecord): AuditEntry[] {
  if (record.isOneAct) return [];
  const kinds = record.kinds.length > 0 ? record.kinds : (["session"] as const);
  return kinds.map((kind) => sessionEntry(record, "close", kind));
}

/** What the world is told of a session. */
export const sessionTold = (
  type: "session.opened" | "session.closed",
  { device, sid, user, email }: SessionRecord,
): Told => ({ type, device, data: { session: sid, user, email } });

export const fileEntry = (
  record: SessionRecord,
  { action, path }: FileAct,
  meta: Record<string, string[]> = {},
): AuditEntry => ({
  action,
  object: objectOf(record),
  change: FILE_CHANGE[action],
  meta: { path: [path], ...meta },
});
