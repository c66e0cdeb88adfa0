import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { RunningServer } from "./server.ts";

const run = promisify(execFile);

/** A command with its environment. */
export interface Program {
  words: [string, ...string[]];
  env: NodeJS.ProcessEnv;
}

/** mender-cli as one user of one server. */
export class MenderCli {
  readonly #server: RunningServer;
  readonly #url: string;
  readonly #folder: string;

  constructor(server: RunningServer, url: string, folder: string) {
    this.#server = server;
    this.#url = url;
    this.#folder = folder;
  }

  /** What the program prints; fails with its whole output when it ends with an error. */
  async run(...words: string[]): Promise<string> {
    const {
      words: [program, ...flags],
      env,
    } = this.program(...words);
    const { stdout, stderr } = await run(program, flags, { env });
    return stdout + stderr;
  }

  /** The program, for those who start it themselves. */
  program(...words: string[]): Program {
    // It keeps its token under HOME; not every command of 1.9 minds --token.
    const env = { ...process.env, HOME: this.#folder, SSL_CERT_FILE: this.#server.caFile };
    return { words: ["mender-cli", "--server", this.#url, ...words], env };
  }

  login(password = this.#server.admin.password): Promise<string> {
    return this.run("login", "--username", this.#server.admin.email, "--password", password);
  }

  upload(artifactFile: string): Promise<string> {
    return this.run("artifacts", "upload", "--no-progress", artifactFile);
  }
}

export interface ModuleImage {
  name: string;
  deviceType: string;
  /** The update module that installs it. */
  module: string;
  /** The one payload file. */
  payload: string;
  signingKey?: string;
}

/** Makes an artifact with mender-artifact and returns its file. */
export async function writeArtifact(folder: string, image: ModuleImage): Promise<string> {
  const file = join(folder, `${image.name}-${image.deviceType}.mender`);
  const words = ["write", "module-image", "-n", image.name, "-t", image.deviceType, "-T", image.module];
  if (image.signingKey !== undefined) words.push("-k", image.signingKey);
  await run("mender-artifact", [...words, "-f", image.payload, "-o", file]);
  return file;
}
