import { UsageError } from "./flags.ts";
import { existingDataFolder, readIfPresent } from "./data-folder.ts";
import { runningServer, type ServerFile } from "./server-file.ts";

export const DEFAULT_DATA = ".edgemend";

/** The local server that runs on a data folder. */
export async function findLocalServer(data: string): Promise<ServerFile> {
  const folder = existingDataFolder(data);
  const server = folder && (await runningServer(folder));
  const start = data === DEFAULT_DATA ? "npm start" : `npm start -- --data ${data}`;
  if (!server) throw new Error(`no server runs on ${data}: start one with ${start}, or name one with --url`);
  return server;
}

export interface Address {
  url: string;
  operatorToken: string;
  /** Where a local server keeps the password of its first admin. */
  firstAdminFile?: string;
}

/** The server a command is for: named by flags or environment, or else the one running here. */
export async function findServer(given: {
  url: string | undefined;
  operatorToken: string | undefined;
  data: string;
}): Promise<Address> {
  const url = given.url ?? process.env.EDGEMEND_URL;
  const token = given.operatorToken ?? process.env.EDGEMEND_OPERATOR_TOKEN;
  if (url !== undefined) {
    if (!URL.canParse(url)) throw new UsageError(`--url must be a URL, not ${url}`);
    if (token === undefined) throw new UsageError("--url needs --operator-token as well");
    return { url, operatorToken: token };
  }
  const server = await findLocalServer(given.data);
  const kept = token ?? readIfPresent(server.operatorTokenFile)?.trim();
  if (kept === undefined) throw new UsageError(`${server.operatorTokenFile} is missing`);
  return { url: server.url, operatorToken: kept, firstAdminFile: server.firstAdminFile };
}
