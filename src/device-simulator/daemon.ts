import { setTimeout as wait } from "node:timers/promises";
import type { Attribute, SimulatedDevice } from "./device.ts";
import { carryOut, type UpdateOptions, type UpdateOutcome } from "./update.ts";

export interface DaemonOptions extends UpdateOptions {
  pollMs: number;
  /** Ends the daemon between two polls. */
  signal: AbortSignal;
  inventory?: () => Attribute[];
  onUpdate?: (artifactName: string, outcome: UpdateOutcome) => void;
  onError?: (cause: unknown) => void;
}

/** One round of a device daemon: inventory, update check, update. False while the device is not accepted. */
async function poll(
  device: SimulatedDevice,
  options: Omit<DaemonOptions, "pollMs" | "signal">,
): Promise<boolean> {
  if (device.id === undefined && !(await device.authenticate())) return false;
  await device.reportInventory(options.inventory?.());
  const instructions = await device.askForUpdate();
  if (!instructions) return true;
  const outcome = await carryOut(device, instructions, options);
  options.onUpdate?.(instructions.artifact.artifact_name, outcome);
  await device.reportInventory(options.inventory?.());
  return true;
}

/** Polls until told to stop. An error ends the round, not the daemon. */
export async function runDaemon(device: SimulatedDevice, options: DaemonOptions): Promise<void> {
  while (!options.signal.aborted) {
    await poll(device, options).catch((cause: unknown) => options.onError?.(cause));
    await wait(options.pollMs, undefined, { signal: options.signal }).catch(() => {});
  }
}
