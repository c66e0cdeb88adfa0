import { newId } from "../platform/ids.ts";
import { streamChunks } from "../storage/index.ts";
import { byteStream } from "./byte-stream.ts";
import type { Holder, Refusal } from "./sockets.ts";
import { encodeFrame, forDevice, makeFrame, MAX_TO_DEVICE_BYTES, PROTO, type Frame } from "./frame.ts";
import { Mailbox } from "./mailbox.ts";
import {
  downloadFile,
  statFile,
  TransferFault,
  uploadFile,
  type FileInfo,
  type UploadTarget,
} from "./transfer.ts";

/** Outcome of a file transfer as it crosses to the gateway, where errors lose their class. */
export type Transferred<T> =
  | { ok: true; value: T }
  | { ok: false; status: TransferFault["status"]; error: string };

const REFUSED: Record<Refusal, { status: TransferFault["status"]; error: string }> = {
  limit: { status: 422, error: "maximum number of remote sessions reached" },
  revoked: { status: 401, error: "unauthorized" },
  gone: { status: 409, error: "device disconnected" },
  unrecorded: { status: 503, error: "session cannot be recorded, try again later" },
};

/** A transfer that did not begin. */
export const refused = (refusal: Refusal): Transferred<never> => ({ ok: false, ...REFUSED[refusal] });

export interface OpenedFile {
  info: FileInfo;
  /** May break off; the size tells. */
  content: ReadableStream<Uint8Array>;
}

/** Time to answer a ping. */
const PROBE_MS = 5_000;

/** A transfer on record, as it runs. */
export interface RunningTransfer extends Holder {
  sid: string;
  openedMs: number;
}

/** The file transfers that run with one device. A transfer ends with the request that wants it, so it need not survive eviction. */
export class Transfers {
  readonly #device: () => WebSocket | undefined;
  readonly #ended: (sid: string) => void;
  readonly #running = new Map<string, { mailbox: Mailbox; of: RunningTransfer | undefined }>();

  constructor(device: () => WebSocket | undefined, ended: (sid: string) => void) {
    this.#device = device;
    this.#ended = ended;
  }

  /** Takes a message of the device if it is for a transfer. */
  take(sid: string, frame: Frame): boolean {
    const running = this.#running.get(sid);
    running?.mailbox.push(frame);
    return running !== undefined;
  }

  /** Those that somebody holds. */
  running(): RunningTransfer[] {
    return [...this.#running.values()].flatMap(({ of }) => (of ? [of] : []));
  }

  /** True for a transfer that somebody holds. */
  isHeld(sid: string): boolean {
    return this.#running.get(sid)?.of !== undefined;
  }

  /** The device is gone, or it has come back over a new connection and knows nothing of these any more. */
  fail(): void {
    for (const { mailbox } of this.#running.values())
      mailbox.fail(new TransferFault(409, "device disconnected"));
  }

  /** Ends one for both sides; false if it does not run. */
  end(sid: string, fault: TransferFault): boolean {
    const running = this.#running.get(sid);
    if (!running) return false;
    if (this.#device()) running.mailbox.send(makeFrame({ proto: PROTO.control, typ: "close" }));
    running.mailbox.fail(fault);
    this.#done(sid);
    return true;
  }

  /** The source is read only as fast as the device takes it. */
  upload(
    of: RunningTransfer,
    target: UploadTarget,
    source: ReadableStream<Uint8Array>,
  ): Promise<Transferred<number>> {
    return this.#run(of, async (peer, done) => {
      const size = await uploadFile(peer, target, streamChunks(source, { lend: true }));
      done();
      return size;
    });
  }

  stat(of: RunningTransfer, path: string): Promise<Transferred<FileInfo>> {
    return this.#run(of, async (peer, done) => {
      const info = await statFile(peer, path);
      done();
      return info;
    });
  }

  download(of: RunningTransfer, path: string): Promise<Transferred<OpenedFile>> {
    return this.#run(of, async (peer, done) => {
      const { info, content } = await downloadFile(peer, path);
      return { info, content: byteStream(content, done) };
    });
  }

  /** True if the device says anything to a question in a session of its own. */
  async answersPing(): Promise<boolean> {
    const outcome = await this.#run(undefined, async (peer, done) => {
      peer.send(makeFrame({ proto: PROTO.control, typ: "ping" }));
      const answer = await peer.receive(PROBE_MS);
      peer.send(makeFrame({ proto: PROTO.control, typ: "close" }));
      done();
      return answer !== undefined;
    });
    return outcome.ok && outcome.value;
  }

  /** Runs a transfer in a session of its own, which lasts until `done` is called or the work fails. */
  async #run<T>(
    of: RunningTransfer | undefined,
    work: (peer: Mailbox, done: () => void) => Promise<T>,
  ): Promise<Transferred<T>> {
    const sid = of?.sid ?? newId();
    const done = () => this.#done(sid);
    const mailbox = new Mailbox((frame) => this.#device()?.send(addressed(frame, sid, of?.user ?? "")));
    this.#running.set(sid, { mailbox, of });
    try {
      if (!this.#device()) throw new TransferFault(409, "device disconnected");
      // What fails the transfer ends it also while it waits for its source.
      return { ok: true, value: await Promise.race([work(mailbox, done), mailbox.failure]) };
    } catch (cause) {
      done();
      if (cause instanceof TransferFault) return { ok: false, status: cause.status, error: cause.message };
      throw cause;
    }
  }

  #done(sid: string): void {
    const running = this.#running.get(sid);
    this.#running.delete(sid);
    if (running?.of) this.#ended(sid);
  }
}

/** Messages without a user: they are about the session or the bytes that went over, not about a file. */
const ANONYMOUS = new Set(["ack", "open", "ping", "pong", "close"]);

function addressed(frame: Frame, sid: string, user: string): Uint8Array {
  const bytes = encodeFrame(ANONYMOUS.has(frame.typ) ? { ...frame, sid } : forDevice(frame, sid, user));
  // The device would end its connection, and with it whatever others do there.
  if (bytes.byteLength > MAX_TO_DEVICE_BYTES) throw new TransferFault(400, "path is too long");
  return bytes;
}
