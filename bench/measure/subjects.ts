import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deviceIdOf, tokenOf, type FleetPlan } from "../fleet/device.ts";
import type { Answer } from "../load/answer.ts";
import { costIn } from "../load/cost.ts";
import { Connection } from "../load/connection.ts";
import type { LocalServer } from "../local-server.ts";
import { abort, addRelease, deploy, statusCounts } from "./management.ts";
import type { Subject } from "./rounds.ts";
import type { CheckMode } from "../report/results.ts";
import type { WorkloadName } from "../workloads/catalogue.ts";
import { updateCheck } from "../workloads/requests.ts";
import type { Update } from "../workloads/update.ts";

const COUNTED = 200;
const COUNTED_UPDATES = 20;
const MOST_UPDATES = 5000;
const GREAT_RELEASE = "great";

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
export function wholeUpdates(server: LocalServer, plan: FleetPlan, mode: CheckMode): Subject {
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
    return { name: "update" as const, update };
  };
  return {
    id: "W5",
    title: "whole update (7 requests)",
    mode,
    countedTurns: COUNTED_UPDATES,
    before,
    async after({ turns }) {
      const id = running ?? "";
      const { success = 0 } = await statusCounts(server, id);
      // A deployment that all its devices have finished cannot be aborted.
      if (success < Math.min(plan.devices, MOST_UPDATES)) await abort(server, id);
      return success === turns ? [] : [`${success} updates counted in place of ${turns}`];
    },
  };
}

const TARGETS_AT_WORK = 20;

const SETTLED_WITHIN_MS = 90_000;

/**
 * Some of the targets ask, so that the deployment is in progress; then an outsider, until the server knows that it is
 * one: who is in a great deployment is read in the background, and meanwhile everybody asks the database.
 */
async function begin(server: LocalServer, plan: FleetPlan, data: string): Promise<void> {
  const serverKey = createPrivateKey(readFileSync(join(data, "signing-key.pem")));
  const issuedS = Math.floor(Date.now() / 1000) - 60;
  const connection = await Connection.open(Number(new URL(server.url).port));
  const ask = (index: number) =>
    new Promise<Answer>((answered) =>
      connection.send(updateCheck(tokenOf(index, serverKey, issuedS)), answered),
    );
  for (let i = 0; i < TARGETS_AT_WORK; i++) {
    const { status, body } = await ask(plan.outsiders + i);
    if (status !== 200) throw new Error(`a target was answered ${status} ${body}`);
  }
  const end = performance.now() + SETTLED_WITHIN_MS;
  for (let i = 0; costIn((await ask(i % plan.outsiders)).head)?.statements !== 0; i++) {
    if (performance.now() > end) throw new Error("outsiders are not known as such");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  connection.close();
}

/** A deployment for all targets and nobody else. Returns what ends it. */
export async function greatDeployment(
  server: LocalServer,
  plan: FleetPlan,
  data: string,
): Promise<() => Promise<void>> {
  await addRelease(server, GREAT_RELEASE);
  const id = await deploy(server, GREAT_RELEASE, { group: plan.targets });
  await begin(server, plan, data);
  return () => abort(server, id);
}

export const outsiderChecks = (plan: FleetPlan, mode: CheckMode): Subject =>
  plain(
    "W6",
    `idle check beside a deployment for ${plan.targets.toLocaleString("en")} others, ${mode}`,
    "outsider-check",
    mode,
  );
