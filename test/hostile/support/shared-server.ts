import type { TestProject } from "vitest/node";
import { cleanUp, LocalServer, newFolder, type Ready } from "../../local/server-process.ts";

export interface SharedServer {
  ready: Ready;
  data: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    sharedServer: SharedServer | undefined;
  }
}

/** What no attack may bring into the log. */
export const FAULTS = /request failed|internal error/;

/** One server for all of the short form; in the long form each file has its own. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  project.provide("sharedServer", undefined);
  if (project.config.env["TEST_FORM"] === "long") return undefined;
  const server = await LocalServer.startByNpm(newFolder());
  project.provide("sharedServer", { ready: server.ready, data: server.data });
  return async () => {
    const fault = server.stderr.split("\n").find((line) => FAULTS.test(line));
    await cleanUp();
    if (fault !== undefined) throw new Error(`the server logged ${fault}`);
  };
}
