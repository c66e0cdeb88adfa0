import { beforeEach, describe, expect, it } from "vitest";
import { runSweeps } from "../../src/app/sweeps.ts";
import { asTenantId } from "../../src/platform/ids.ts";
import { restoreTenants } from "../../src/tenantdata/index.ts";
import { journalFolderOf } from "../../src/tenantdata/journal/object-keys.ts";
import { runRestore } from "../../src/tenantdata/restoring/restores.ts";
import { aDevice, type TestDevice, type TestUser } from "../support/actors.ts";
import { refusal } from "../support/answers.ts";
import { aFilledTenant, operator } from "../support/archives.ts";
import {
  aJournal,
  beginRestore,
  minute,
  restored,
  restoredUntil,
  restores,
  showRestore,
  writeBase,
  type RestoreWire,
} from "../support/restores.ts";
import { env, Server } from "../support/server.ts";
import { bindSpare, SPARE_HOME } from "../support/spare-database.ts";

const ACME = asTenantId("acme");
const INVENTORY = "/api/devices/v1/inventory/device/attributes";
const CHECK = "/api/devices/v1/deployments/device/deployments/next?artifact_name=a&device_type=t";
const CONFIGURATION = "/api/devices/v1/deviceconfig/configuration";

let server: Server;
let user: TestUser;
let devices: TestDevice[];

beforeEach(async () => {
  server = await Server.start();
  ({ user, devices } = await aFilledTenant(server, "acme"));
  await aJournal(server, "acme");
});

const call = (method: string, path: string, json?: unknown) =>
  server.call(method, path, { token: user.token, ...(json !== undefined && { json }) });

const setPlace = async (device: TestDevice, value: string) => {
  const json = [{ name: "place", value }];
  expect((await server.call("PATCH", INVENTORY, { token: device.token, json })).status).toBe(200);
};

const shown = async ({ id }: TestDevice) =>
  (await call("GET", `/api/management/v1/inventory/devices/${id}`)).text;

const sweep = async () => runSweeps(await server.deps(), { restore: restoreTenants });

it("taking a restore back brings back what was written until the tenant was paused", async () => {
  const [device] = devices;
  const then = await minute(server, ACME);
  const id = await restoredUntil(server, ACME, then, "pausing");
  await setPlace(device!, "written last");
  server.advance(10);
  await runRestore(await server.deps(), { tenant: ACME, id }, 120);
  expect((await showRestore(server, "acme", id)).step).toBe("sealing");
  server.advance(10);
  await sweep();
  server.advance(60_000);
  expect(await shown(device!)).not.toContain("written last");
  const { paused_at } = await showRestore(server, "acme", id);
  expect(await restored(server, "acme", Date.parse(paused_at!))).toMatchObject({ state: "done" });
  expect(await shown(device!)).toContain("written last");
});

describe("what a restore is made from", () => {
  const keys = async () =>
    (await env.ARTIFACTS.list({ prefix: journalFolderOf(ACME) })).objects.map(({ key }) => key);

  const cases: [string, (key: string) => Promise<unknown>][] = [
    ["empty", (key) => env.ARTIFACTS.put(key, new Uint8Array())],
    ["not packed", (key) => env.ARTIFACTS.put(key, "text")],
    [
      "cut off",
      async (key) => {
        const bytes = await (await env.ARTIFACTS.get(key))!.arrayBuffer();
        await env.ARTIFACTS.put(key, bytes.slice(0, bytes.byteLength - 12));
      },
    ],
  ];
  const places: [string, RegExp][] = [
    ["a change", /\/\d{14}-\d{6}\.ndjson\.gz$/],
    ["a copy", /\/base-\d+\/\d+\.ndjson\.gz$/],
  ];

  it.each(
    places.flatMap(([what, pattern]) =>
      cases.map(([name, damage]) => [what, name, pattern, damage] as const),
    ),
  )("%s that is %s fails with its name, and the tenant works on", async (_what, _name, pattern, damage) => {
    await setPlace(devices[0]!, "then");
    await minute(server, ACME);
    await setPlace(devices[1]!, "then");
    const then = await minute(server, ACME);
    await setPlace(devices[0]!, "now");
    const key = (await keys()).find((one) => pattern.test(one));
    await damage(key!);
    const ended = await restored(server, "acme", then);
    expect([ended.state, ended.error]).toEqual(["failed", expect.stringContaining(key!)]);
    expect(await shown(devices[0]!)).toContain("now");
    await setPlace(devices[0]!, "afterwards");
  });
});

it.each(["", "{}", "null", '{"begun_ms":1'])(
  "a copy that says %j of itself gives way to the one before it",
  async (text) => {
    await setPlace(devices[0]!, "then");
    await minute(server, ACME);
    await writeBase(server);
    const prefix = `${journalFolderOf(ACME)}base-`;
    const files = (await env.ARTIFACTS.list({ prefix })).objects.filter(({ key }) =>
      key.endsWith("base.json"),
    );
    expect(files).toHaveLength(2);
    await env.ARTIFACTS.put(files[1]!.key, text);
    const then = await minute(server, ACME);
    await setPlace(devices[0]!, "now");
    expect(await restored(server, "acme", then)).toMatchObject({ state: "done" });
    expect(await shown(devices[0]!)).toContain('"then"');
  },
);

it("a copy that lacks a part fails, and the tenant works on", async () => {
  const then = await minute(server, ACME);
  const { objects } = await env.ARTIFACTS.list({ prefix: `${journalFolderOf(ACME)}base-` });
  const part = objects.find(({ key }) => key.endsWith(".gz"));
  await env.ARTIFACTS.delete(part!.key);
  expect(await restored(server, "acme", then)).toMatchObject({
    state: "failed",
    error: expect.stringMatching(/^a part of the copy of .* is not in the bucket$/),
  });
  await setPlace(devices[0]!, "afterwards");
});

it("a device that was let in since and waited then needs a new token when it is let in again", async () => {
  const device = await aDevice(server, { tenant: "acme", status: "pending" });
  const setStatus = async (status: string) => {
    const path = `/api/management/v2/devauth/devices/${device.id}/auth/${device.authSet}/status`;
    expect((await call("PUT", path, { status })).status).toBe(204);
  };
  const then = await minute(server, ACME);
  await setStatus("accepted");
  const check = async () => (await server.call("GET", CHECK, { token: device.token })).status;
  expect(await check()).toBe(204);
  await restored(server, "acme", then);
  expect(await check()).toBe(401);
  await setStatus("accepted");
  expect(await check()).toBe(401);
});

it("a dry run is not applied while the tenant is moved", async () => {
  await bindSpare(server);
  const then = await minute(server, ACME);
  const dry = await restored(server, "acme", then, true);
  await env.DB.prepare(
    `INSERT INTO tenant_moves (tenant_id, source, target, step, paused, position, begun_ms, updated_ms)
     VALUES ('acme', 'DB', '${SPARE_HOME}', 'copying', 0, '{}', 1, 1)`,
  ).run();
  expect(refusal(await restores(server, "acme", "POST", `/${dry.id}/apply`))).toEqual([
    409,
    "the tenant is being moved",
  ]);
});

it("one device with as much as it may have holds up nobody's restore", async () => {
  const [device] = devices;
  const report = async (value: string) => {
    const json = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`${i}`, value]));
    expect((await server.call("PUT", CONFIGURATION, { token: device!.token, json })).status).toBe(204);
    const path = `/api/management/v1/deviceconfig/configurations/device/${device!.id}`;
    expect((await call("PUT", path, json)).status).toBe(204);
  };
  const kept = async () =>
    (await call("GET", `/api/management/v1/deviceconfig/configurations/device/${device!.id}`)).text.length;
  await report('"'.repeat(4096));
  const before = await kept();
  const then = await minute(server, ACME);
  await report("x");
  const { id } = (await beginRestore(server, "acme", then)).json<RestoreWire>();
  await server.deliverEvents();
  expect(await showRestore(server, "acme", id)).toMatchObject({ state: "done" });
  expect(await kept()).toBe(before);
});

it("devices that come back are not asked for room, and the next one is", async () => {
  const then = await minute(server, ACME);
  const path = `/api/management/v2/devauth/devices/${devices[0]!.id}`;
  expect((await call("DELETE", path)).status).toBe(204);
  await aDevice(server, { tenant: "acme" });
  const limit = { value: devices.length };
  expect((await operator(server, "PUT", "/tenants/acme/limits/max_devices", limit)).status).toBe(200);
  const stranger = await aDevice(server, { tenant: "acme", status: "pending" });
  await minute(server, ACME);
  expect(await restored(server, "acme", then)).toMatchObject({ state: "done" });
  const count = async () =>
    (await call("GET", "/api/management/v2/devauth/devices/count?status=accepted")).json();
  expect(await count()).toEqual({ count: devices.length });
  const status = `/api/management/v2/devauth/devices/${stranger.id}/auth/${stranger.authSet}/status`;
  expect((await call("PUT", status, { status: "accepted" })).status).toBe(422);
});

describe("with a restore under way", () => {
  it.each(["loading", "putting", "settling"])("at %s a tenant is removed whole", async (step) => {
    const then = await minute(server, ACME);
    await setPlace(devices[0]!, "elsewhere");
    const id = await restoredUntil(server, ACME, then, step);
    expect((await operator(server, "DELETE", "/tenants/acme")).status).toBe(200);
    await server.deliverEvents();
    await sweep();
    expect((await restores(server, "acme", "GET", `/${id}`)).status).toBe(404);
    for (const table of ["devices", "restore_rows", "tenant_restores", "journals", "journal_marks"])
      expect([
        table,
        await env.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE tenant_id = 'acme'`).first("n"),
      ]).toEqual([table, 0]);
  });

  it("a journal that was switched off and on again meanwhile does not have it written from half", async () => {
    const then = await minute(server, ACME);
    await setPlace(devices[0]!, "now");
    const dry = await restored(server, "acme", then, true);
    for (const state of ["off", "on"])
      expect((await operator(server, "PUT", "/tenants/acme/journal", { state })).status).toBe(200);
    expect((await restores(server, "acme", "POST", `/${dry.id}/apply`)).status).toBe(202);
    expect(await showRestore(server, "acme", dry.id)).toMatchObject({ state: "done" });
    expect(await shown(devices[0]!)).not.toContain('"now"');
    await setPlace(devices[0]!, "on");
  });
});
