import { rmSync } from "node:fs";
import { readIfPresent, writePrivately, type DataFolder } from "./data-folder.ts";

/** How the other programs of this machine find a running server. */
export interface ServerFile {
  pid: number;
  url: string;
  httpsUrl: string;
  caFile: string;
  tenantToken: string;
  operatorTokenFile: string;
  firstAdminFile: string;
}

const NAME = "server.json";

export function readServerFile(folder: DataFolder): ServerFile | undefined {
  const text = readIfPresent(folder.file(NAME));
  return text === undefined ? undefined : (JSON.parse(text) as ServerFile); // written by `writeServerFile`
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

/** The server that uses this folder now. What a killed one left behind does not count. */
export async function runningServer(folder: DataFolder): Promise<ServerFile | undefined> {
  const file = readServerFile(folder);
  if (!file || !isAlive(file.pid)) return undefined;
  const answer = await fetch(`${file.url}/healthz`, { signal: AbortSignal.timeout(2000) }).catch(
    () => undefined,
  );
  return answer?.ok ? file : undefined;
}
