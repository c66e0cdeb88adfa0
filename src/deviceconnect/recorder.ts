import { addAudit, addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { OBJECT } from "../platform/limits.ts";
import { limitStatement } from "../tenants/index.ts";
import { concat } from "./msgpack.ts";
import { encodeEvent, inPieces, type RecordedEvent } from "./recording.ts";
import {
  sessionTold,
  actorOf,
  asRecord,
  closeEntries,
  fileEntry,
  openEntry,
  type FileAct,
  type Purpose,
  type SessionRecord,
  type StoredRecord,
} from "./session-record.ts";
import { UNSPOKEN, type SessionKind, type SessionLimits } from "./sockets.ts";
import { tellIfChanged } from "../platform/stream.ts";
import { endSessionRow, pieceKey, setSessionKind, startSessionRow } from "./store.ts";

const PIECE_BYTES = 64 * 1024;
/** Of one event in the object's storage; its key and what the storage adds have room beside it. */
export const MAX_EVENT_BYTES = OBJECT.valueBytes - 1000;

const DEFAULT_OUTPUT_BYTES = 8 * 1024 * 1024;

const recordKey = (sid: string) => `session:${sid}`;
const NUMBER_DIGITS = 12;

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
  /** Number of the last event of each session; read from the storage after an eviction. */
  readonly #last = new Map<string, Promise<number>>();

  constructor(storage: DurableObjectStorage, deps: () => Promise<Deps>) {
    this.#storage = storage;
    this.#deps = deps;
  }

  /**
   * Puts a session on record and answers its limits, or undefined if the tenant has as many sessions as it may. The object
   * remembers it first: whatever happens afterwards, the alarm puts its end on record.
   */
  async open(
    session: Pick<SessionRecord, "tenant" | "device" | "sid" | "user" | "email" | "startedMs">,
    purpose: Purpose,
  ): Promise<SessionLimits | undefined> {
    const kinds: SessionKind[] = purpose.kind === "stat" ? ["filetransfer"] : [];
    const record = { ...session, kinds, isOneAct: purpose.kind === "file", pieces: 0, bytes: 0 };
    await this.#storage.put(recordKey(session.sid), record);
    const { tenant, startedMs } = session;
    const kind = purpose.kind === UNSPOKEN ? UNSPOKEN : "filetransfer";
    const entry = purpose.kind === "file" ? fileEntry(record, purpose.act) : openEntry(record, kinds[0]);
    const [added, , bytes, idleS] = await (
      await this.#deps()
    )
      .db(tenant)
      .batch([
        startSessionRow({ ...record, kind }),
        addAuditIfChanged(actorOf(record), entry, startedMs),
        limitStatement(tenant, "remote_session_bytes"),
        limitStatement(tenant, "remote_idle_seconds"),
        ...tellIfChanged(tenant, sessionTold("session.opened", record), startedMs),
      ]);
    if (added === 0) await this.#storage.delete(recordKey(session.sid));
    if (added === 0) return undefined;
    return { outputBytes: bytes?.value ?? DEFAULT_OUTPUT_BYTES, idleMs: (idleS?.value ?? 0) * 1000 };
  }

  /** Puts on record that a session speaks another protocol. Rejects if that cannot be done: then it must not. */
  async use(sid: string, kind: SessionKind, atMs: number): Promise<void> {
    const record = await this.#record(sid);
    const db = (await this.#deps()).db(record.tenant);
    await db.batch([
      setSessionKind(record.tenant, sid, kind),
      addAudit(actorOf(record), openEntry(record, kind), atMs),
    ]);
    await this.#change(sid, ({ kinds }) => ({ kinds: [...kinds, kind] }));
  }

  /** Puts on record what a session does with a file. Rejects if that cannot be done. */
  async act(sid: string, act: FileAct, atMs: number): Promise<void> {
    const record = await this.#record(sid);
    const entry = fileEntry(record, act, { session_id: [sid] });
    await (await this.#deps()).db(record.tenant).one(addAudit(actorOf(record), entry, atMs));
  }

  async #record(sid: string): Promise<SessionRecord> {
    const record = await this.#find(sid);
    if (!record) throw new Error("session is not on record");
    return record;
  }

  async #find(sid: string): Promise<SessionRecord | undefined> {
    const stored = await this.#storage.get<StoredRecord>(recordKey(sid));
    return stored && asRecord(stored);
  }

  /** Changes what is kept of a session that has not ended. */
  async #change(sid: string, to: (record: SessionRecord) => Partial<SessionRecord>): Promise<void> {
    await this.#storage.transaction(async (txn) => {
      const stored = await txn.get<StoredRecord>(recordKey(sid));
      if (stored) await txn.put(recordKey(sid), { ...stored, ...to(asRecord(stored)) });
    });
  }

  /** Keeps one event. Not awaited by the terminal it belongs to: the storage orders it before whatever comes later. */
  async add(sid: string, event: RecordedEvent): Promise<void> {
    for (const piece of inPieces(event, MAX_EVENT_BYTES)) await this.#add(sid, piece);
  }

  async #add(sid: string, event: RecordedEvent): Promise<void> {
    const bytes = encodeEvent(event);
    const number = await this.#nextNumber(sid);
    void this.#storage.put(eventPrefix(sid) + String(number).padStart(NUMBER_DIGITS, "0"), bytes, {
      allowUnconfirmed: true,
    });
    const pending = (this.#pending.get(sid) ?? 0) + bytes.byteLength;
    this.#pending.set(sid, pending);
    if (pending >= PIECE_BYTES) await this.#store(sid);
  }

  /** Events are in the order of their numbers, whatever the clock does. */
  #nextNumber(sid: string): Promise<number> {
    const next = (this.#last.get(sid) ?? this.#lastNumber(sid)).then((last) => last + 1);
    this.#last.set(sid, next);
    return next;
  }

  async #lastNumber(sid: string): Promise<number> {
    const prefix = eventPrefix(sid);
    const [key] = (await this.#storage.list({ prefix, reverse: true, limit: 1 })).keys();
    return key === undefined ? 0 : Number(key.slice(prefix.length));
  }

  /** Moves what is kept of a session into the bucket. */
  async #store(sid: string): Promise<SessionRecord | undefined> {
    this.#pending.delete(sid);
    const record = await this.#find(sid);
    const events = await this.#storage.list<Uint8Array>({ prefix: eventPrefix(sid), limit: 4096 });
    if (!record || events.size === 0) return record;
    const piece = concat([...events.values()]);
    const { bucket } = await this.#deps();
    await bucket.put(pieceKey(record.tenant, sid, record.pieces), piece);
    const stored = { pieces: record.pieces + 1, bytes: record.bytes + piece.byteLength };
    await this.#storage.transaction(async (txn) => {
      const current = await txn.get<StoredRecord>(recordKey(sid));
      if (current) await txn.put(recordKey(sid), { ...current, ...stored });
      for (const keys of inGroups([...events.keys()], OBJECT.keysAtOnce)) await txn.delete(keys);
    });
    return { ...record, ...stored };
  }

  /** Puts the end of a session on record. May be repeated. */
  async end(sid: string, endedMs: number): Promise<void> {
    let record = await this.#store(sid);
    while (record && (await this.#storage.list({ prefix: eventPrefix(sid), limit: 1 })).size > 0)
      record = await this.#store(sid);
    this.#last.delete(sid);
    record = await this.#find(sid); // once more: it may have ended meanwhile
    if (!record) return;
    const ended = record;
    const entries = closeEntries(ended);
    await (
      await this.#deps()
    )
      .db(record.tenant)
      .batch([
        endSessionRow(ended, endedMs),
        ...entries.map((entry) => addAuditIfChanged(actorOf(ended), entry, endedMs)),
        ...tellIfChanged(record.tenant, sessionTold("session.closed", ended), endedMs),
      ]);
    await this.#storage.delete(recordKey(sid));
  }

  /** Sessions on record whose end is not. */
  async unended(): Promise<string[]> {
    const records = await this.#storage.list<StoredRecord>({ prefix: recordKey("") });
    return [...records.values()].map(({ sid }) => sid);
  }
}

function* inGroups<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
