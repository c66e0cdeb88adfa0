import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MenderCli, writeArtifact, type ModuleImage } from "./cli.ts";
import { Device, type DeviceSettings } from "./device.ts";
import { Link } from "./link.ts";
import type { AdmittedDevice, Management } from "./management.ts";
import type { RunningServer } from "./server.ts";

/** What one scenario has on its table: a running server, its operator, and devices and files of its own. */
export class Bench {
  readonly devices: Device[] = [];
  readonly server: RunningServer;
  readonly operator: Management;
  readonly folder: string;
  readonly #uploader: MenderCli;
  readonly #links: Link[] = [];

  constructor(server: RunningServer, operator: Management, uploader: MenderCli, folder: string) {
    this.server = server;
    this.operator = operator;
    this.#uploader = uploader;
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** A device that is set up but not switched on. */
  device(settings: Pick<DeviceSettings, "name" | "deviceType"> & Partial<DeviceSettings>): Device {
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
    await Promise.all(this.devices.map((device) => device.stop()));
  }
}
