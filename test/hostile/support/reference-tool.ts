import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ReadResult } from "../../../src/artifact/read.ts";

const PROGRAM = "mender-artifact";
const AT_ONCE = 4;

interface Said {
  ok: boolean;
  output: string;
}

const run = (args: string[]): Promise<Said> =>
  new Promise((resolve) =>
    execFile(PROGRAM, args, (error, stdout, stderr) =>
      resolve({ ok: error === null, output: stdout + stderr }),
    ),
  );

/** Why the tool accepts what we refuse: by our reason. Each is a declared difference or a rule of the protocol notes. */
const STRICTER: readonly (readonly [why: string, ours: RegExp])[] = [
  [
    "the tool is older than the server's rules of what an artifact has to have",
    /missing argument: (Artifact name|Empty Artifact provides)|Metadata invalid|contains invalid characters/,
  ],
  [
    "the tool does not read the trailer of a compressed part",
    /Payload: .*(invalid \w+ data|unexpected EOF)$/,
  ],
  ["the tool takes entries of other kinds for files", /is not a regular file$/],
  ["the tool takes null for a text, a list or nothing at all", /is not (a string|an array of strings)$/],
  ["the tool does not look behind the manifest of a version 2", /Garbled entry in manifest/],
  [
    "the tool does not look at the folder that an entry names",
    /(wrong element|invalid data file name): .+\/(header|\d+)\.tar/,
  ],
];

/** Why the tool refuses what we accept: by what it says. */
const LAXER: readonly (readonly [why: string, theirs: RegExp])[] = [
  ["the tool wants the key of what is signed; the server only tells that it is", /missing verifier/],
  ["the tool reads numbers of tar headers that mean nothing here", /archive\/tar: invalid tar header/],
];

/** The published program as the judge of our verdicts, a few at a time. */
export class ReferenceTool {
  asked = 0;
  readonly unexplained: string[] = [];
  readonly #explained = new Map<string, number>();
  readonly #folder = mkdtempSync(join(tmpdir(), "edgemend-judged-"));
  readonly #running = new Set<Promise<void>>();

  /** Undefined where it is not installed. */
  static async find(): Promise<ReferenceTool | undefined> {
    return (await run(["--version"])).ok ? new ReferenceTool() : undefined;
  }

  /** Asks it too, unless it cannot know. */
  async compare(what: string, content: Buffer, ours: ReadResult): Promise<void> {
    if (content.includes(".tar.zst")) return; // written before there was zstd
    const judged = this.#judge(what, content, ours);
    this.#running.add(judged);
    void judged.finally(() => this.#running.delete(judged));
    if (this.#running.size >= AT_ONCE) await Promise.race(this.#running);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  report(): string {
    const explained = [...this.#explained].map(([why, count]) => `${count} × ${why}`);
    return `${this.asked} put to ${PROGRAM} as well: ${this.unexplained.length} unexplained; ${explained.join("; ") || "all the same"}`;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #judge(what: string, content: Buffer, ours: ReadResult): Promise<void> {
    const path = join(this.#folder, `${this.asked++}.mender`);
    await writeFile(path, content);
    const theirs = await run(["validate", path]);
    rmSync(path);
    if (theirs.ok === ours.ok) return;
    const said = ours.ok ? theirs.output : ours.fault.message;
    const why = (ours.ok ? LAXER : STRICTER).find(([, pattern]) => pattern.test(said))?.[0];
    if (why === undefined)
      this.unexplained.push(
        `${what}: we ${ours.ok ? "accept" : "refuse"}, the tool does not: ${said.trim().replace(/\s+/g, " ").slice(0, 400)}`,
      );
    else this.#explained.set(why, (this.#explained.get(why) ?? 0) + 1);
  }
}
