import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { asUserId, type DeviceId, type TenantId } from "../platform/ids.ts";
import { concat } from "./msgpack.ts";
import { encodeEvent, type RecordedEvent } from "./recording.ts";
import { endSessionRow, pieceKey, startSessionRow } from "./store.ts";

export type SessionKind = "terminal" | "portforward";

/** A session that is on record, as the object keeps it until its end is on record too. */
export interface SessionRecord {
  tenant: TenantId;
  device: DeviceId;
  sid: string;
  user: string;
  email: string;
  kind: SessionKind;
  startedMs: number;
  pieces: number;
  bytes: number;
}

const PIECE_BYTES = 64 * 1024;

const CHANGE: Record<SessionKind, string> = {
  terminal: "User requested a new terminal session",
  portforward: "User requested a new port forwarding session",
};

const recordKey = (sid: string) => `session:${sid}`;
const eventPrefix = (sid: string) => `event:${sid}:`;

/**
 * Keeps sessions on record: start and end with their audit entries, and what a terminal showed. Events go to the object's
 * storage one by one and from there to the bucket in pieces, so that an eviction at any point loses none.
 */
export class Recorder {
  readonly #storage: DurableObjectStorage;
  readonly #deps: () => Promise<Deps>;
  /** Bytes not yet in the bucket; losing the number after an eviction only makes a piece larger. */
  readonly #pending = new Map<string, number>();
  #counter = 0;

  constructor(storage: DurableObjectStorage, deps: () => Promise<Deps>) {
    this.#storage = storage;
    this.#deps = deps;
  }

  /** Puts the session on record. Rejects if that cannot be done: then it must not begin. */
  async start(session: Omit<SessionRecord, "pieces" | "bytes">): Promise<void> {
    const deps = await this.#deps();
    const record: SessionRecord = { ...session, pieces: 0, bytes: 0 };
    await deps.db(session.tenant).batch([startSessionRow(record), audit(record, "open", record.startedMs)]);
    await this.#storage.put(recordKey(session.sid), record);
  }

  /** Keeps one event. Not awaited by the terminal it belongs to: the storage orders it before whatever comes later. */
  async add(sid: string, event: RecordedEvent): Promise<void> {
    const bytes = encodeEvent(event);
    this.#counter += 1;
    const order = `${String(event.offsetMs).padStart(12, "0")}:${String(this.#counter).padStart(9, "0")}`;
    void this.#storage.put(eventPrefix(sid) + order, bytes, { allowUnconfirmed: true });
    const pending = (this.#pending.get(sid) ?? 0) + bytes.byteLength;
    this.#pending.set(sid, pending);
    if (pending >= PIECE_BYTES) await this.#store(sid);
  }

  /** Moves what is kept of a session into the bucket. */
  async #store(sid: string): Promise<SessionRecord | undefined> {
    this.#pending.delete(sid);
    const record = await this.#storage.get<SessionRecord>(recordKey(sid));
    const events = await this.#storage.list<Uint8Array>({ prefix: eventPrefix(sid), limit: 4096 });
    if (!record || events.size === 0) return record;
    const piece = concat([...events.values()]);
    const { bucket } = await this.#deps();
    await bucket.put(pieceKey(record.tenant, sid, record.pieces), piece);
    const next = { ...record, pieces: record.pieces + 1, bytes: record.bytes + piece.byteLength };
    await this.#storage.transaction(async (txn) => {
      await txn.put(recordKey(sid), next);
      for (const keys of inGroups([...events.keys()], 128)) await txn.delete(keys);
    });
    return next;
  }

  /** Puts the end of a session on record. May be repeated. */
  async end(sid: string, endedMs: number): Promise<void> {
    let record = await this.#store(sid);
    while (record && (await this.#storage.list({ prefix: eventPrefix(sid), limit: 1 })).size > 0)
      record = await this.#store(sid);
    if (!record) return;
    const deps = await this.#deps();
    await deps.db(record.tenant).batch([endSessionRow(record, endedMs), audit(record, "close", endedMs)]);
    await this.#storage.delete(recordKey(sid));
  }

  /** Sessions on record whose end is not. */
  async open(): Promise<string[]> {
    const records = await this.#storage.list<SessionRecord>({ prefix: recordKey("") });
    return [...records.values()].map(({ sid }) => sid);
  }
}

function* inGroups<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

const audit = (record: SessionRecord, what: "open" | "close", atMs: number) =>
  addAuditIfChanged(
    {
      kind: "user",
      tenant: record.tenant,
      user: asUserId(record.user),
      email: record.email,
      token: "",
      roles: [],
    },
    {
      action: `${what}_${record.kind}`,
      object: { type: "device", id: record.device },
      change: CHANGE[record.kind],
      meta: { session_id: [record.sid] },
    },
    atMs,
  );
