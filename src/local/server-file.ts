import { rmSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { UsageError } from "./flags.ts";
import { readIfPresent, writePrivately, type DataFolder } from "./data-folder.ts";

/** How the other programs of this machine find a running server. */
export interface ServerFile {
  pid: number;
  /** The npm in front of it, whose end it follows. */
  npmPid?: number | undefined;
  url: string;
  httpsUrl: string;
  caFile: string;
  tenantToken: string;
  operatorTokenFile: string;
  firstAdminFile: string;
}

const NAME = "server.json";

function readServerFile(folder: DataFolder): ServerFile | undefined {
  const text = readIfPresent(folder.file(NAME));
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as ServerFile; // written by `writeServerFile`
  } catch (cause) {
    const remedy = "if no server runs on the folder, remove it";
    throw new UsageError(`${folder.file(NAME)} is damaged: ${remedy}`, { cause });
  }
}

export const writeServerFile = (folder: DataFolder, file: ServerFile): void =>
  writePrivately(folder.file(NAME), `${JSON.stringify(file, null, 2)}\n`);

export const removeServerFile = (folder: DataFolder): void => rmSync(folder.file(NAME), { force: true });

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
}

async function isAnswering(file: ServerFile): Promise<boolean> {
  const signal = AbortSignal.timeout(2000);
  const answer = await fetch(`${file.url}/healthz`, { signal }).catch(() => undefined);
  return answer?.ok ?? false;
}

/** The server that uses this folder now. What a killed one left behind does not count. */
export async function runningServer(folder: DataFolder): Promise<ServerFile | undefined> {
  const file = readServerFile(folder);
  return file && isAlive(file.pid) && (await isAnswering(file)) ? file : undefined;
}

const ENDS_WITHIN_MS = 3000;
const LOOK_EVERY_MS = 50;

/**
 * Makes sure that no server uses this folder. One that was killed, or whose npm was, may take a moment to let go of
 * its ports; that is waited for. Returns the server that stays.
 */
export async function waitForFolder(folder: DataFolder): Promise<ServerFile | undefined> {
  const file = readServerFile(folder);
  if (!file) return undefined;
  const isEnding = () => !isAlive(file.pid) || (file.npmPid !== undefined && !isAlive(file.npmPid));
  for (const deadline = Date.now() + ENDS_WITHIN_MS; Date.now() < deadline && isEnding();) {
    if (!(await isAnswering(file))) return undefined;
    await wait(LOOK_EVERY_MS);
  }
  return runningServer(folder);
}
