import { decode, encode } from "@msgpack/msgpack";
import {
  decodeFrame,
  encodeFrame,
  integerProp,
  makeFrame,
  PROTO,
  type Frame,
} from "../../src/deviceconnect/frame.ts";
import { writeInt64, writeSmall } from "../../src/deviceconnect/msgpack.ts";

const CHUNK = 4096;
const WINDOW = 20 * CHUNK;
const text = (value: string) => new TextEncoder().encode(value);

/** The device's end of the connection, as mender-connect behaves: shells that echo, files in memory, exact windows. */
export class FakeDevice {
  readonly files = new Map<string, Uint8Array>();
  /** Everything the server sent, in order. */
  readonly received: Frame[] = [];
  protocols: number[] = [1, 2, 3, 4];
  readonly #send: (message: Uint8Array) => void;
  readonly #writing = new Map<string, { path: string; size: number; chunks: Uint8Array[] }>();
  readonly #reading = new Map<string, { content: Uint8Array; sent: number; acked: number; ended: boolean }>();

  constructor(send: (message: Uint8Array) => void) {
    this.#send = send;
  }

  onMessage(message: Uint8Array): void {
    if (message.byteLength > 8192)
      throw new Error("a device ends its connection on messages over 8192 bytes");
    const frame = decodeFrame(message);
    this.received.push(frame);
    if (frame.proto === PROTO.control) this.#onControl(frame);
    if (frame.proto === PROTO.shell) this.#onShell(frame);
    if (frame.proto === PROTO.fileTransfer) this.#onFile(frame);
    if (frame.proto === PROTO.portForward && frame.typ !== "ack")
      this.#reply(frame, frame.typ, {}, frame.body);
    if (frame.proto === PROTO.client) this.#reply(frame, frame.typ, { status: writeSmall(1) });
  }

  sent(typ: string): Frame[] {
    return this.received.filter((frame) => frame.typ === typ);
  }

  #reply(to: Frame, typ: string, props: Record<string, Uint8Array> = {}, body?: Uint8Array) {
    const frame = makeFrame({
      proto: to.proto,
      typ,
      sid: to.sid,
      props: Object.entries(props),
      ...(body && { body }),
    });
    this.#send(encodeFrame(frame));
  }

  #refuse(to: Frame, err: string) {
    this.#reply(to, "error", {}, encode({ err, msgtype: to.typ }));
  }

  #onControl(frame: Frame) {
    if (frame.typ === "open")
      this.#reply(frame, "accept", {}, encode({ version: 1, protocols: this.protocols }));
    if (frame.typ === "ping") this.#reply(frame, "pong");
  }

  #onShell(frame: Frame) {
    if (frame.typ === "new") this.#reply(frame, "new", { status: writeSmall(1) }, text("Shell started"));
    if (frame.typ === "shell") this.#reply(frame, "shell", { status: writeSmall(1) }, frame.body);
    if (frame.typ === "stop") this.#reply(frame, "stop", { status: writeSmall(1) });
  }

  #onFile(frame: Frame) {
    const body =
      frame.body && frame.typ !== "file_chunk" ? (decode(frame.body) as { path: string }) : { path: "" };
    if (frame.typ === "put_file") {
      this.#writing.set(frame.sid, { path: body.path, size: 0, chunks: [] });
      this.#reply(frame, "ack", { offset: writeInt64(0) });
    }
    if (frame.typ === "file_chunk") this.#onChunk(frame);
    if (frame.typ === "stat") this.#onStat(frame, body.path);
    if (frame.typ === "get_file") {
      this.#reading.set(frame.sid, { content: this.files.get(body.path)!, sent: 0, acked: 0, ended: false });
      this.#sendChunks(frame);
    }
    const reading = this.#reading.get(frame.sid);
    if (frame.typ !== "ack") return;
    if (!reading) return this.#refuse(frame, "no file transfer in progress");
    reading.acked = integerProp(frame, "offset")!;
    this.#sendChunks(frame);
  }

  #onChunk(frame: Frame) {
    const file = this.#writing.get(frame.sid)!;
    const offset = integerProp(frame, "offset");
    if (offset !== file.size) return this.#refuse(frame, "received unexpected chunk offset");
    if (!frame.body) {
      this.files.set(file.path, Buffer.concat(file.chunks));
      return this.#reply(frame, "ack", { offset: writeInt64(file.size) });
    }
    file.chunks.push(frame.body);
    file.size += frame.body.byteLength;
    // An acknowledgement names the start of the last chunk, not its end.
    if (file.chunks.length % 10 === 0) this.#reply(frame, "ack", { offset: writeInt64(offset) });
  }

  #onStat(frame: Frame, path: string) {
    const content = this.files.get(path);
    if (!content) return this.#refuse(frame, "no file");
    const mode = path.endsWith("/") ? 0x8000_01ed : 0o644;
    this.#reply(frame, "file_info", {}, encode({ path, size: content.byteLength, uid: 0, gid: 0, mode }));
  }

  #sendChunks(frame: Frame) {
    const file = this.#reading.get(frame.sid)!;
    while (!file.ended && file.sent < file.acked + WINDOW) {
      const body = file.content.subarray(file.sent, file.sent + CHUNK);
      this.#reply(frame, "file_chunk", { offset: writeInt64(file.sent) }, body);
      file.sent += body.byteLength;
      file.ended = body.byteLength === 0;
    }
  }
}
