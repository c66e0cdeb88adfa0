import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { Program } from "./cli.ts";
import { ended } from "./ended.ts";
import { Output } from "./output.ts";

export const COLUMNS = 100;
export const ROWS = 30;

const PROMPT = /[$#] $/;

const quoted = (word: string) => `'${word}'`;

/** A user at a terminal in which mender-cli runs. */
export class Terminal {
  readonly #output: Output;
  readonly #script: ChildProcessByStdio<Writable, Readable, null>;
  readonly #over: Promise<number | null>;

  constructor({ words, env }: Program) {
    // mender-cli wants a terminal of its own; its process id is the first thing shown.
    const size = `stty rows ${ROWS} cols ${COLUMNS}`;
    const command = `${size}; echo "pid $$"; exec ${words.map(quoted).join(" ")}`;
    this.#script = spawn("script", ["-qec", command, "/dev/null"], {
      stdio: ["pipe", "pipe", "ignore"],
      env: { ...env, SHELL: "/bin/sh" },
    });
    this.#output = new Output(this.#script.stdout);
    this.#over = new Promise((done) => this.#script.once("close", done));
  }

  async prompt(withinMs?: number): Promise<this> {
    await this.#output.next(PROMPT, withinMs);
    return this;
  }

  /** Types a command and waits for what it shows. */
  run(command: string, shows: RegExp): Promise<RegExpExecArray> {
    this.#script.stdin.write(`${command}\n`);
    return this.#output.next(shows);
  }

  /** All that was on the screen, once mender-cli has ended, and how it ended. */
  async over(): Promise<{ code: number | null; shown: string }> {
    const code = await this.#over;
    return { code, shown: this.#output.text };
  }

  /** The user vanishes without a word. */
  vanish(): void {
    const pid = Number(/pid (\d+)/.exec(this.#output.text)?.[1]);
    if (!Number.isInteger(pid)) throw new Error("mender-cli has not been started");
    process.kill(pid, "SIGKILL");
  }

  stop(): Promise<void> {
    return ended(this.#script);
  }
}
