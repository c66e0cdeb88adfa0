import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const PROJECT = resolve(import.meta.dirname, "../..");
const READY_WITHIN_MS = 120_000;
const STOPPED_WITHIN_MS = 15_000;

/** The JSON line `npm start -- --json` prints when it serves. */
interface Ready {
  url: string;
  httpsUrl: string;
  caFile: string;
  tenantToken: string;
  operatorToken: string;
}

export interface RunningServer extends Ready {
  admin: { email: string; password: string };
  stop: () => Promise<void>;
}

const readyLine = (child: ChildProcess, logFile: string) =>
  new Promise<Ready>((done, fail) => {
    const giveUp = (why: string) => fail(new Error(`${why}\n${readFileSync(logFile, "utf8").slice(-4000)}`));
    const timer = setTimeout(() => giveUp("the server is not ready in time"), READY_WITHIN_MS);
    child.once("exit", (code) => giveUp(`the server ended with code ${code}`));
    createInterface({ input: child.stdout! }).on("line", (line) => {
      if (!line.startsWith("{")) return;
      clearTimeout(timer);
      child.removeAllListeners("exit");
      done(JSON.parse(line) as Ready);
    });
  });

/** Edgemend as a user starts it, with an empty data folder, on ports nobody has. */
export async function startServer(
  folder: string,
  { port = "0", httpsPort = "0" } = {},
): Promise<RunningServer> {
  const admin = { email: "admin@example.com", password: "correct-horse-battery" };
  const logFile = join(folder, "server.log");
  const flags = ["--json", "--port", port, "--https-port", httpsPort, "--data", join(folder, "data")];
  flags.push("--admin", `${admin.email}:${admin.password}`);
  // A process group of its own, so that stopping it reaches npm, the server and its runtime alike.
  const child = spawn("npm", ["start", "--silent", "--", ...flags], {
    cwd: PROJECT,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = createWriteStream(logFile);
  child.stderr.pipe(log, { end: false });
  child.stdout.pipe(log, { end: false });
  const stop = () => stopGroup(child);
  try {
    return { ...(await readyLine(child, logFile)), admin, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const group = -child.pid;
  const gone = new Promise((done) => child.once("close", done));
  process.kill(group, "SIGINT");
  const timer = setTimeout(() => process.kill(group, "SIGKILL"), STOPPED_WITHIN_MS);
  await gone;
  clearTimeout(timer);
}
