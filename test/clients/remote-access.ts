import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ended } from "./ended.ts";
import { Output } from "./output.ts";

/** Who may say what to the agent is what its package says; the rest is what every system bus has. */
const busConfiguration = (address: string) => `<busconfig>
  <listen>${address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow send_destination="org.freedesktop.DBus"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
  </policy>
  <include>/usr/share/dbus-1/system.d/io.mender.AuthenticationManager.conf</include>
  <include>/usr/share/dbus-1/system.d/io.mender.UpdateManager.conf</include>
</busconfig>
`;

/** mender-connect of one device, and the system bus over which the agent gives it the device's token. */
export class RemoteAccess {
  readonly busAddress: string;
  readonly logFile: string;
  readonly #bus: ChildProcess;
  readonly #connect: ChildProcess;

  private constructor(folder: string, tools: string, busAddress: string, bus: ChildProcess) {
    this.busAddress = busAddress;
    this.logFile = join(folder, "mender-connect.log");
    this.#bus = bus;
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

  /** To be started before the agent, as both find each other at once then; `tools` are the device's own programs. */
  static async start(folder: string, tools: string): Promise<RemoteAccess> {
    mkdirSync(folder, { recursive: true });
    const address = `unix:path=${join(folder, "bus")}`;
    const settings = join(folder, "bus.conf");
    writeFileSync(settings, busConfiguration(address));
    const flags = ["--nofork", "--nopidfile", "--nosyslog", "--print-address", "--config-file", settings];
    const bus = spawn("dbus-daemon", flags, { stdio: ["ignore", "pipe", "pipe"] });
    await new Output(bus.stdout, bus.stderr).next(/guid=/);
    return new RemoteAccess(folder, tools, address, bus);
  }

  get log(): string {
    return readFileSync(this.logFile, "utf8");
  }

  get timesConnected(): number {
    return this.log.split("Connection established").length - 1;
  }

  async stop(): Promise<void> {
    await Promise.all([this.#connect, this.#bus].map(ended));
  }
}
