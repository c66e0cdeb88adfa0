import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MenderCli, writeArtifact, type ModuleImage } from "./cli.ts";
import { Device, type DeviceSettings } from "./device.ts";
import { Link } from "./link.ts";
import type { AdmittedDevice, Management } from "./management.ts";
import { PortForward, type Ports } from "./port-forward.ts";
import { RemoteAccess } from "./remote-access.ts";
import type { RunningServer } from "./server.ts";
import { SystemBus } from "./system-bus.ts";
import { Terminal } from "./terminal.ts";
import { until } from "./until.ts";

type Described = Pick<DeviceSettings, "name" | "deviceType"> & Partial<DeviceSettings>;

export interface ReachableDevice {
  id: string;
  device: Device;
  remote: RemoteAccess;
}

const PROMPT_MS = 15_000;
const SHELL_ATTEMPTS = 3;

/** What one scenario has on its table: a running server, its operator, and devices and files of its own. */
export class Bench {
  readonly devices: Device[] = [];
  readonly server: RunningServer;
  readonly operator: Management;
  readonly folder: string;
  readonly #uploader: MenderCli;
  readonly #links: Link[] = [];
  readonly #running: { stop: () => Promise<void> }[] = [];

  constructor(server: RunningServer, operator: Management, uploader: MenderCli, folder: string) {
    this.server = server;
    this.operator = operator;
    this.#uploader = uploader;
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** A device that is set up but not switched on. */
  device(settings: Described): Device {
    const { url, caFile, tenantToken } = this.server;
    const device = new Device(this.folder, { serverUrl: url, caFile, tenantToken, ...settings });
    this.devices.push(device);
    return device;
  }

  /** Switches a device on, accepts it, and returns when its inventory is there. */
  async admit(device: Device): Promise<AdmittedDevice> {
    device.start();
    const admitted = await this.operator.pendingDevice(device.mac);
    await this.operator.accept(admitted);
    await this.operator.reported(admitted.id, "device_type", device.deviceType);
    return admitted;
  }

  /** A system bus for the device of this name. */
  async bus(name: string): Promise<SystemBus> {
    return this.#kept(await SystemBus.start(join(this.folder, `${name}-bus`)));
  }

  /** A device with mender-connect that is accepted and connected. */
  async reachable(settings: Described): Promise<ReachableDevice> {
    const folder = join(this.folder, settings.name);
    const { address: busAddress } = await this.bus(settings.name);
    const remote = this.#kept(new RemoteAccess(`${folder}-remote`, join(folder, "bin"), busAddress));
    const device = this.device({ ...settings, busAddress });
    const { id } = await this.admit(device);
    await this.operator.connected(id);
    return { id, device, remote };
  }

  /** A terminal of the shared user on a device; not waited for. */
  terminal(device: string): Terminal {
    return this.#kept(new Terminal(this.#uploader.program("terminal", device)));
  }

  /**
   * A terminal of the shared user that shows its prompt. Now and then mender-connect starts a shell whose output it never
   * reads, because its reader began before the shell counted as running: the user leaves and comes again.
   */
  async shell(device: string): Promise<Terminal> {
    for (let attempt = 1; ; attempt++) {
      const terminal = this.terminal(device);
      try {
        return await terminal.prompt(PROMPT_MS);
      } catch (cause) {
        if (attempt === SHELL_ATTEMPTS) throw cause;
        terminal.vanish();
        await terminal.over();
        await until(
          "end of a silent shell",
          async () => (await this.operator.liveSessions(device)).length === 0,
        );
      }
    }
  }

  /** Ports of a device brought here by the shared user. */
  async forward(device: string, remote: Ports): Promise<PortForward> {
    const program = (ports: string[]) => this.#uploader.program("port-forward", device, ...ports);
    return this.#kept(await PortForward.start(remote, program));
  }

  /** Copies with mender-cli, as the shared user. */
  copy(from: string, to: string): Promise<string> {
    return this.#uploader.run("cp", from, to);
  }

  #kept<T extends { stop: () => Promise<void> }>(part: T): T {
    this.#running.push(part);
    return part;
  }

  /** A wire of the server's plain port that a scenario can break. */
  async link(): Promise<Link> {
    const link = await Link.to(this.server.url);
    this.#links.push(link);
    return link;
  }

  /** A mender-cli that nobody has logged in with yet. */
  cli(url: string): MenderCli {
    return new MenderCli(this.server, url, this.folder);
  }

  /** Makes an artifact with mender-artifact and uploads it with mender-cli, the shared one if none is given. */
  async publish(
    image: Omit<ModuleImage, "payload"> & { bytes: Buffer },
    cli: MenderCli = this.#uploader,
  ): Promise<void> {
    const payload = join(this.folder, `${image.name}.payload`);
    writeFileSync(payload, image.bytes);
    await cli.upload(await writeArtifact(this.folder, { ...image, payload }));
  }

  async clear(): Promise<void> {
    for (const link of this.#links) link.close();
    await Promise.all([...this.#running, ...this.devices].map((part) => part.stop()));
  }
}
