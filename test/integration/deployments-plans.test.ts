import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { purgeDevices } from "../../src/deployments/store/remove.ts";
import { addFound, foundTargets, untargeted } from "../../src/deployments/store/targeting.ts";
import { byIdempotencyKey } from "../../src/deployments/store/create.ts";
import {
  devicesAfter,
  devicePlace,
  devicesOf,
  deploymentHead,
  historyOf,
  targetChunk,
} from "../../src/deployments/store/devices.ts";
import { explained, firstInLine } from "../../src/deployments/store/explain.ts";
import { busyDevices, wideDeployments } from "../../src/deployments/store/digest.ts";
import { candidates, deviceToMatch } from "../../src/deployments/store/dynamic.ts";
import { lastStatuses, resetHistory } from "../../src/deployments/store/history.ts";
import {
  askAgain,
  countJoined,
  currentDeployment,
  join,
  lastPlace,
  tallyJoined,
} from "../../src/deployments/store/assignment.ts";
import { moveStatements } from "../../src/deployments/store/status-transitions.ts";
import {
  countersOf,
  deploymentById,
  deploymentsById,
  listDeployments,
} from "../../src/deployments/store/queries.ts";
import { reportedState } from "../../src/deployments/store/device-status.ts";
import { abort, settleAborted, unqueue } from "../../src/deployments/store/abort.ts";
import {
  anyWithArtifact,
  mayDownload,
  queueUnseen,
  unfinishedWithArtifact,
} from "../../src/deployments/store/usage.ts";
import type { Statement } from "../../src/platform/database.ts";
import { asDeviceId, DEFAULT_TENANT } from "../../src/platform/ids.ts";
import { deviceCheckInsStatement, hasSomeDeviceStatement } from "../../src/devices/index.ts";
import { choosesByAttributes, waitOf } from "../../src/deployments/store/waits.ts";
import { countStretch } from "../../src/deployments/store/recounting.ts";
import { atIt, type DueStuck } from "../../src/deployments/store/stuck.ts";
import { env, Server } from "../support/server.ts";

const T = DEFAULT_TENANT;
const DEVICE = asDeviceId("d");
const PAGE = { page: 1, perPage: 20 };
const FIRST = { perPage: 20, offset: 0, after: undefined };
const list = { reach: "all" as const, tenant: T, ascending: false, nowMs: 1 };

const asking = {
  tenant: T,
  device: DEVICE,
  state: { deviceType: "t", artifactName: "a", provides: { artifact_name: "a" }, complete: true },
  atMs: 1,
  only: sql`1`,
};

/** Every query whose tables a fleet or its history can make large. */
const STATEMENTS: Record<string, Statement<unknown>[]> = {
  "asking for an update": [
    askAgain(asking),
    join(asking),
    countJoined(asking),
    tallyJoined(asking),
    lastPlace(asking),
    currentDeployment(asking, { governed: true }),
    waitOf(asking),
    ...choosesByAttributes({ tenant: T, device: DEVICE }),
    candidates(T, DEVICE, 1),
    deviceToMatch(T, DEVICE),
    wideDeployments(T),
    busyDevices(T, 1, { status: 0, device: "" }, 10),
  ],
  "reporting a status": [
    ...moveStatements({ tenant: T, device: DEVICE, deployment: "x", to: "installing", atMs: 1 }),
    reportedState(T, DEVICE, "x"),
  ],
  "reporting a final status": moveStatements({
    tenant: T,
    device: DEVICE,
    deployment: "x",
    to: "success",
    atMs: 1,
  }),
  "decommissioning a device": [
    queueUnseen(T, DEVICE),
    ...moveStatements({ tenant: T, device: DEVICE, to: "decommissioned", atMs: 1 }),
  ],
  "aborting a deployment": [abort(T, "x", 1), settleAborted(T, "x"), unqueue(T, "x")],
  "showing a deployment": [deploymentById(T, "x"), countersOf(T, ["x"], "all"), deploymentHead(T, "x")],
  "listing deployments": [
    listDeployments(list, PAGE),
    listDeployments({ ...list, status: "inprogress" }, PAGE),
    listDeployments({ ...list, status: "finished", ascending: true }, PAGE),
    listDeployments({ ...list, createdFromMs: 5 }, PAGE),
  ],
  "looking deployments up": [
    deploymentsById(T, ["x"]),
    listDeployments({ ...list, ids: ["x"] }, PAGE),
    listDeployments({ ...list, names: ["x"], status: "finished" }, PAGE),
  ],
  "listing the devices of a deployment": [
    devicesOf(T, 1, undefined, FIRST),
    devicesOf(T, 1, [256, 512], FIRST),
    devicesOf(T, 1, [256, 512], { ...FIRST, after: { status: 256, device_id: DEVICE } }),
    devicePlace(T, 1, [256, 512], { status: 256, device_id: DEVICE }, 20),
    devicesAfter(T, 1, { status: 0, device: "" }, 20),
    targetChunk(T, 1, ""),
  ],
  "showing a device's history": [
    historyOf(T, DEVICE, undefined, PAGE),
    lastStatuses(T, ["d"]),
    ...resetHistory(T, DEVICE, 1),
  ],
  "asking for the use of an artifact": [
    unfinishedWithArtifact(T, "a"),
    anyWithArtifact(T, "a"),
    mayDownload(T, "x", DEVICE),
  ],
  explaining: [explained(T, "x", DEVICE, 1), firstInLine(T, DEVICE, 1)],
  "targeting and purging": [
    untargeted(T, "x"),
    ...addFound(T, 1, { group: undefined, after: "", limit: 10 }),
    ...addFound(T, 1, { group: "g", after: "", limit: 10 }),
    foundTargets(T, { group: "g", after: "", limit: 10 }),
    byIdempotencyKey(T, "k"),
    purgeDevices(T, 1),
  ],
};

it("the first contacts of a day find each device by its key", async () => {
  const plan = await planOf(deviceCheckInsStatement(T, [{ device: DEVICE, atMs: 1 }]));
  expect(plan[0]).toContain("(tenant_id=? AND device_id=?)");
});

it("whether devices of a list are there is found by their keys, not by going through the fleet", async () => {
  const plan = await planOf(hasSomeDeviceStatement(T, []));
  expect(plan.join()).toContain("(tenant_id=? AND device_id=?)");
});

beforeAll(async () => {
  await Server.start();
});

async function planOf(statement: Statement<unknown>): Promise<string[]> {
  const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${statement.sql}`)
    .bind(...statement.params)
    .all<{ detail: string }>();
  return results.map(({ detail }) => detail);
}

/** How long the program is that the database makes of a statement, with those of the triggers that it may fire. */
async function programOf(statement: Statement<unknown>): Promise<number> {
  const { results } = await env.DB.prepare(`EXPLAIN ${statement.sql}`)
    .bind(...statement.params)
    .all();
  return results.length;
}

// Each is compiled with each request, which is the most of what a report costs.
it.each([
  ["reporting a status", "installing", 700],
  ["reporting a final status", "success", 1250],
] as const)("%s is compiled to no more than so many steps", async (_name, to, most) => {
  const move = { tenant: T, device: DEVICE, deployment: "x", to, atMs: 1, withoutRules: true };
  let steps = 0;
  for (const statement of moveStatements(move)) steps += await programOf(statement);
  expect(steps).toBeLessThanOrEqual(most);
});

const OWN =
  /\b(deployments|deployment_counters|deployment_targets|deployment_artifacts|device_deployments)\b/;

/** Tables that a plan reads from end to end. Lists that were given and pages that were made before do not count. */
function scans(plan: readonly string[]): string[] {
  const made = plan.flatMap((line) => /^(?:CO-ROUTINE|MATERIALIZE) (\S+)/.exec(line)?.[1] ?? []);
  return plan.filter((line) => {
    const name = /^SCAN (\S+)/.exec(line)?.[1];
    const own = name !== undefined && (ALIASES.has(name) || OWN.test(line));
    return own && !line.includes("VIRTUAL TABLE") && !made.includes(name);
  });
}

/** Names by which the statements call our tables. */
const ALIASES = new Set(["d", "c", "dd", "t", "a", "m", "own", "now", "last", "same"]);

const isOwnSearch = (line: string) => {
  const name = /^SEARCH (\S+)/.exec(line)?.[1] ?? "";
  return (ALIASES.has(name) || OWN.test(name)) && !line.includes("VIRTUAL TABLE");
};

describe.each(Object.entries(STATEMENTS))("%s", (name, statements) => {
  // A list of deployments is read along the tenant, in its order; open wide deployments are few.
  const narrow = name === "listing deployments" ? /tenant_id=\?/ : /tenant_id=\? AND|counters_wide/;

  it("looks rows up by an index that begins with the tenant and scans no table", async () => {
    for (const statement of statements) {
      const plan = await planOf(statement);
      expect([statement.sql, scans(plan)]).toEqual([statement.sql, []]);
      for (const line of plan.filter(isOwnSearch)) expect(line).toMatch(narrow);
    }
  });
});

describe("what follows a place", () => {
  const after = { status: 2560, device: "d" };
  it.each([
    [
      "a page of devices",
      devicesOf(T, 1, undefined, { ...FIRST, after: { status: 2560, device_id: DEVICE } }),
    ],
    ["a place", devicePlace(T, 1, undefined, { status: 2560, device_id: DEVICE }, 20)],
    ["all devices", devicesAfter(T, 1, after, 20)],
    ["devices that are at it", busyDevices(T, 1, after, 20)],
    ["devices that stay too long", atIt({ tenant_id: T, seq: 1 } as DueStuck, after, 20)],
    ["devices counted again", countStretch(T, 1, { after, size: 20 })],
  ])("is read from that place on: %s", async (_what, statement) => {
    const found = (await planOf(statement)).filter((line) => line.includes("device_deployments_by_status"));
    expect(found).toEqual([expect.stringContaining("(status,device_id)>(?,?)")]);
  });
});

describe("pages", () => {
  it.each([
    ["deployments", listDeployments(list, PAGE)],
    ["deployments by status", listDeployments({ ...list, status: "finished" }, PAGE)],
    ["devices of a deployment", devicesAfter(T, 1, { status: 0, device: "" }, 20)],
    ["a device's history", historyOf(T, DEVICE, undefined, PAGE)],
  ])("of %s come in the order of an index", async (_what, statement) => {
    expect((await planOf(statement)).filter((line) => line.includes("TEMP B-TREE"))).toEqual([]);
  });
});
