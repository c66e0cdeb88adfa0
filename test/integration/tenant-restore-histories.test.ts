import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { asTenantId } from "../../src/platform/ids.ts";
import { restoreTenants } from "../../src/tenantdata/index.ts";
import { runSweeps } from "../../src/app/sweeps.ts";
import { LEASE_MS, runRestore } from "../../src/tenantdata/restoring/restores.ts";
import { aDevice, type TestDevice, type TestUser } from "../support/actors.ts";
import { answersAt } from "../support/answers.ts";
import { aFilledTenant } from "../support/archives.ts";
import { Crash, crashingDeps, Moments } from "../support/crashing.ts";
import { deploy, inInventory, MANAGEMENT, poll, report } from "../support/deployments.ts";
import { DEVAUTH } from "../support/device-auth.ts";
import { many, stops } from "../support/form.ts";
import {
  aJournal,
  beginRestore,
  held,
  minute,
  READS,
  restored,
  showRestore,
  stateOfJournal,
  withoutContacts,
  writeBase,
  type RestoreWire,
} from "../support/restores.ts";
import { Server } from "../support/server.ts";

const ACME = asTenantId("acme");
const INVENTORY = "/api/devices/v1/inventory/device/attributes";
const GROUPS = "/api/management/v1/inventory/groups";
const FILTERS = "/api/management/v2/inventory/filters";
const CONFIGURATION = "/api/management/v1/deviceconfig/configurations/device";
const RELEASES = "/api/management/v2/deployments/deployments/releases";

let server: Server;
let user: TestUser;
let devices: TestDevice[];
let deployments: string[];

beforeEach(begin);

async function begin(): Promise<void> {
  server = await Server.start();
  const filled = await aFilledTenant(server, "acme");
  ({ user, devices } = filled);
  deployments = [filled.deployment];
  await aJournal(server, "acme");
}

const call = (method: string, path: string, json?: unknown) =>
  server.call(method, path, { token: user.token, ...(json !== undefined && { json }) });

const one = <T>(list: readonly T[], n: number): T => list[n % list.length]!;

/** What users and devices do; what cannot be done is refused. */
const DEEDS: Readonly<Record<string, (n: number, m: number) => Promise<unknown>>> = {
  decommission: (n) => call("DELETE", `${DEVAUTH}/devices/${one(devices, n).id}`),
  decide: (n, m) => {
    const { id, authSet } = one(devices, n);
    const status = one(["accepted", "rejected", "pending"], m);
    return call("PUT", `${DEVAUTH}/devices/${id}/auth/${authSet}/status`, { status });
  },
  enrol: async () => {
    const device = await aDevice(server, { tenant: "acme" });
    devices = [...devices, device];
    await inInventory(server, [device], "field");
  },
  tell: (n, m) =>
    server.call("PATCH", INVENTORY, {
      token: one(devices, n).token,
      json: [{ name: `value ${m % 3}`, value: m }],
    }),
  group: (n, m) => call("PATCH", `${GROUPS}/group-${m % 3}/devices`, [one(devices, n).id]),
  ungroup: (n, m) => call("DELETE", `${GROUPS}/group-${m % 3}/devices`, [one(devices, n).id]),
  configure: (n, m) => call("PUT", `${CONFIGURATION}/${one(devices, n).id}`, { zone: `z${m}` }),
  filter: (n) =>
    call("POST", FILTERS, {
      name: `filter ${n % 3}`,
      terms: [{ scope: "inventory", attribute: "line", type: "$eq", value: n }],
    }),
  unfilter: async (n) => {
    const found = (await call("GET", FILTERS)).json<{ id: string }[]>();
    if (found.length > 0) await call("DELETE", `${FILTERS}/${one(found, n).id}`);
  },
  note: (n) => call("PATCH", `${RELEASES}/release-2`, { notes: `note ${n}` }),
  label: (n) => call("PUT", `${RELEASES}/release-2/tags`, [`tag-${n % 3}`, "x"]),
  deploy: async (n, m) => {
    const to = [one(devices, n), one(devices, m)];
    const id = await deploy(server, user, [...new Set(to)]).catch(() => undefined);
    if (id !== undefined) deployments = [...deployments, id];
  },
  abort: (n) => call("PUT", `${MANAGEMENT}/${one(deployments, n)}/status`, { status: "aborted" }),
  poll: (n) => poll(server, one(devices, n), { device_type: "raspberrypi4" }),
  report: (n, m) =>
    report(
      server,
      one(devices, n),
      one(deployments, m),
      one(["downloading", "installing", "success", "failure"], m),
    ),
};

const deed = fc.record({
  name: fc.constantFrom(...Object.keys(DEEDS)),
  n: fc.nat({ max: 9 }),
  m: fc.nat({ max: 9 }),
});

const done = (name: string, n = 0, m = 0) => ({ name, n, m });

/** Histories that are always tried, each with the minutes that are gone back to. */
const EXAMPLES: [ReturnType<typeof done>[][], number[]][] = [
  // A deployment names a device that is gone, and it is there again when that minute is gone back to.
  [
    [
      [done("note")],
      [done("decommission")],
      [done("decommission")],
      [done("deploy", 1), done("decommission")],
    ],
    [0, 3],
  ],
];

/** What there was at a time, as users saw it. */
interface Then {
  atMs: number;
  /** Devices that were there. */
  there: string[];
  devices: TestDevice[];
  deployments: string[];
  answers: string[];
}

async function answersOf(of: Pick<Then, "devices" | "deployments">): Promise<string[]> {
  const found = await answersAt(server, user.token, [
    ...READS,
    FILTERS,
    ...of.deployments.flatMap((id) => [`${MANAGEMENT}/${id}`, `${MANAGEMENT}/${id}/devices`]),
    ...of.devices.map(({ id }) => `${CONFIGURATION}/${id}`),
    ...of.devices.map(({ id }) => `/api/management/v1/deployments/deployments/devices/${id}`),
  ]);
  return withoutContacts(found).map((text) => text.replaceAll(/"request_id":"[^"]*"/g, ""));
}

const idsNow = async () =>
  (await call("GET", `${DEVAUTH}/devices?per_page=100`)).json<{ id: string }[]>().map(({ id }) => id);

/** Takes away the devices that came since; answers which. */
async function removeNew(there: readonly string[]): Promise<string[]> {
  const since = (await idsNow()).filter((id) => !there.includes(id));
  for (const id of since) expect((await call("DELETE", `${DEVAUTH}/devices/${id}`)).status).toBe(204);
  await server.deliverEvents();
  return since;
}

const isOfDeployments = (answer: string): boolean => answer.startsWith(MANAGEMENT);

/** Expects everything to be as then, but for the devices that came since and wait. */
async function expectAsThen(label: number, then: Omit<Then, "atMs">): Promise<void> {
  const ofDeployments = then.answers.filter(isOfDeployments);
  const now = (await answersOf(then)).filter(isOfDeployments);
  expect([label, now]).toEqual([label, ofDeployments]);
  const since = await removeNew(then.there);
  // A deployment has it in its record that a device which it names was taken away.
  const isTold = since.some((id) => ofDeployments.some((answer) => answer.includes(`"${id}"`)));
  const compared = (answers: string[]) =>
    isTold ? answers.filter((answer) => !isOfDeployments(answer)) : answers;
  expect([label, compared(await answersOf(then))]).toEqual([label, compared(then.answers)]);
}

describe("a tenant that is restored", () => {
  it(
    "is answered as at any of its minutes, whatever was done before and since",
    async () => {
      const history = fc.array(fc.array(deed, { minLength: 1, maxLength: 8 }), {
        minLength: 2,
        maxLength: 5,
      });
      await fc.assert(
        fc.asyncProperty(
          history,
          fc.array(fc.nat(), { minLength: 2, maxLength: 3 }),
          async (parts, turns) => {
            await begin();
            const minutes: Then[] = [];
            for (const [i, part] of parts.entries()) {
              for (const { name, n, m } of part) await DEEDS[name]!(n, m);
              await server.deliverEvents();
              const atMs = await minute(server, ACME);
              const then = { devices, deployments };
              minutes.push({ ...then, atMs, there: await idsNow(), answers: await answersOf(then) });
              if (i === 1) await writeBase(server);
            }
            for (const turn of turns) {
              const then = one(minutes, turn);
              expect(await restored(server, "acme", then.atMs)).toMatchObject({ state: "done" });
              await expectAsThen(turn, then);
              server.advance(60_000);
            }
          },
        ),
        { numRuns: EXAMPLES.length + many(60, 3), examples: EXAMPLES },
      );
    },
    many(3_600_000, 300_000),
  );
});

describe("a restore that is stopped at any moment", () => {
  /** What somebody does who is sorry for it afterwards. */
  async function mischief(): Promise<void> {
    for (const [name, n, m] of [
      ["decommission", 0, 0],
      ["decide", 1, 1],
      ["abort", 0, 0],
      ["enrol", 0, 0],
      ["tell", 2, 5],
      ["group", 2, 1],
      ["filter", 1, 0],
      ["label", 1, 0],
      ["deploy", 2, 3],
    ] as const)
      await DEEDS[name]!(n, m);
    await server.deliverEvents();
  }

  it("goes on from there, and ends the same", { timeout: 600_000 }, async () => {
    const known = { devices, deployments };
    const before = { ...known, there: await idsNow(), answers: await answersOf(known) };
    const then = await minute(server, ACME);
    const begun = async () => {
      ({ devices, deployments } = known);
      await mischief();
      return (await held(() => beginRestore(server, "acme", then))).json<RestoreWire>().id;
    };
    const moments = new Moments();
    const first = await begun();
    await runRestore(crashingDeps(await server.deps(), moments), { tenant: ACME, id: first }, 100_000);
    expect(await showRestore(server, "acme", first)).toMatchObject({ state: "done" });
    await expectAsThen(0, before);
    expect(moments.count).toBeGreaterThan(60);
    for (const stopAt of stops(moments.count, 8)) {
      const id = await begun();
      const stopped = crashingDeps(await server.deps(), new Moments(stopAt));
      await expect(runRestore(stopped, { tenant: ACME, id }, 100_000)).rejects.toThrow(Crash);
      // Whoever worked on it is gone, and its time is over.
      server.advance(LEASE_MS);
      await runSweeps(await server.deps(), { restore: restoreTenants });
      expect([stopAt, await showRestore(server, "acme", id)]).toMatchObject([stopAt, { state: "done" }]);
      expect([stopAt, await stateOfJournal(ACME)]).toEqual([stopAt, "on"]);
      await expectAsThen(stopAt, before);
    }
  });
});
