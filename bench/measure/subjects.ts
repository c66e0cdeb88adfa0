import { deviceIdOf, type FleetPlan } from "../fleet/device.ts";
import type { Answer } from "../load/answer.ts";
import { costIn } from "../load/cost.ts";
import type { LocalServer } from "../local-server.ts";
import { abort, addRelease, deploy, statusCounts } from "./management.ts";
import type { Subject } from "./rounds.ts";
import { Probe } from "./probe.ts";
import type { CheckMode } from "../report/results.ts";
import type { WorkloadName } from "../workloads/catalogue.ts";
import type { Update } from "../workloads/update.ts";

const COUNTED = 200;
const COUNTED_UPDATES = 20;
const MOST_UPDATES = 5000;
const GREAT_RELEASE = "great";

const isGiven = ({ status }: Answer) => status === 200;
const costsNothing = ({ head }: Answer) => {
  const cost = costIn(head);
  return cost?.statements === 0 && cost.objectCalls === 0;
};

/** A relaxed server may learn of a change this much later; the rest is for a busy machine. */
const KNOWN_WITHIN_MS = 15_000;

const plain = (id: string, title: string, name: WorkloadName, mode: CheckMode): Subject => ({
  id,
  title,
  mode,
  countedTurns: COUNTED,
  before: () => Promise.resolve({ name }),
});

export const idleChecks = (mode: CheckMode): Subject =>
  plain("W1", `idle check, ${mode}`, "idle-check", mode);

/** What a token costs that the server has not seen before. */
export const firstChecks = (mode: CheckMode): Subject =>
  plain("W1 new", `idle check, ${mode}, token not seen before`, "first-check", mode);

export const unchangedReports = (mode: CheckMode): Subject =>
  plain("W2", "inventory, unchanged", "inventory-unchanged", mode);

export const changedReports = (mode: CheckMode): Subject =>
  plain("W3", "inventory, one value changed", "inventory-changed", mode);

export const reauthentications = (mode: CheckMode): Subject =>
  plain("W4", "re-authentication", "authentication", mode);

/**
 * Each run has a release and a deployment of its own, for the next devices of the fleet, so that every update is a real
 * one. Afterwards the server must have counted exactly the updates that came to their end.
 */
export function wholeUpdates(server: LocalServer, plan: FleetPlan, data: string, mode: CheckMode): Subject {
  let run = 0;
  let next = 0;
  let running: string | undefined;
  const before = async () => {
    run += 1;
    const update: Update = {
      first: next,
      count: Math.min(plan.devices, MOST_UPDATES),
      from: `release-${run - 1}`,
      to: `release-${run}`,
    };
    next = (next + update.count) % plan.devices;
    const devices = Array.from({ length: update.count }, (_, i) =>
      deviceIdOf((update.first + i) % plan.devices),
    );
    await addRelease(server, update.to);
    running = await deploy(server, update.to, { devices });
    const probe = await Probe.open(server, data);
    await probe.until(isGiven, KNOWN_WITHIN_MS, update.first, update.from);
    probe.close();
    return { name: "update" as const, update };
  };
  return {
    id: "W5",
    title: "whole update (7 requests)",
    mode,
    countedTurns: COUNTED_UPDATES,
    before,
    async after({ turns, unfinished }) {
      const id = running ?? "";
      const { success = 0 } = await statusCounts(server, id);
      // A deployment that all its devices have finished cannot be aborted.
      if (success < Math.min(plan.devices, MOST_UPDATES)) await abort(server, id);
      const isCounted = success >= turns && success <= turns + unfinished;
      return isCounted ? [] : [`${success} updates counted in place of ${turns}`];
    },
  };
}

const TARGETS_AT_WORK = 20;

/** Who is in a great deployment is read in the background, and meanwhile everybody asks the head, or the database. */
const SETTLED_WITHIN_MS = 90_000;

/** A deployment for all targets and nobody else, in which some have begun. Returns what ends it. */
export async function greatDeployment(
  server: LocalServer,
  plan: FleetPlan,
  data: string,
): Promise<() => Promise<void>> {
  await addRelease(server, GREAT_RELEASE);
  const id = await deploy(server, GREAT_RELEASE, { group: plan.targets });
  const probe = await Probe.open(server, data);
  await probe.until(isGiven, KNOWN_WITHIN_MS, plan.outsiders);
  for (let i = 1; i < TARGETS_AT_WORK; i++) await probe.ask(plan.outsiders + i);
  await probe.until(costsNothing, SETTLED_WITHIN_MS, 0);
  probe.close();
  return () => abort(server, id);
}

export const outsiderChecks = (plan: FleetPlan, mode: CheckMode): Subject =>
  plain(
    "W6",
    `idle check beside a deployment for ${plan.targets.toLocaleString("en")} others, ${mode}`,
    "outsider-check",
    mode,
  );
