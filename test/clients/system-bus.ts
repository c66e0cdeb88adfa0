import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
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

/** The system bus of one device, over which its agent gives others on the device its token. */
export class SystemBus {
  readonly address: string;
  readonly #daemon: ChildProcess;

  private constructor(address: string, daemon: ChildProcess) {
    this.address = address;
    this.#daemon = daemon;
  }

  static async start(folder: string): Promise<SystemBus> {
    mkdirSync(folder, { recursive: true });
    const address = `unix:path=${join(folder, "bus")}`;
    const settings = join(folder, "bus.conf");
    writeFileSync(settings, busConfiguration(address));
    const flags = ["--nofork", "--nopidfile", "--nosyslog", "--print-address", "--config-file", settings];
    const daemon = spawn("dbus-daemon", flags, { stdio: ["ignore", "pipe", "pipe"] });
    await new Output(daemon.stdout, daemon.stderr).next(/guid=/);
    return new SystemBus(address, daemon);
  }

  stop(): Promise<void> {
    return ended(this.#daemon);
  }
}
