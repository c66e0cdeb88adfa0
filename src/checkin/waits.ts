import type { Wait } from "../platform/contacts.ts";
import type { DigestChange } from "../platform/digest-change.ts";
import { mayBeVoid, mayHaveWork, QUEUED, type Checking, type Digest } from "./digest.ts";
import { hashOf } from "./filter.ts";

/** Nothing is believed for longer, should a change have been told to nobody. */
const LONGEST_WAIT_MS = 3_600_000;
/** What is over sooner is not worth a row. */
const LEAST_MS = 60_000;

/** A device that the database had nothing for. Holds while all that it was found under is the same. */
interface Kept {
  fromMs: number;
  untilMs: number;
  epoch: string;
  standing: string;
  room: string | undefined;
  /** The last time, as a mark, when there was room. */
  madeRoom: string | undefined;
}

type Storage = Pick<DurableObjectStorage, "get" | "put" | "delete" | "list">;

const EPOCH = "waits";
const WAIT = "wait:";
const ROOM = "room:";
/** Names are cut to it; what two of them have in common ends for both. */
const MOST_NAMED = 256;
const AT_ONCE = 128;
/** Of so many devices it takes less to end the waits of all. */
const MANY = 1000;

const roomKey = (room: string): string => ROOM + room.slice(0, MOST_NAMED);

/**
 * Devices that have work and cannot get it for a reason that lasts, as the database told at their last check. A change that
 * may give them something ends their wait before it is answered: one that is about a device, about those who wait for the same
 * place, or about all. All of it is in the storage of the head, a row for each device; what is lost before it is there is asked once more.
 */
export class Waits {
  readonly #storage: Storage;
  readonly #born = crypto.randomUUID();
  #told = 0;
  #epoch: string | undefined;
  /** Noted, and stored together with those that follow. */
  #unsaved = new Map<string, Kept>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** To be taken before the database is asked; what it told is noted only if it is still the same then. */
  stamp(digest: Digest): string {
    return [this.#born, this.#told, standingOf(digest)].join(" ");
  }

  /** As `mayConcern`, for a device that is known to wait too. */
  async mayGet(digest: Digest, checking: Checking, nowMs: number): Promise<boolean> {
    if (mayBeVoid(digest, checking)) return true;
    const { device } = checking;
    return mayHaveWork(digest, device, nowMs) && !(await this.isWaiting(digest, device, nowMs));
  }

  async isWaiting(digest: Digest, device: string, nowMs: number): Promise<boolean> {
    const key = WAIT + device;
    const kept = this.#unsaved.get(key) ?? (await this.#storage.get<Kept>(key));
    if (!kept || nowMs < kept.fromMs || nowMs >= kept.untilMs) return false;
    const isSame = kept.epoch === (await this.#current()) && kept.standing === standingOf(digest);
    return isSame && kept.madeRoom === (await this.#madeRoom(kept.room));
  }

  async note(digest: Digest, device: string, { untilMs, room }: Wait, stamp: string, nowMs: number) {
    if (untilMs - nowMs < LEAST_MS) return;
    const [epoch, madeRoom] = [await this.#current(), await this.#madeRoom(room)];
    if (stamp !== this.stamp(digest)) return;
    const kept: Kept = {
      fromMs: nowMs,
      untilMs: Math.min(untilMs, nowMs + LONGEST_WAIT_MS),
      epoch,
      standing: standingOf(digest),
      room,
      madeRoom,
    };
    this.#unsaved.set(WAIT + device, kept);
    if (this.#unsaved.size >= AT_ONCE) await this.save();
  }

  get hasUnsaved(): boolean {
    return this.#unsaved.size > 0;
  }

  /** A write takes longer than all else of a note, and many are one. */
  async save(): Promise<void> {
    if (!this.hasUnsaved) return;
    const unsaved = Object.fromEntries(this.#unsaved);
    this.#unsaved.clear();
    await this.#storage.put(unsaved);
  }

  async apply(changes: readonly DigestChange["what"][]): Promise<void> {
    // Who loses a right gives back what it held by changes of their own.
    const ours = changes.filter(({ kind }) => kind !== "told" && kind !== "revoked");
    if (ours.length > 0) this.#told += 1;
    for (const change of ours) {
      if (change.kind === "room") await this.#storage.put(roomKey(change.room), crypto.randomUUID());
      else if (change.kind === "work") await this.#end([change.device]);
      else if (change.kind === "moved" && (change.devices?.length ?? MANY) < MANY)
        await this.#end(change.devices ?? []);
      else await this.#endAll();
    }
  }

  /** Forgets what is not stored. */
  forget(): void {
    this.#epoch = undefined;
    this.#unsaved.clear();
    this.#told += 1;
  }

  async #end(devices: readonly string[]): Promise<void> {
    for (const device of devices) this.#unsaved.delete(WAIT + device);
    for (let at = 0; at < devices.length; at += AT_ONCE)
      await this.#storage.delete(devices.slice(at, at + AT_ONCE).map((device) => WAIT + device));
  }

  async #endAll(): Promise<void> {
    this.#epoch = crypto.randomUUID();
    await this.#storage.put(EPOCH, this.#epoch);
    for (let full = true; full;) {
      const rooms = await this.#storage.list({ prefix: ROOM, limit: AT_ONCE });
      if (rooms.size > 0) await this.#storage.delete([...rooms.keys()]);
      full = rooms.size === AT_ONCE;
    }
  }

  async #current(): Promise<string> {
    this.#epoch ??= (await this.#storage.get<string>(EPOCH)) ?? "";
    return this.#epoch;
  }

  async #madeRoom(room: string | undefined): Promise<string | undefined> {
    return room === undefined ? undefined : this.#storage.get<string>(roomKey(room));
  }
}

/** Which deployments there are, so that one is noticed of which nobody was told. */
function standingOf({ parts }: Digest): string {
  const { a, b } = hashOf([...parts.keys(), parts.get(QUEUED)?.version].join(" "));
  return `${a} ${b}`;
}
