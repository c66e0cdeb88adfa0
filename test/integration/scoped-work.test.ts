import { beforeAll, describe, expect, it } from "vitest";
import { MAX_REACHED } from "../../src/deployments/store/reach.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { refusal } from "../support/answers.ts";
import { anArtifact, deploy, idOf, inInventory, MANAGEMENT, poll, report } from "../support/deployments.ts";
import { env, Server, type Answer } from "../support/server.ts";

const M1 = "/api/management/v1";
const V2 = "/api/management/v2/useradm";
const REPORTS = `${M1}/reporting/deployments/devices`;
const DEFAULTS = `${M1}/deviceconfig/configurations`;
const LOGS = `${M1}/auditlogs/logs`;
const FORBIDDEN = [403, "forbidden by role-based access control"];

let server: Server;
let admin: TestUser;
/** Of the group `test`, and of another. */
let mine: [TestDevice, TestDevice];
let theirs: TestDevice;

const call = (by: TestUser, method: string, path: string, json?: unknown) =>
  server.call(method, path, { token: by.token, ...(json !== undefined && { json }) });
const told = (answer: Answer) => (answer.status < 300 ? answer.status : refusal(answer));
const ids = (answer: Answer, key = "id") =>
  answer.json<Record<string, string>[]>().map((one) => one[key] ?? "");
const into = (group: string | null, device: TestDevice) =>
  env.DB.prepare("UPDATE inventory_devices SET group_name = ? WHERE device_id = ?")
    .bind(group, device.id)
    .run();

const abort = async (id: string) =>
  expect(told(await call(admin, "PUT", `${MANAGEMENT}/${id}/status`, { status: "aborted" }))).toBe(204);

let roles = 0;
async function aRole(
  ...sets: (string | [string, "DeviceGroups" | "ReleaseTags", ...string[]])[]
): Promise<string> {
  const name = `role ${roles++}`;
  const granted = sets.map((set) =>
    typeof set === "string" ? { name: set } : { name: set[0], scope: { type: set[1], value: set.slice(2) } },
  );
  expect(told(await call(admin, "POST", `${V2}/roles`, { name, permission_sets_with_scope: granted }))).toBe(
    201,
  );
  return name;
}
const scoped = async (...sets: Parameters<typeof aRole>) => aUser(server, { roles: [await aRole(...sets)] });
const inTest = (set: string): [string, "DeviceGroups", string] => [set, "DeviceGroups", "test"];

beforeAll(async () => {
  server = await Server.start();
  admin = await aUser(server);
  await anArtifact(server);
  await anArtifact(server, { name: "release-3" });
  mine = [await aDevice(server), await aDevice(server)];
  theirs = await aDevice(server);
  await inInventory(server, mine, "test");
  await inInventory(server, [theirs], "other");
});

describe("deployments to a list of devices, for a user of some groups [differs: scoped-lists]", () => {
  let made = 0;
  const to = (by: TestUser, devices: string[], more: object = {}) =>
    call(by, "POST", MANAGEMENT, { name: `d${made++}`, artifact_name: "release-2", devices, ...more });

  it("are made, seen and steered while all the devices are within reach", async () => {
    const user = await scoped(inTest("DeployToDevices"), "ReadReleases");
    const both = mine.map(({ id }) => id);
    const id = idOf(await to(user, both));
    const one = `${MANAGEMENT}/${id}`;
    for (const path of [one, `${one}/statistics`, `${one}/devices`, `${one}/device_list`])
      expect([path, (await call(user, "GET", path)).status]).toEqual([path, 200]);
    expect(ids(await call(user, "GET", MANAGEMENT))).toContain(id);
    expect(told(await to(user, [...both, theirs.id]))).toEqual(FORBIDDEN);
    expect(told(await to(user, [...both, "nobody"]))).toEqual(FORBIDDEN);
    expect(told(await to(user, [], { all_devices: true }))).toEqual(FORBIDDEN);
    const many = Array.from({ length: MAX_REACHED + 1 }, () => mine[0].id);
    expect(told(await to(user, many))).toEqual(FORBIDDEN);
    const mixed = await deploy(server, admin, [...mine, theirs], { artifact_name: "release-3" });
    expect(told(await call(user, "GET", `${MANAGEMENT}/${mixed}`))).toEqual(FORBIDDEN);
    await abort(mixed);
    await into("other", mine[1]);
    expect(told(await call(user, "GET", one))).toEqual(FORBIDDEN);
    expect(ids(await call(user, "GET", MANAGEMENT))).not.toContain(id);
    await into("test", mine[1]);
    expect(told(await call(user, "PUT", `${one}/status`, { status: "aborted" }))).toBe(204);
  });

  it("are made anew for those that failed, if these are within reach, and of releases within reach", async () => {
    const user = await scoped(inTest("DeployToDevices"), "ReadReleases");
    const id = idOf(
      await call(user, "POST", `${MANAGEMENT}/group/test`, {
        name: "g",
        artifact_name: "release-3",
      }),
    );
    for (const device of mine) {
      await poll(server, device);
      await report(server, device, id, "failure");
    }
    const again = (by: TestUser, verb: string, json?: object) =>
      call(by, "POST", `${MANAGEMENT}/${id}/${verb}`, json);
    await into("other", mine[1]);
    expect(told(await again(user, "retry"))).toEqual(FORBIDDEN);
    await into("test", mine[1]);
    const blind = await scoped(inTest("DeployToDevices"), ["ReadReleases", "ReleaseTags", "none"]);
    expect(told(await again(blind, "retry"))).toEqual(FORBIDDEN);
    const back = { stop: [{ devices: 1 }], on_stop: { action: "revert", artifact_name: "release-3" } };
    await env.DB.batch([
      env.DB.prepare(
        "INSERT OR IGNORE INTO releases (tenant_id, name, artifacts_count, device_types, update_types, modified_ms) VALUES ('default', 'release-2', 1, '[]', '[]', 0)",
      ),
      env.DB.prepare(
        "INSERT INTO release_tags (tenant_id, name, tag) VALUES ('default', 'release-2', 'mine')",
      ),
    ]);
    const some = await scoped(inTest("DeployToDevices"), ["ReadReleases", "ReleaseTags", "mine"]);
    const list = mine.map((device) => device.id);
    expect(told(await to(some, list, { rollout: back }))).toEqual(FORBIDDEN);
    await abort(idOf(await to(some, list)));
    const next = idOf(await again(user, "retry"));
    expect((await call(user, "GET", `${MANAGEMENT}/${next}`)).json()).toMatchObject({
      max_devices: 2,
    });
    expect(told(await call(user, "PUT", `${MANAGEMENT}/${next}/status`, { status: "aborted" }))).toBe(204);
    const stranger = await scoped(["DeployToDevices", "DeviceGroups", "other"], "ReadReleases");
    expect(told(await again(stranger, "revert", { artifact_name: "release-3" }))).toEqual(FORBIDDEN);
  });
});

describe("what a user of some groups is told in sum", () => {
  it("of devices in deployments is about theirs, in deployments that they may see", async () => {
    const user = await scoped(inTest("ReadDevices"));
    await deploy(server, admin, [mine[0]], { name: "seen", retries: 7 });
    await deploy(server, admin, [mine[1], theirs], { name: "mixed", retries: 7 });
    for (const device of [...mine, theirs]) await poll(server, device);
    const names = [{ attribute: "deployment_retries", type: "$eq", value: 7 }];
    const aggregations = [{ name: "by", attribute: "deployment_name" }];
    const all = await call(admin, "POST", `${REPORTS}/search`, { filters: names });
    expect(ids(all, "deployment_name").toSorted()).toEqual(["mixed", "mixed", "seen"]);
    const found = await call(user, "POST", `${REPORTS}/search`, { filters: names });
    expect([ids(found, "device_id"), found.headers.get("x-total-count")]).toEqual([[mine[0].id], "1"]);
    const counted = await call(user, "POST", `${REPORTS}/aggregate`, { filters: names, aggregations });
    expect(counted.json()).toMatchObject([{ items: [{ key: "seen", count: 1 }] }]);
    const nobody = await scoped(["ReadDevices", "DeviceGroups", "none"]);
    const none = await call(nobody, "POST", `${REPORTS}/aggregate`, { aggregations });
    expect(none.json()).toMatchObject([{ items: [] }]);
  });

  it("of what the fleet does now is about theirs", async () => {
    server.advance(10_000 - (server.now % 10_000));
    for (const device of [...mine, theirs, theirs]) await poll(server, device);
    server.advance(10_000);
    const rate = async (by: TestUser) =>
      (await call(by, "GET", `${M1}/inventory/live`)).json<{ checks_per_second: number }>().checks_per_second;
    expect(await rate(admin)).toBeCloseTo(0.4);
    expect(await rate(await scoped(inTest("ReadDevices")))).toBeCloseTo(0.4 * (2 / 3));
    expect(await rate(await scoped(["ReadDevices", "DeviceGroups", "none"]))).toBe(0);
  });
});

describe("default configurations, for a user of some groups [differs: scoped-closed]", () => {
  it("are theirs for their groups; those of saved filters reach other devices", async () => {
    const user = await scoped(inTest("ConfigureDevices"));
    for (const group of ["test", "other"])
      expect(told(await call(admin, "PUT", `${DEFAULTS}/group/${group}`, { key: group }))).toBe(204);
    expect(ids(await call(user, "GET", `${DEFAULTS}/group`), "group")).toEqual(["test"]);
    expect((await call(user, "GET", `${DEFAULTS}/group/test`)).json()).toMatchObject({
      configured: { key: "test" },
    });
    expect(told(await call(user, "PUT", `${DEFAULTS}/group/test`, { key: "new" }))).toBe(204);
    expect(told(await call(user, "POST", `${DEFAULTS}/group/test/deploy`, {}))).toBe(202);
    for (const [method, path, json] of [
      ["GET", "group/other", undefined],
      ["PUT", "group/other", { key: "mine" }],
      ["POST", "group/other/deploy", {}],
      ["DELETE", "group/other", undefined],
      ["GET", "filter", undefined],
      ["PUT", "filter/any", { key: "mine" }],
    ] as const)
      expect([method, path, told(await call(user, method, `${DEFAULTS}/${path}`, json))]).toEqual([
        method,
        path,
        FORBIDDEN,
      ]);
    expect(told(await call(user, "DELETE", `${DEFAULTS}/group/test`))).toBe(204);
  });
});

describe("the audit log, for a user who sees some devices or releases [differs: scoped-audit]", () => {
  const read = async (by: TestUser, query = "") => {
    const answer = await call(by, "GET", `${LOGS}?extended=true&per_page=500${query}`);
    const objects = answer.json<{ object: { id: string; type: string } }[]>().map(({ object }) => object);
    return { objects, total: answer.headers.get("x-total-count") };
  };
  const idsOf = async (by: TestUser, type: string) =>
    (await read(by, `&object_type=${type}`)).objects.map(({ id }) => id);

  it("holds what is about these, and about users; its totals and exports too", async () => {
    const tag = (device: TestDevice) =>
      call(admin, "PUT", `${M1}/inventory/devices/${device.id}/tags`, [{ name: "n", value: "v" }]);
    for (const device of [mine[0], theirs]) expect(told(await tag(device))).toBe(200);
    const [seen, unseen] = [await deploy(server, admin, [mine[0]]), await deploy(server, admin, [theirs])];
    const user = await scoped("ReadAuditLogs", inTest("ReadDevices"));
    expect(new Set(await idsOf(user, "device"))).toEqual(new Set([mine[0].id]));
    const deployments = await idsOf(user, "deployment");
    expect([deployments.includes(seen), deployments.includes(unseen)]).toEqual([true, false]);
    expect(await idsOf(user, "group")).toEqual(expect.not.arrayContaining(["other"]));
    expect((await idsOf(user, "role")).length).toBeGreaterThan(0);
    const { objects, total } = await read(user);
    expect(total).toBe(String(objects.length));
    const { text } = await call(user, "GET", `${LOGS}/export?extended=true&format=jsonl`);
    expect(text.trimEnd().split("\n")).toHaveLength(objects.length);
    expect([text.includes(`"id":"${theirs.id}"`), text.includes(unseen)]).toEqual([false, false]);
  });

  it("is whole for an auditor without rights to devices, and for who sees all; never by two rights together", async () => {
    const whole = await idsOf(await scoped("ReadAuditLogs"), "device");
    expect(whole).toContain(theirs.id);
    expect(
      await idsOf(await scoped("ReadAuditLogs", "ReadDevices", inTest("ManageDevices")), "device"),
    ).toEqual(whole);
    const connecting = await scoped("ReadAuditLogs", inTest("ConnectToDevices"));
    expect(await idsOf(connecting, "device")).toEqual([]);
    const confined = await call(admin, "POST", `${M1}/useradm/roles`, {
      name: "confined",
      permissions: [{ action: "VIEW_DEVICE", object: { type: "DEVICE_GROUP", value: "test" } }],
    });
    expect(told(confined)).toBe(201);
    const both = await aUser(server, { roles: ["RBAC_ROLE_PERMIT_ALL", "confined"] });
    expect(await idsOf(both, "device")).not.toContain(theirs.id);
    const tagged = await scoped("ReadAuditLogs", ["ReadReleases", "ReleaseTags", "none"]);
    expect([await idsOf(tagged, "artifact"), await idsOf(tagged, "device")]).toEqual([[], whole]);
  });
});
