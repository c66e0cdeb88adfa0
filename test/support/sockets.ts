import { expect } from "vitest";
import { decodeFrame, encodeFrame, type Frame } from "../../src/deviceconnect/frame.ts";
import type { TestDevice, TestUser } from "./actors.ts";
import { FakeDevice } from "./fake-device.ts";
import type { Server } from "./server.ts";

export const DEVICECONNECT = "/api/management/v1/deviceconnect";

/** A client's end of a socket, with what came in and a way to wait for more. */
export class Peer {
  readonly frames: Frame[] = [];
  /** The same as they were on the wire. */
  readonly messages: Uint8Array[] = [];
  closed: { code: number; reason: string } | undefined;
  readonly #socket: WebSocket;
  #wake: (() => void)[] = [];

  constructor(socket: WebSocket, onMessage?: (message: Uint8Array) => void) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.accept();
    socket.addEventListener("message", ({ data }) => {
      const message = new Uint8Array(data as ArrayBuffer);
      this.messages.push(message);
      this.frames.push(decodeFrame(message));
      onMessage?.(message);
      this.#changed();
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
      this.#changed();
    });
  }

  send(message: Frame | string | Uint8Array): void {
    this.#socket.send(
      typeof message === "string" || message instanceof Uint8Array ? message : encodeFrame(message),
    );
  }

  close(code = 1000, reason = ""): void {
    this.#socket.close(code, reason);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  #changed() {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}

export const upgrade = (server: Server, path: string, token: string, headers: Record<string, string> = {}) =>
  server.fetch(
    new Request(`https://edgemend.test${path}`, {
      headers: { Upgrade: "websocket", Authorization: `Bearer ${token}`, ...headers },
    }),
  );

/** The socket of an upgrade that must succeed. */
async function upgraded(server: Server, path: string, token: string): Promise<WebSocket> {
  const response = await upgrade(server, path, token);
  expect(response.status).toBe(101);
  return response.webSocket!;
}

export const deviceSocket = (server: Server, device: TestDevice) =>
  upgraded(server, "/api/devices/v1/deviceconnect/connect", device.token);

export const userSocket = (server: Server, user: TestUser, device: TestDevice) =>
  upgraded(server, `${DEVICECONNECT}/devices/${device.id}/connect`, user.token);

/** A device that behaves, and its end of the connection. */
export async function connectFake(server: Server, device: TestDevice) {
  const fake: FakeDevice = new FakeDevice((message) => peer.send(message));
  const peer: Peer = new Peer(await deviceSocket(server, device), (message) => fake.onMessage(message));
  return { peer, fake };
}

/** A session of a user with a connected device. */
export const connectUser = async (server: Server, user: TestUser, device: TestDevice) =>
  new Peer(await userSocket(server, user, device));

/** The upload form of a file. */
export function uploadForm(fields: Record<string, string>, content?: Uint8Array): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  if (content) form.append("file", new File([content.slice().buffer], "a.bin"));
  return form;
}
