import { randomBytes } from "node:crypto";
import { request } from "node:http";
import type { Socket } from "node:net";

const BINARY = 0x82;
const CLOSE = 0x88;
const PING = 0x89;
const PONG = 0x8a;

/**
 * A WebSocket as device and command-line clients open it: with a token in its headers and without extensions. Node's own
 * always offers compression, which none of them does and which costs more than all else that is measured.
 */
export class DeviceSocket {
  isOpen = true;
  onMessage: (message: Uint8Array) => void = () => {};
  readonly #socket: Socket;
  #received: Buffer;

  private constructor(socket: Socket, head: Buffer) {
    this.#socket = socket;
    this.#received = head;
    socket.setNoDelay(true);
    socket.on("data", (bytes) => this.#take(bytes));
    socket.on("close", () => (this.isOpen = false));
    socket.on("error", () => (this.isOpen = false));
  }

  static open(url: string, token?: string): Promise<DeviceSocket> {
    const headers = {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    };
    return new Promise((resolve, reject) => {
      const upgrade = request(url, { headers });
      upgrade.on("upgrade", (_answer, socket, head) => resolve(new DeviceSocket(socket as Socket, head))); // of a plain request
      upgrade.on("response", ({ statusCode }) => reject(new Error(`${url} answers ${statusCode}`)));
      upgrade.on("error", reject);
      upgrade.end();
    });
  }

  send(message: Uint8Array): void {
    this.#write(BINARY, message);
  }

  /** The next message that comes in. */
  next(): Promise<Uint8Array> {
    return new Promise((resolve) => (this.onMessage = resolve));
  }

  close(): void {
    this.#write(CLOSE, new Uint8Array());
    this.#socket.end();
  }

  #write(type: number, content: Uint8Array) {
    const size = content.byteLength;
    const length = size < 126 ? [0x80 | size] : [0x80 | 126, size >> 8, size & 0xff];
    // The mask is four zeros: it changes nothing.
    this.#socket.cork();
    this.#socket.write(Uint8Array.from([type, ...length, 0, 0, 0, 0]));
    this.#socket.write(content);
    this.#socket.uncork();
  }

  #take(bytes: Buffer) {
    const all = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    let at = 0;
    for (let frame = frameAt(all, at); frame; frame = frameAt(all, at)) {
      at = frame.end;
      if (frame.type === BINARY) this.onMessage(frame.content);
      if (frame.type === PING) this.#write(PONG, frame.content);
      if (frame.type === CLOSE) this.#socket.end();
    }
    this.#received = all.subarray(at);
  }
}

/** The whole frame at a place, if it is there. The runtime sends none in fragments. */
function frameAt(bytes: Buffer, at: number) {
  if (bytes.length < at + 2) return undefined;
  const [type, short] = [bytes.readUInt8(at), bytes.readUInt8(at + 1)];
  const width = short < 126 ? 0 : short === 126 ? 2 : 8;
  const start = at + 2 + width;
  if (bytes.length < start) return undefined;
  const size =
    width === 0 ? short : width === 2 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
  const end = start + size;
  return bytes.length < end ? undefined : { type, content: bytes.subarray(start, end), end };
}
