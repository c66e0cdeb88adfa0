import { beforeEach, describe, expect, it } from "vitest";
import { aDevice, aTenant, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { anArtifact, ARTIFACTS, bucketObjects, storageRows } from "../support/artifacts.ts";
import { DEVICE, deploy, inInventory, MANAGEMENT } from "../support/deployments.ts";
import { Outage, type Part, PARTS } from "../support/outage.ts";
import { type Answer, type Call, served, Server } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";

const SEARCH = "/api/management/v2/inventory/filters/search";
const ATTRIBUTES = "/api/devices/v1/inventory/device/attributes";
const NEXT = `${DEVICE}/next?device_type=pi4&artifact_name=release-1`;
/** What a fall-back remembers of what was away. */
const FORGOTTEN_MS = 10_000;
const AT_ONCE = 4;

let server: Server;
let outage: Outage;
let user: TestUser;
let device: TestDevice;
/** Has nothing to do. */
let idle: TestDevice;
/** What new deployments are for. */
let target: TestDevice;
let link: string;
let turn = 0;

beforeEach(async () => {
  server = await Server.start();
  outage = new Outage(server);
  user = await aUser(server);
  device = await aDevice(server);
  await inInventory(server, [device]);
  idle = await aDevice(server);
  target = await aDevice(server);
  const file = await anArtifact({ name: "release-2", deviceTypes: ["pi4"] });
  expect((await send("POST", ARTIFACTS, { token: user.token, ...form(file) })).status).toBe(201);
  await deploy(server, user, [device]);
  const told = await send("GET", NEXT, { token: device.token });
  link = told.json<{ artifact: { source: { uri: string } } }>().artifact.source.uri;
});

const send = (method: string, path: string, call: Call) => server.call(method, path, call, outage.env);

function form(bytes: Uint8Array<ArrayBuffer>): Call {
  const body = new FormData();
  body.append("artifact", new Blob([bytes]), "a.mender");
  return { body };
}

/** Everyday work of devices and users, each of which may be sent any number of times. */
const WORK: Record<string, () => Promise<Answer>> = {
  "an idle check": () => send("GET", NEXT, { token: idle.token }),
  "a check with an update": () => send("GET", NEXT, { token: device.token }),
  "an inventory report": () =>
    send("PATCH", ATTRIBUTES, { token: device.token, json: [{ name: "turn", value: String(turn++) }] }),
  "a download": () => send("GET", link, {}),
  "a search": () => send("POST", SEARCH, { token: user.token, json: {} }),
  "a list": () => send("GET", "/api/management/v2/devauth/devices", { token: user.token }),
  "a new deployment": () =>
    send("POST", MANAGEMENT, {
      token: user.token,
      json: { name: `d-${turn++}`, artifact_name: "release-2", devices: [target.id] },
    }),
  "an upload": async () => {
    const bytes = await anArtifact({ name: `r-${turn++}`, deviceTypes: ["pi4"] });
    return send("POST", ARTIFACTS, { token: user.token, ...form(bytes) });
  },
  "a device that is new": () => {
    const fresh = new SigningDevice({ mac: `m-${turn++}` });
    const body = fresh.body();
    const headers = { "Content-Type": "application/json", "X-MEN-Signature": fresh.signature(body) };
    return send("POST", "/api/devices/v1/authentication/auth_requests", { body, headers });
  },
};

/** What each answers when all is well. */
const WELL: Record<string, number> = {
  "an idle check": 204,
  "a check with an update": 200,
  "an inventory report": 200,
  "a download": 200,
  "a search": 200,
  "a list": 200,
  "a new deployment": 201,
  "an upload": 201,
  "a device that is new": 401,
};

/** What goes on as ever while a part is away; the rest is told to come back. */
const GOES_ON: Record<Part, (work: string) => boolean> = {
  // A link is known for some seconds.
  DB: (work) => ["an idle check", "a download"].includes(work),
  ARTIFACTS: (work) => !["a download", "an upload"].includes(work),
  JOBS: () => true,
  // The head may answer for what was reported before.
  TENANT_HEAD: (work) => work !== "an inventory report",
};

async function underLoad(): Promise<Record<string, Answer[]>> {
  const entries = Object.entries(WORK).map(async ([name, work]): Promise<[string, Answer[]]> => [
    name,
    await Promise.all(Array.from({ length: AT_ONCE }, work)),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

/** How many of each there are, as clients see it. */
async function records() {
  const total = async (path: string) =>
    Number((await send("GET", path, { token: user.token })).headers.get("x-total-count"));
  const [deployments, artifacts] = [await total(`${MANAGEMENT}?per_page=1`), (await bucketObjects()).length];
  const rows = await storageRows();
  return { deployments, objects: artifacts, artifacts: rows.artifacts, uploads: rows.uploads };
}

const added = (answers: Answer[] | undefined) =>
  (answers ?? []).filter(({ status }) => status === 201).length;

const comeBack = ({ status, headers, text }: Answer) => [
  status,
  Number(headers.get("retry-after")) > 0,
  /"error":"[^"]+","request_id":"/.test(text),
];

describe.each(PARTS)("while %s is away", (part) => {
  it("what needs it is told to come back, the rest goes on, nothing is half-written, and it is over when it is over", async () => {
    await underLoad(); // what is remembered is remembered
    const before = await records();
    outage.begin(part);
    const during = await underLoad();
    outage.end();
    for (const [name, answers] of Object.entries(during)) {
      for (const answer of answers)
        if (GOES_ON[part](name)) expect([name, answer.status]).toEqual([name, WELL[name]]);
        else expect([name, ...comeBack(answer)]).toEqual([name, 503, true, true]);
    }
    const after = await records();
    const uploads = added(during["an upload"]);
    expect(after).toEqual({
      deployments: before.deployments + added(during["a new deployment"]),
      artifacts: (before.artifacts ?? 0) + uploads,
      objects: before.objects + uploads,
      uploads: before.uploads,
    });
    server.advance(FORGOTTEN_MS);
    for (const [name, answers] of Object.entries(await underLoad()))
      expect([name, ...answers.map(({ status }) => status)]).toEqual([
        name,
        ...answers.map(() => WELL[name]),
      ]);
  });
});

describe("a clock that jumps", () => {
  const DAY_MS = 86_400_000;
  const YEAR_MS = 365 * DAY_MS;

  it.each([
    ["an hour forward", 3_600_000],
    ["an hour back", -3_600_000],
    ["a day back", -DAY_MS],
    ["a year back", -YEAR_MS],
  ])("%s: honest clients are answered, then and after it is put right", async (_, jumpMs) => {
    const statuses = async () => {
      const { token } = await aUser(server);
      const fresh = await aDevice(server);
      const check = await send("GET", NEXT, { token: fresh.token });
      const list = await send("GET", "/api/management/v2/devauth/devices", { token });
      const told = await send("PATCH", ATTRIBUTES, { token: fresh.token, json: [{ name: "a", value: "b" }] });
      const deployed = await WORK["a new deployment"]!();
      return [check, list, told, deployed].map(({ status }) => status);
    };
    const { token } = user;
    server.advance(jumpMs);
    expect(await statuses()).toEqual([204, 200, 200, 201]);
    server.advance(-jumpMs);
    expect(await statuses()).toEqual([204, 200, 200, 201]);
    expect((await send("GET", "/api/management/v1/useradm/users/me", { token })).status).toBe(200);
  });

  it("a year forward: old tokens and links have ended, new ones are given", async () => {
    server.advance(YEAR_MS);
    expect((await send("GET", NEXT, { token: device.token })).status).toBe(401);
    expect((await send("GET", link, {})).status).toBe(403);
    user = await aUser(server);
    device = await aDevice(server);
    expect((await send("GET", NEXT, { token: device.token })).status).toBe(204);
  });
});

describe("caches of all tenants that are cold at once", () => {
  const TENANTS = 30;

  it("are filled beside each other, one trip for each, and every check is right", async () => {
    const fleet = [];
    for (let n = 0; n < TENANTS; n++) fleet.push(await aDevice(server, { tenant: await aTenant(server) }));
    const cold = { ...served };
    const check = ({ token }: TestDevice) => server.call("GET", NEXT, { token }, cold);
    const first = await Promise.all(fleet.flatMap((one) => [check(one), check(one)]));
    expect(new Set(first.map(({ status }) => status))).toEqual(new Set([204]));
    expect(Math.max(...first.map(({ cost }) => cost.trips))).toBeLessThanOrEqual(1);
    const second = await Promise.all(fleet.map(check));
    expect(second.map(({ status, cost }) => [status, cost.trips])).toEqual(fleet.map(() => [204, 0]));
  });
});
