import { runDaemon } from "../device-simulator/daemon.ts";
import { SimulatedDevice, type Attribute, type DeviceOptions } from "../device-simulator/device.ts";
import { carryOut } from "../device-simulator/update.ts";
import { demoArtifact } from "./demo-artifact.ts";
import type { DemoOperator } from "./demo-operator.ts";

export const FLEET_LEAST = 20;
export const FLEET_MOST = 1000;

const TYPES = ["raspberrypi4-64", "beaglebone", "qemux86-64"];
const GROUPS = ["factory", "field", "laboratory"];
const AT_ONCE = 8;
/** Of so many one stays pending, and one is accepted and never heard of again. */
const ONE_PENDING_OF = 12;
const ONE_SILENT_OF = 15;
const ONE_ALERTS_OF = 10;

type Place = Pick<DeviceOptions, "serverUrl" | "ca" | "tenantToken">;
type Tell = (what: string) => void;

/** Calls `work` for each, a few at once, and tells every tenth of the way. */
async function each<T>(
  all: readonly T[],
  name: string,
  show: Tell,
  work: (one: T, index: number) => Promise<void>,
): Promise<void> {
  const tenth = Math.max(1, Math.ceil(all.length / 10));
  let [next, done] = [0, 0];
  const runner = async () => {
    for (let index = next++; index < all.length; index = next++) {
      const one = all[index];
      if (one !== undefined) await work(one, index);
      done += 1;
      if (done % tenth === 0 || done === all.length) show(`${name}: ${done} of ${all.length}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runner));
}

interface Member {
  device: SimulatedDevice;
  type: string;
  group: string;
  index: number;
}

const typeOf = (index: number): string => TYPES[index % TYPES.length] ?? "";
const groupOf = (index: number): string => GROUPS[Math.floor(index / 2) % GROUPS.length] ?? "";

/** Something plausible that is the same whenever it is asked. */
function attributesOf({ index, group }: Member): Attribute[] {
  return [
    { name: "hostname", value: `${group}-${index + 1}` },
    { name: "kernel", value: index % 4 === 0 ? "Linux 6.6.62" : "Linux 6.12.9" },
    { name: "mem_total_kB", value: [524_288, 1_048_576, 4_194_304][index % 3] ?? 0 },
    { name: "ipv4_eth0", value: `10.0.${index >> 8}.${index & 255}/16` },
    { name: "temperature", value: 38 + ((index * 7) % 30) },
    { name: "line", value: (index % 5) + 1 },
  ];
}

const FAULTS = [
  "checksum mismatch after 41 MB: expected 3f2a, got 91c0",
  "the update module ended with status 1: no space left on device",
];

/** A fleet with a past: what a newcomer's pages have to show. */
export class Fleet {
  readonly #operator: DemoOperator;
  readonly #place: Place;
  #all: Member[] = [];
  #members: Member[] = [];

  constructor(operator: DemoOperator, place: Place) {
    this.#operator = operator;
    this.#place = place;
  }

  async fill(size: number, step: Tell, show: Tell): Promise<void> {
    step(`${size} devices ask to be let in.`);
    const all = Array.from({ length: size }, (_, index) => this.#make(index));
    this.#all = all;
    await each(all, "asked", show, async ({ device }) => void (await device.authenticate()));

    step("The operator accepts most of them.");
    await this.#accept(all, show);
    this.#members = all.filter(({ device }) => device.id !== undefined);

    step("They report what they are, but some, and are put into groups.");
    await each(this.#speaking(), "reported", show, (one) => one.device.reportInventory(attributesOf(one)));
    await this.#group();

    step("The operator uploads releases.");
    const [base, better, worse] = await this.#releases(show);

    step(`${base} goes to the factory, to all at once, and finishes.`);
    await this.#operator.deployToGroup("factory", { name: "Base for the factory", artifact_name: base });
    await this.#update("factory", show);

    step(`${better} goes to the field in phases and is on its way.`);
    await this.#operator.deployToGroup("field", {
      name: "Better networking, field first",
      artifact_name: better,
      phases: [{ batch_size: 40 }, {}],
      rollout: {
        order: "hash",
        gates: [{ phase: 2, approvals: 1 }],
        stop: [{ percent: 5, results: 5 }],
        judge: {},
      },
    });
    await this.#update("field", show);

    step(`${worse} fails in the laboratory, and its own rule stops it.`);
    await this.#operator.deployToGroup("laboratory", {
      name: "New kernel, laboratory",
      artifact_name: worse,
      rollout: { order: "hash", stop: [{ percent: 20, results: 3 }], on_stop: { action: "pause" } },
    });
    await this.#update("laboratory", show, (index) =>
      index % 2 === 0 ? FAULTS[(index >> 1) % 2] : undefined,
    );

    step("Some tell that something is wrong with them.");
    await this.#alert(show);
  }

  /** Until told to stop. */
  async keepRunning(pollMs: number, signal: AbortSignal): Promise<void> {
    await Promise.all(
      this.#speaking().map((one) =>
        runDaemon(one.device, { pollMs, signal, inventory: () => attributesOf(one) }),
      ),
    );
  }

  close(): void {
    for (const { device } of this.#all) device.close();
  }

  #make(index: number): Member {
    const type = typeOf(index);
    const device = new SimulatedDevice({ ...this.#place, deviceType: type, artifactName: "factory-0.9" });
    return { device, type, group: groupOf(index), index };
  }

  async #accept(all: readonly Member[], show: Tell): Promise<void> {
    const wanted = new Map(
      all.flatMap(({ device, index }) =>
        index % ONE_PENDING_OF === ONE_PENDING_OF - 1 ? [] : [[device.identity.mac, device] as const],
      ),
    );
    const pending = [];
    for (let page = 1; ; page += 1) {
      const found = await this.#operator.pendingDevices(page);
      pending.push(...found.filter(({ identity_data: { mac } }) => wanted.has(String(mac))));
      if (found.length < 500) break;
    }
    await each(pending, "accepted", show, async (known) => {
      await this.#operator.accept(known);
      await wanted.get(String(known.identity_data.mac))?.authenticate();
    });
  }

  #speaking(): Member[] {
    return this.#members.filter(({ index }) => index % ONE_SILENT_OF !== ONE_SILENT_OF - 1);
  }

  async #group(): Promise<void> {
    for (const group of GROUPS) {
      const ids = this.#speaking().flatMap((one) => (one.group === group ? [one.device.id ?? ""] : []));
      await this.#operator.addToGroup(group, ids);
    }
  }

  async #releases(show: Tell): Promise<[base: string, better: string, worse: string]> {
    const stamp = Math.floor(Date.now() / 1000).toString(36);
    const names: [string, string, string] = [`1.0-${stamp}`, `1.1-${stamp}`, `1.2-${stamp}`];
    const tags = [["stable"], ["candidate"], ["candidate", "kernel"]];
    for (const [index, name] of names.entries()) {
      await this.#operator.upload(await demoArtifact(name, TYPES), "Made by npm run demo");
      await this.#operator.setTags(name, tags[index] ?? []);
      show(name);
    }
    await this.#operator.setNotes(names[2], "New kernel. Watch devices with little memory.");
    return names;
  }

  /** Those of a group ask once; `faultOf` says of whom the update fails, and why. */
  async #update(group: string, show: Tell, faultOf?: (index: number) => string | undefined): Promise<void> {
    const asking = this.#speaking().filter((one) => one.group === group);
    await each(asking, "asked for it", show, async (one, index) => {
      const instructions = await one.device.askForUpdate();
      if (!instructions) return;
      const fault = faultOf?.(index);
      await carryOut(one.device, instructions, {
        install: () => {
          if (fault !== undefined) throw new Error(fault);
        },
      });
      await one.device.reportInventory(attributesOf(one));
    });
  }

  async #alert(show: Tell): Promise<void> {
    const ill = this.#speaking().filter((_, index) => index % ONE_ALERTS_OF === 1);
    await each(ill, "told", show, ({ device, index }) => {
      const isDisk = index % 2 === 0;
      const timestamp = new Date().toISOString();
      const name = isDisk ? "Disk nearly full" : "Service is not running";
      const subject = isDisk
        ? {
            name: "/data",
            type: "diskusage",
            status: "94 %",
            details: { description: "/data is used to 94 %" },
          }
        : {
            name: "gateway.service",
            type: "systemd",
            status: "failed",
            details: { description: "gateway.service ended with status 1" },
          };
      return device.sendAlerts([{ name, level: "CRITICAL", subject, timestamp }]);
    });
  }
}
