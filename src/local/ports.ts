import { createServer, type Server } from "node:net";
import { UsageError } from "./args.ts";

const REASONS: Record<string, string> = {
  EADDRINUSE: "is in use by another program",
  EACCES: "may not be used by this user",
  EADDRNOTAVAIL: "is not an address of this machine",
  ENOTFOUND: "is not a known host",
};

/** Takes the port and resolves to its number; why it cannot is told in one line. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const reason = REASONS[cause.code ?? ""] ?? `cannot be used: ${cause.message}`;
      reject(new UsageError(`${host}:${port} ${reason}`));
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(address !== null && typeof address === "object" ? address.port : port);
    });
  });
}

/** The port that the runtime shall take, made sure to be free; 0 finds one. */
export async function freePort(host: string, port: number): Promise<number> {
  const probe = createServer();
  const free = await listen(probe, host, port);
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return free;
}
