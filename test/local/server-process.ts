import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const PROJECT = resolve(import.meta.dirname, "../..");
const LAUNCHER = join(PROJECT, "src/local/launch.mjs");

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

const collect = (child: ChildProcess) => {
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  return output;
};

/** Runs one of the programs to its end. */
export async function run(program: string, args: string[], nodeArgs: string[] = []): Promise<Ended> {
  const child = spawn(process.execPath, [...nodeArgs, LAUNCHER, program, ...args], {
    cwd: PROJECT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = collect(child);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...output };
}

/** The JSON line of a server that is ready. */
export interface Ready {
  url: string;
  httpsUrl: string;
  caFile: string;
  adminEmail: string;
  adminPassword?: string;
  tenantToken: string;
  operatorToken: string;
}

const folders: string[] = [];
const running = new Set<LocalServer>();

/** Options of a start with these settings, each as `NAME=value`. */
export const settings = (...pairs: string[]): string[] => pairs.flatMap((pair) => ["--var", pair]);

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "edgemend-local-"));
  folders.push(folder);
  return folder;
}

/** Ends what a test left running and removes what it wrote. */
export async function cleanUp(): Promise<void> {
  await Promise.all([...running].map((server) => server.kill()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** A server started as its users start it, in a process of its own. */
export class LocalServer {
  readonly ready: Ready;
  readonly data: string;
  readonly #child: ChildProcess;
  readonly #output: { stdout: string; stderr: string };

  private constructor(child: ChildProcess, output: { stdout: string; stderr: string }, data: string) {
    this.#child = child;
    this.#output = output;
    this.data = data;
    this.ready = JSON.parse(output.stdout) as Ready;
  }

  static start(data: string, args: string[] = []): Promise<LocalServer> {
    const command = [LAUNCHER, "serve", ...LocalServer.#flags(data, args)];
    return LocalServer.#spawn(process.execPath, command, data);
  }

  static startByNpm(data: string, args: string[] = []): Promise<LocalServer> {
    return LocalServer.#spawn("npm", ["start", "--silent", "--", ...LocalServer.#flags(data, args)], data);
  }

  static #flags(data: string, args: string[]): string[] {
    const free = args.includes("--port") ? [] : ["--port", "0", "--https-port", "0"];
    return ["--json", "--data", data, ...free, ...args];
  }

  static async #spawn(program: string, args: string[], data: string): Promise<LocalServer> {
    const child = spawn(program, args, { cwd: PROJECT, stdio: ["ignore", "pipe", "pipe"] });
    const output = collect(child);
    await new Promise<void>((done, fail) => {
      child.stdout.on("data", () => output.stdout.includes("\n") && done());
      child.once("close", (code) => fail(new Error(`the server ended with ${code}: ${output.stderr}`)));
    });
    const server = new LocalServer(child, output, data);
    running.add(server);
    return server;
  }

  get stdout(): string {
    return this.#output.stdout;
  }

  get stderr(): string {
    return this.#output.stderr;
  }

  get ca(): string {
    return readFileSync(this.ready.caFile, "utf8");
  }

  /** Where it listens, to start another one in its place. */
  get ports(): string[] {
    const port = (url: string) => new URL(url).port;
    return ["--port", port(this.ready.url), "--https-port", port(this.ready.httpsUrl)];
  }

  /** Asks it to stop; resolves to the exit code. */
  async stop(signal: "SIGINT" | "SIGTERM" = "SIGINT"): Promise<number | null> {
    return this.#end(signal);
  }

  /** Ends it without giving it a chance to do anything about it. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    running.delete(this);
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const closed = once(this.#child, "close") as Promise<[number | null]>;
    this.#child.kill(signal);
    return (await closed)[0];
  }
}
