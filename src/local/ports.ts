import { createServer, type Server } from "node:net";
import { UsageError } from "./flags.ts";

const REASONS: Record<string, string> = {
  EADDRINUSE: "is in use by another program",
  EACCES: "may not be used by this user",
  EADDRNOTAVAIL: "is not an address of this machine",
  ENOTFOUND: "is not a known host",
  EAI_AGAIN: "is not a known host",
};

/** Of the causes that another port does not help against. */
const OF_HOST = ["EADDRNOTAVAIL", "ENOTFOUND", "EAI_AGAIN"];

/** A port to take and the option that chooses it. */
export interface PortWish {
  host: string;
  port: number;
  option: string;
}

/** Takes the port and resolves to its number; why it cannot, and which option chooses another, is told in one line. */
export function listen(server: Server, { host, port, option }: PortWish): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const reason = REASONS[cause.code ?? ""] ?? `cannot be used: ${cause.message}`;
      const remedy = OF_HOST.includes(cause.code ?? "") ? "--host" : option;
      reject(new UsageError(`${host}:${port} ${reason}; choose another with ${remedy}`));
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(address !== null && typeof address === "object" ? address.port : port);
    });
  });
}

const close = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()));

/** The ports to be taken later, made sure to be free and different; 0 finds one. */
export async function freePorts<const T extends readonly PortWish[]>(
  wishes: T,
): Promise<{ [K in keyof T]: number }> {
  const probes = wishes.map((wish) => ({ wish, server: createServer() }));
  try {
    const ports: number[] = [];
    for (const { wish, server } of probes) ports.push(await listen(server, wish));
    return ports as { [K in keyof T]: number }; // one for each wish
  } finally {
    await Promise.all(probes.map(({ server }) => close(server)));
  }
}
