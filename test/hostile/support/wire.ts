import { Agent, type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";

export interface Sent {
  status: number;
  header: (name: string) => string | undefined;
  text: string;
  ms: number;
}

export interface Sending {
  token?: string | undefined;
  headers?: Record<string, string>;
  body?: string | Uint8Array | undefined;
}

const GIVE_UP_MS = 60_000;

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer); // no encoding is set
  return Buffer.concat(chunks).toString("utf8");
}

/** HTTP without a client's opinion on what may be sent. */
export class Wire {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #url: URL;
  readonly #from: string | undefined;

  /** The server sees the address it comes from: every 127.x.y.z is one of this machine. */
  constructor(url: string, from?: string) {
    this.#url = new URL(url);
    this.#from = from;
  }

  async send(method: string, path: string, { token, headers = {}, body }: Sending = {}): Promise<Sent> {
    try {
      return await this.#send(method, path, headers, token, body);
    } catch (cause) {
      // The server may close an idle connection in the moment it is used again.
      if (cause instanceof Error && /ECONNRESET|EPIPE|socket hang up/.test(cause.message))
        return this.#send(method, path, headers, token, body);
      throw cause;
    }
  }

  json(method: string, path: string, token: string, value?: unknown): Promise<Sent> {
    const body = value === undefined ? undefined : JSON.stringify(value);
    return this.send(method, path, { token, body, headers: { "Content-Type": "application/json" } });
  }

  /** The first bytes of a request, and then nothing. */
  begin(bytes: string | Uint8Array): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const { hostname: host, port } = this.#url;
      const socket = connect({ host, port: Number(port), ...this.#address }, () => {
        socket.off("error", reject).on("error", () => {});
        socket.write(bytes, () => resolve(socket));
      });
      socket.once("error", reject);
    });
  }

  get #address() {
    return this.#from === undefined ? {} : { localAddress: this.#from };
  }

  get host(): string {
    return this.#url.host;
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(
    method: string,
    path: string,
    own: Record<string, string>,
    token: string | undefined,
    body: string | Uint8Array | undefined,
  ): Promise<Sent> {
    const started = performance.now();
    const { hostname, port } = this.#url;
    const headers: Record<string, string | number> = { ...own };
    if (token !== undefined) headers["Authorization"] = `Bearer ${token}`;
    if (body !== undefined) headers["Content-Length"] = Buffer.byteLength(body);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        { hostname, port, method, path, headers, agent: this.#agent, ...this.#address, timeout: GIVE_UP_MS },
        (incoming) => {
          textOf(incoming).then(
            (text) =>
              resolve({
                status: incoming.statusCode ?? 0,
                header: (name) => String(incoming.headers[name] ?? "") || undefined,
                text,
                ms: performance.now() - started,
              }),
            reject,
          );
        },
      );
      outgoing.on("timeout", () => outgoing.destroy(new Error("no answer")));
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }
}
