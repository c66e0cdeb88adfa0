import { newId } from "../platform/ids.ts";
import { streamChunks } from "../storage/service.ts";
import { byteStream } from "./byte-stream.ts";
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

export interface OpenedFile {
  info: FileInfo;
  /** May break off; the size tells. */
  content: ReadableStream<Uint8Array>;
}

/** Time to answer a ping. */
const PROBE_MS = 5_000;

/** The file transfers that run with one device. A transfer ends with the request that wants it, so it need not survive eviction. */
export class Transfers {
  readonly #device: () => WebSocket | undefined;
  readonly #running = new Map<string, Mailbox>();

  constructor(device: () => WebSocket | undefined) {
    this.#device = device;
  }

  /** Takes a message of the device if it is for a transfer. */
  take(sid: string, frame: Frame): boolean {
    const mailbox = this.#running.get(sid);
    mailbox?.push(frame);
    return mailbox !== undefined;
  }

  /** The device is gone, or it has come back over a new connection and knows nothing of these any more. */
  fail(): void {
    for (const mailbox of this.#running.values()) mailbox.fail(new TransferFault(409, "device disconnected"));
  }

  /** The source is read only as fast as the device takes it. */
  upload(
    user: string,
    target: UploadTarget,
    source: ReadableStream<Uint8Array>,
  ): Promise<Transferred<number>> {
    return this.#run(user, async (peer, done) => {
      const size = await uploadFile(peer, target, streamChunks(source, { lend: true }));
      done();
      return size;
    });
  }

  stat(user: string, path: string): Promise<Transferred<FileInfo>> {
    return this.#run(user, async (peer, done) => {
      const info = await statFile(peer, path);
      done();
      return info;
    });
  }

  download(user: string, path: string): Promise<Transferred<OpenedFile>> {
    return this.#run(user, async (peer, done) => {
      const { info, content } = await downloadFile(peer, path);
      return { info, content: byteStream(content, done) };
    });
  }

  /** True if the device says anything to a question in a session of its own. */
  async answersPing(): Promise<boolean> {
    const outcome = await this.#run("", async (peer, done) => {
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
    user: string,
    work: (peer: Mailbox, done: () => void) => Promise<T>,
  ): Promise<Transferred<T>> {
    const sid = newId();
    const done = () => void this.#running.delete(sid);
    try {
      const device = this.#device();
      if (!device) throw new TransferFault(409, "device disconnected");
      const mailbox = new Mailbox((frame) => device.send(addressed(frame, sid, user)));
      this.#running.set(sid, mailbox);
      return { ok: true, value: await work(mailbox, done) };
    } catch (cause) {
      done();
      if (cause instanceof TransferFault) return { ok: false, status: cause.status, error: cause.message };
      throw cause;
    }
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
