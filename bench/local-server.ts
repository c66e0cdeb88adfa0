import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface LocalServer {
  url: string;
  pid: number;
  operatorToken: string;
  /** An admin's token. */
  token: string;
  stop: () => Promise<void>;
}

export const ADMIN = { email: "bench@example.com", password: "correct horse battery" };

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

export const newDataFolder = (): Promise<string> => mkdtemp(join(tmpdir(), "edgemend-bench-"));

/**
 * A server as `npm start` runs it, on this data folder or on an empty one that goes when it stops, with these settings
 * and further options. What it logs goes to `onLog`, or to the terminal.
 */
export async function startLocalServer(
  kept?: string,
  settings: Readonly<Record<string, string>> = {},
  further: readonly string[] = [],
  onLog?: (line: string) => void,
): Promise<LocalServer> {
  const data = kept ?? (await newDataFolder());
  const [port, httpsPort] = [await freePort(), await freePort()];
  const vars = Object.entries(settings).flatMap(([name, value]) => ["--var", `${name}=${value}`]);
  const options = ["--port", port, "--https-port", httpsPort, "--data", data, "--json", ...vars].map(String);
  const child = spawn(
    process.execPath,
    ["src/local/serve.ts", ...options, ...further, "--admin", `${ADMIN.email}:${ADMIN.password}`],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  if (onLog) createInterface({ input: child.stderr }).on("line", onLog);
  else child.stderr.pipe(process.stderr);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const lines = createInterface({ input: child.stdout });
  const ready = await new Promise<{ url: string; operatorToken: string }>((resolve, reject) => {
    lines.once("line", (line) => resolve(JSON.parse(line)));
    child.once("exit", (code) => reject(new Error(`the server stopped with ${code}`)));
  });
  const login = await fetch(`${ready.url}/api/management/v1/useradm/auth/login`, {
    method: "POST",
    headers: { Authorization: `Basic ${Buffer.from(`${ADMIN.email}:${ADMIN.password}`).toString("base64")}` },
  });
  if (login.status !== 200) throw new Error(`login: ${login.status} ${await login.text()}`);
  return {
    ...ready,
    pid: child.pid ?? 0,
    token: await login.text(),
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
      if (kept === undefined) await rm(data, { recursive: true, force: true });
    },
  };
}

/** Runs the work for every item, so many at a time, and keeps the order of the results. */
export async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async () => {
    for (let at = next++; at < items.length; at = next++) {
      const item = items[at];
      if (item !== undefined) results[at] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return results;
}

/** The value below which this share of the sorted samples lies. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
