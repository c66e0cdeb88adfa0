import { connect, createServer, type Server, type Socket } from "node:net";
import { pipeline, Transform } from "node:stream";

interface Fault {
  kind: "cut" | "hold";
  afterBytes: number;
  struck: () => void;
}

/**
 * A wire between a device and the server that can break. It knows no HTTP: it counts what flows towards the
 * device on one connection, and a connection that carries more than the limit can only be the download.
 */
export class Link {
  /** What the device said, over all connections. */
  heard = "";
  readonly #listener: Server;
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  #fault: Fault | undefined;
  #release: (() => void) | undefined;

  private constructor(target: URL) {
    this.#target = target;
    this.#listener = createServer((device) => this.#join(device));
  }

  static async to(serverUrl: string): Promise<Link> {
    const link = new Link(new URL(serverUrl));
    await new Promise<void>((done) => link.#listener.listen(0, "127.0.0.1", done));
    return link;
  }

  get url(): string {
    const address = this.#listener.address();
    if (typeof address !== "object" || address === null) throw new Error("the link is closed");
    return `${this.#target.protocol}//127.0.0.1:${address.port}`;
  }

  /** Breaks the next connection that carries more than this towards the device; resolves when it did. */
  cutOnce(afterBytes: number): Promise<void> {
    return new Promise((struck) => (this.#fault = { kind: "cut", afterBytes, struck }));
  }

  /** Stops the next connection that carries more than this, until released; resolves when it stands still. */
  holdOnce(afterBytes: number): Promise<void> {
    return new Promise((struck) => (this.#fault = { kind: "hold", afterBytes, struck }));
  }

  release(): void {
    this.#release?.();
    this.#release = undefined;
  }

  /** Breaks every connection there is; new ones can be made at once. */
  breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#listener.close();
    this.breakAll();
  }

  #join(device: Socket): void {
    const server = connect(Number(this.#target.port), "127.0.0.1");
    for (const socket of [device, server]) {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    }
    device.on("data", (chunk) => (this.heard += chunk.toString("latin1")));
    // A broken connection is this class's purpose; the stream error of it says nothing new.
    const over = () => {};
    pipeline(device, server, over);
    pipeline(server, this.#faulty(), device, over);
  }

  #faulty(): Transform {
    let carried = 0;
    return new Transform({
      transform: (chunk: Buffer, _encoding, pass) => {
        carried += chunk.length;
        const fault = this.#fault;
        if (fault === undefined || carried <= fault.afterBytes) return pass(null, chunk);
        this.#fault = undefined;
        if (fault.kind === "hold") this.#release = () => pass(null, chunk);
        else pass(new Error("cut"));
        return fault.struck();
      },
    });
  }
}
