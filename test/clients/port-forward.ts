import { spawn, type ChildProcess } from "node:child_process";
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import type { Program } from "./cli.ts";
import { ended } from "./ended.ts";
import { Output } from "./output.ts";

export interface Ports {
  tcp: number;
  udp: number;
}

/** A TCP and a UDP port of a device that mender-cli brings to this machine. */
export class PortForward {
  readonly local: Ports;
  readonly #child: ChildProcess;

  private constructor(local: Ports, child: ChildProcess) {
    this.local = local;
    this.#child = child;
  }

  static async start(remote: Ports, program: (specifications: string[]) => Program): Promise<PortForward> {
    const local = { tcp: await freeTcpPort(), udp: await freeUdpPort() };
    const { words, env } = program([`${local.tcp}:${remote.tcp}`, `udp/${local.udp}:${remote.udp}`]);
    const [name, ...flags] = words;
    const child = spawn(name, flags, { stdio: ["ignore", "pipe", "pipe"], env });
    try {
      await new Output(child.stdout, child.stderr).next(/Forwarding from.*\n.*Forwarding from udp.*\n/);
    } catch (error) {
      await ended(child);
      throw error;
    }
    return new PortForward(local, child);
  }

  stop(): Promise<void> {
    return ended(this.#child);
  }
}

// mender-cli takes numbers only, so a port that is free now has to do.
function freeTcpPort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer().once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => done(port));
    });
  });
}

function freeUdpPort(): Promise<number> {
  return new Promise((done, fail) => {
    const socket = createSocket("udp4").once("error", fail);
    socket.bind(0, "127.0.0.1", () => {
      const { port } = socket.address();
      socket.close(() => done(port));
    });
  });
}
