import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { ended } from "./ended.ts";
import { OWN_MOUNTS } from "./programs.ts";

export interface DeviceSettings {
  name: string;
  deviceType: string;
  serverUrl: string;
  caFile: string;
  tenantToken: string;
  /** Public key file; with it the device takes signed artifacts only. */
  verifyKey?: string;
  /** PEM of the key the device comes with; by default a new Ed25519 key, which is made sooner than the agent's own. */
  privateKey?: string;
  /** The device comes without a key, and the agent makes one. */
  makesOwnKey?: boolean;
  /** The system bus on which the agent is to be found; without it there is none. */
  busAddress?: string;
  /** Seconds between the device's own questions; by default hardly any. */
  pollSeconds?: number;
}

/** Folders the device agent has built in, and what stands for them in a device's own folder. */
const FIXED_FOLDERS = { "/usr/share/mender": "share", "/etc/mender": "etc" };

const PUBLISHED_MODULES = "/usr/share/mender/modules/v3";

/** The add-on that configures a device is in no Debian package: these two scripts keep to its contract. */
const CONFIGURATION_SCRIPTS = {
  "update-module": "share/modules/v3/mender-configure",
  report: "share/inventory/mender-inventory-configuration",
};

let devicesMade = 0;

const newMac = () => {
  devicesMade += 1;
  return `02:00:5e:00:00:${devicesMade.toString(16).padStart(2, "0")}`;
};

const newKey = () =>
  generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString();

/** A published mender client running as one device, in a folder and mount namespace of its own. */
export class Device {
  readonly mac = newMac();
  readonly name: string;
  readonly deviceType: string;
  readonly #folder: string;
  readonly #busAddress: string | undefined;
  #process: ChildProcess | undefined;

  constructor(parent: string, settings: DeviceSettings) {
    this.name = settings.name;
    this.deviceType = settings.deviceType;
    this.#folder = join(parent, settings.name);
    this.#busAddress = settings.busAddress;
    for (const folder of ["share/identity", "share/inventory", "share/modules/v3", "etc", "data", "bin"])
      mkdirSync(join(this.#folder, folder), { recursive: true });
    this.#script("share/identity/mender-device-identity", `echo mac=${this.mac}`);
    this.reports("site=test bench", "role=a", "role=b");
    this.#write("etc/artifact_info", "artifact_name=factory\n");
    this.#write("data/device_type", `device_type=${settings.deviceType}\n`);
    this.#write("etc/mender.conf", JSON.stringify(configuration(settings), undefined, 2));
    if (settings.makesOwnKey !== true)
      this.#write("data/mender-agent.pem", settings.privateKey ?? newKey(), 0o600);
    // The agent calls it to restart the device: here the agent alone goes, and the machine stays.
    this.#script("bin/reboot", "kill -KILL $PPID");
    this.addModule("note", this.keepingPayload);
    this.addModule("broken", "echo the flash chip does not answer >&2; exit 3");
  }

  get logFile(): string {
    return join(this.#folder, "mender.log");
  }

  /** The payload the module `note` installed last. */
  get installed(): Buffer | undefined {
    const file = join(this.#folder, "installed");
    return existsSync(file) ? readFileSync(file) : undefined;
  }

  /** What an update module does so that `installed` is its payload. */
  get keepingPayload(): string {
    return `cp "$2"/files/* '${this.#folder}/installed'`;
  }

  /** What the agent says that is installed. */
  get provides(): string[] {
    const words = ["--no-syslog", "--data", join(this.#folder, "data"), "show-provides"];
    const { stdout } = spawnSync("mender", words, { encoding: "utf8", env: this.#environment });
    return stdout.trim().split("\n");
  }

  get isOff(): boolean {
    return (
      this.#process === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null
    );
  }

  get log(): string {
    return readFileSync(this.logFile, "utf8");
  }

  timesLogged(line: string): number {
    return this.log.split(line).length - 1;
  }

  /** What the device's inventory script says from now on. */
  reports(...lines: string[]): void {
    const commands = lines.map((line) => `echo '${line}'`).join("; ");
    this.#script("share/inventory/mender-inventory-site", commands);
  }

  /** An update module whose ArtifactInstall runs these shell commands; "$2" is the folder with the payload. */
  addModule(name: string, install: string, reboot: "No" | "Automatic" = "No"): void {
    const cases = [`NeedsArtifactReboot) echo ${reboot} ;;`, `ArtifactInstall) ${install} ;;`];
    this.#script(`share/modules/v3/${name}`, `case "$1" in ${cases.join(" ")} esac`);
  }

  /** An update module as its package has it. */
  addPublishedModule(name: string): void {
    copyFileSync(join(PUBLISHED_MODULES, name), join(this.#folder, "share/modules/v3", name));
  }

  /** Gives the device what it needs to be configured; the values come to be in the folder this returns. */
  addConfiguration(apply: string): string {
    const folder = join(this.#folder, "configuration");
    mkdirSync(join(folder, "apply-device-config.d"), { recursive: true });
    this.#script("configuration/apply-device-config.d/apply", apply);
    for (const [script, place] of Object.entries(CONFIGURATION_SCRIPTS))
      copyFileSync(join(import.meta.dirname, "configuration", script), join(this.#folder, place));
    return folder;
  }

  start(): this {
    const binds = Object.entries(FIXED_FOLDERS).map(
      ([fixed, own]) => `mount --bind '${join(this.#folder, own)}' ${fixed}`,
    );
    const data = join(this.#folder, "data");
    const agent = `exec mender --no-syslog --data '${data}' --fallback-config /nowhere daemon`;
    const [program, ...flags] = OWN_MOUNTS;
    const log = openSync(this.logFile, "a");
    this.#process = spawn(program!, [...flags, "sh", "-c", [...binds, agent].join(" && ")], {
      stdio: ["ignore", log, log],
      env: this.#environment,
    });
    closeSync(log);
    // mender-connect has the agent act by `mender check-update`, which asks systemd whom to send a signal.
    this.#script("bin/systemctl", `echo MainPID=${this.#process.pid}`);
    return this;
  }

  async stop(): Promise<void> {
    if (this.#process !== undefined) await ended(this.#process);
  }

  get #environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      PATH: `${join(this.#folder, "bin")}:${process.env["PATH"]}:/usr/sbin:/sbin`,
      CONFIGURATION_FOLDER: join(this.#folder, "configuration"),
      ...(this.#busAddress === undefined ? {} : { DBUS_SYSTEM_BUS_ADDRESS: this.#busAddress }),
    };
  }

  #write(path: string, text: string, mode = 0o644): void {
    writeFileSync(join(this.#folder, path), text, { mode });
  }

  #script(path: string, commands: string): void {
    this.#write(path, `#!/bin/sh\n${commands}\n`, 0o755);
  }
}

const configuration = (settings: DeviceSettings) => ({
  ServerURL: settings.serverUrl,
  ServerCertificate: settings.caFile,
  TenantToken: settings.tenantToken,
  UpdatePollIntervalSeconds: settings.pollSeconds ?? 1,
  InventoryPollIntervalSeconds: settings.pollSeconds ?? 3,
  RetryPollIntervalSeconds: 1,
  DBus: { Enabled: settings.busAddress !== undefined },
  ...(settings.verifyKey === undefined ? {} : { ArtifactVerifyKey: settings.verifyKey }),
});
