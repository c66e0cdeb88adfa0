import { connect, type Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { TlsIdentity } from "./certificates.ts";
import { listen, type PortWish } from "./ports.ts";

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
 * It takes its port when there is something to pass them on to: until then clients are refused and come again.
 */
export class TlsListener {
  readonly #connections = new Set<Socket>();
  /** Address of each client by the port that its bytes are passed on from. */
  readonly #peers = new Map<number, string>();
  readonly #server;

  constructor(identity: TlsIdentity, target: Target) {
    this.#server = createServer(
      {
        key: identity.key,
        cert: identity.chain,
        allowHalfOpen: true,
        ALPNProtocols: ["http/1.1"],
        handshakeTimeout: HANDSHAKE_MS,
      },
      (client) => {
        client.setNoDelay(true);
        const server = connect({ ...target, allowHalfOpen: true, noDelay: true });
        this.#remember(client, server);
        join(client, server);
      },
    );
    this.#server.on("connection", (socket: Socket) => {
      this.#connections.add(socket);
      socket.on("close", () => this.#connections.delete(socket));
    });
    // Scanners, and clients that do not trust us yet.
    this.#server.on("tlsClientError", (_cause, client) => client.destroy());
  }

  /** Takes the port; resolves to the one taken. */
  listen(wish: PortWish): Promise<number> {
    return listen(this.#server, wish);
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
