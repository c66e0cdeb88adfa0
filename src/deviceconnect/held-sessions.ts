import type { Deps } from "../platform/deps.ts";
import { newId, type DeviceId, type TenantId } from "../platform/ids.ts";
import type { LiveSockets } from "./live-sockets.ts";
import type { Recorder } from "./recorder.ts";
import { recall, type LiveUser } from "./socket-state.ts";
import { Rights } from "./rights.ts";
import { lookAtRights } from "./connections.ts";
import type { Purpose } from "./session-record.ts";
import {
  CLOSE,
  UNSPOKEN,
  type Holder,
  type LiveSession,
  type Refusal,
  type SessionLimits,
} from "./sockets.ts";
import { TransferFault, type FileInfo, type UploadTarget } from "./transfer.ts";
import { refused, Transfers, type OpenedFile, type RunningTransfer, type Transferred } from "./transfers.ts";

/** What a session is opened with: the tenant's limits, and the end of its token if that has one. */
export interface Opened extends SessionLimits {
  expiresMs: number | undefined;
}

/** The rest of the object, as far as sessions need it. */
export interface Surroundings {
  sockets: LiveSockets;
  recorder: Recorder;
  now: () => number;
  deps: () => Promise<Deps>;
  /** Whose connection this is; known once the device has connected. */
  identity: () => Promise<{ tenant: TenantId; device: DeviceId } | undefined>;
  /** Makes sure that the alarm rings before long. */
  watch: () => Promise<void>;
  later: (work: Promise<unknown>) => void;
  /** Ends the session of a user whose right to it is gone. */
  revoke: (user: LiveUser) => Promise<void>;
  /** Ends everything: the device's own right is gone. */
  disconnect: () => Promise<void>;
}

/**
 * Everything that somebody holds with a device: sessions over sockets, transfers over HTTP, and what is being opened. Each
 * takes its place and is on record before it begins, and each ends when its holder's right does.
 */
export class HeldSessions {
  readonly rights: Rights;
  readonly transfers: Transfers;
  readonly #opening = new Map<string, Holder & { expiresMs: number | undefined }>();
  readonly #of: Surroundings;

  constructor(of: Surroundings) {
    this.#of = of;
    this.transfers = new Transfers(
      () => of.sockets.device(),
      (sid) => of.later(this.putEndOnRecord(sid)),
    );
    this.rights = new Rights(
      of.now,
      () => this.#look(),
      async () => (await of.deps()).log,
    );
  }

  /**
   * Takes a place for a session, puts it on record and lets `begin` make it live, or says why not. The holder's right is
   * looked at once more in between: whoever ended it meanwhile did not find this session.
   */
  async open<T>(
    sid: string,
    holder: Holder,
    purpose: Purpose,
    begin: (opened: Opened) => T,
  ): Promise<{ begun: T } | { refusal: Refusal }> {
    const held = { ...holder, expiresMs: undefined };
    this.#opening.set(sid, held);
    try {
      const limits = await this.#start(sid, held, purpose);
      if (typeof limits === "string") return { refusal: limits };
      return { begun: begin({ ...limits, expiresMs: held.expiresMs }) };
    } finally {
      this.#opening.delete(sid);
    }
  }

  async #start(sid: string, holder: Holder, purpose: Purpose): Promise<SessionLimits | Refusal> {
    const { recorder, now, sockets, deps } = this.#of;
    try {
      const of = await this.#of.identity();
      if (!of || !sockets.device()) return "gone";
      await this.#of.watch();
      const limits = await recorder.open({ ...of, ...holder, sid, startedMs: now() }, purpose);
      if (!limits) return "limit";
      const isVerified = await this.rights.look();
      if (isVerified && this.#opening.has(sid) && sockets.device()) return limits;
      await recorder.end(sid, now());
      if (!isVerified) return "unrecorded";
      return this.#opening.has(sid) ? "gone" : "revoked";
    } catch (cause) {
      (await deps()).log.error("session not recorded", { sid, cause });
      return "unrecorded";
    }
  }

  /** True for a session that is not a socket (any more) and whose end may be put on record by nobody else. */
  isOpening(sid: string): boolean {
    return this.#opening.has(sid) || this.transfers.isHeld(sid);
  }

  /** Sends a file to the device. */
  upload(holder: Holder, target: UploadTarget, source: ReadableStream<Uint8Array>) {
    const act = { action: "upload_file", path: target.path } as const;
    return this.#transfer<number>(holder, { kind: "file", act }, (of) =>
      this.transfers.upload(of, target, source),
    );
  }

  /** What the device says of a file. */
  stat(holder: Holder, path: string) {
    return this.#transfer<FileInfo>(holder, { kind: "stat" }, (of) => this.transfers.stat(of, path));
  }

  /** Opens a file of the device. */
  download(holder: Holder, path: string) {
    const act = { action: "download_file", path } as const;
    return this.#transfer<OpenedFile>(holder, { kind: "file", act }, (of) =>
      this.transfers.download(of, path),
    );
  }

  async #transfer<T>(
    holder: Holder,
    purpose: Purpose,
    run: (of: RunningTransfer) => Promise<Transferred<T>>,
  ): Promise<Transferred<T>> {
    const sid = newId();
    const opened = await this.open(sid, holder, purpose, () =>
      run({ ...holder, sid, openedMs: this.#of.now() }),
    );
    return "begun" in opened ? opened.begun : refused(opened.refusal);
  }

  /** Sessions that are open, oldest first. */
  list(): LiveSession[] {
    const sockets: LiveSession[] = this.#of.sockets.users().map(({ session }) => ({
      ...toLive(session),
      kind: session.kinds[0] ?? UNSPOKEN,
      output_bytes: session.outputBytes,
    }));
    const transfers = this.transfers
      .running()
      .map((transfer) => ({ ...toLive(transfer), kind: "filetransfer" as const, output_bytes: 0 }));
    return [...sockets, ...transfers].toSorted((a, b) => a.opened_ms - b.opened_ms);
  }

  /** Ends whatever is held by somebody whose right to it is gone. */
  async #look(): Promise<void> {
    const { sockets } = this.#of;
    const of = await this.#of.identity();
    if (!of) return;
    const users = sockets.users();
    const transfers = this.transfers.running();
    const openings = [...this.#opening];
    const device = sockets.device();
    const known = device && recall(device);
    const holders = [
      ...users.map(({ session }) => session),
      ...transfers,
      ...openings.map(([, held]) => held),
    ];
    const found = await lookAtRights(await this.#of.deps(), of, {
      holders,
      token: known?.role === "device" ? known.token : undefined,
    });
    for (const user of users) if (!found.rights.has(user.session.token)) await this.#of.revoke(user);
    for (const { sid, token } of transfers)
      if (!found.rights.has(token)) this.transfers.end(sid, new TransferFault(401, "unauthorized"));
    for (const [sid, held] of openings) {
      if (!found.rights.has(held.token)) this.#opening.delete(sid);
      held.expiresMs = found.rights.get(held.token)?.expiresMs;
    }
    if (device && !found.isDeviceLive && device === sockets.device()) await this.#of.disconnect();
  }

  /** Ends all sessions while nobody can say whose right still stands. */
  async endUnverified(end: (user: LiveUser) => Promise<void>): Promise<void> {
    for (const user of this.#of.sockets.users()) await end(user);
    for (const { sid } of this.transfers.running())
      this.transfers.end(sid, new TransferFault(503, CLOSE.unverified.reason));
  }

  /** Whatever ends a session must not fail for its record's sake: what cannot be written now, the alarm writes. */
  async putEndOnRecord(sid: string): Promise<void> {
    try {
      await this.#of.recorder.end(sid, this.#of.now());
    } catch (cause) {
      (await this.#of.deps()).log.error("end of a session not recorded", { sid, cause });
    }
  }
}

const toLive = ({ sid, user, email, openedMs }: Holder & { sid: string; openedMs: number }) => ({
  session_id: sid,
  user_id: user,
  user_email: email,
  opened_ms: openedMs,
});
