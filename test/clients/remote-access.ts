import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ended } from "./ended.ts";

/** mender-connect of one device. */
export class RemoteAccess {
  readonly logFile: string;
  readonly #connect: ChildProcess;

  /** To be started before the agent, as both find each other at once then; `tools` are the device's own programs. */
  constructor(folder: string, tools: string, busAddress: string) {
    mkdirSync(folder, { recursive: true });
    this.logFile = join(folder, "mender-connect.log");
    const settings = join(folder, "mender-connect.conf");
    // As its package has it.
    writeFileSync(settings, JSON.stringify({ ShellCommand: "/bin/bash", User: "nobody" }));
    const log = openSync(this.logFile, "a");
    this.#connect = spawn(
      "mender-connect",
      ["--config", settings, "--fallback-config", "/nowhere", "daemon"],
      {
        stdio: ["ignore", log, log],
        env: {
          ...process.env,
          PATH: `${tools}:${process.env["PATH"]}:/usr/sbin:/sbin`,
          DBUS_SYSTEM_BUS_ADDRESS: busAddress,
        },
      },
    );
    closeSync(log);
  }

  get log(): string {
    return readFileSync(this.logFile, "utf8");
  }

  get timesConnected(): number {
    return this.log.split("Connection established").length - 1;
  }

  stop(): Promise<void> {
    return ended(this.#connect);
  }
}
