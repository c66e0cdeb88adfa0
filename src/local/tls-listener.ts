import { connect, type Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { TlsIdentity } from "./certificates.ts";
import { listen } from "./ports.ts";

export interface Target {
  host: string;
  port: number;
}

const HANDSHAKE_MS = 10_000;

/** Copies bytes until one side is done; its end, like its failure, is handed to the other. */
function join(client: TLSSocket, server: Socket): void {
  client.pipe(server);
  server.pipe(client);
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.on("error", () => other.destroy());
    // After an orderly end both ways the other side closes by itself once its buffer is out.
    one.on("close", () => {
      if (!one.readableEnded) other.destroy();
    });
  }
}

/**
 * Ends TLS and passes the bytes on to the HTTP socket untouched, so that upgrades and endless streams need no care.
 * Connections that come before `serve` was called are closed.
 */
export class TlsListener {
  #target: Target | undefined;
  readonly #connections = new Set<Socket>();
  /** Address of each client by the port that its bytes are passed on from. */
  readonly #peers = new Map<number, string>();
  readonly #server;

  constructor(identity: TlsIdentity) {
    this.#server = createServer(
      {
        key: identity.key,
        cert: identity.chain,
        allowHalfOpen: true,
        ALPNProtocols: ["http/1.1"],
        handshakeTimeout: HANDSHAKE_MS,
      },
      (client) => this.#accept(client),
    );
    this.#server.on("connection", (socket: Socket) => {
      this.#connections.add(socket);
      socket.on("close", () => this.#connections.delete(socket));
    });
    // Scanners, and clients that do not trust us yet.
    this.#server.on("tlsClientError", (_cause, client) => client.destroy());
  }

  /** Takes the port; resolves to the one taken. */
  listen(host: string, port: number): Promise<number> {
    return listen(this.#server, host, port);
  }

  serve(target: Target): void {
    this.#target = target;
  }

  #accept(client: TLSSocket): void {
    if (!this.#target) {
      client.destroy();
      return;
    }
    client.setNoDelay(true);
    const server = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
    this.#remember(client, server);
    join(client, server);
  }

  #remember(client: TLSSocket, server: Socket): void {
    const { remoteAddress } = client;
    server.once("connect", () => {
      const { localPort } = server;
      if (localPort === undefined || remoteAddress === undefined) return;
      this.#peers.set(localPort, remoteAddress);
      server.once("close", () => this.#peers.delete(localPort));
    });
  }

  /** The client whose bytes come from this port; undefined if none of ours do. */
  peerAt(port: number): string | undefined {
    return this.#peers.get(port);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) connection.destroy();
    await closed;
  }
}
