import { beforeEach, describe, expect, it } from "vitest";
import { runSweeps } from "../../src/app/sweeps.ts";
import { asTenantId } from "../../src/platform/ids.ts";
import { restoreTenants } from "../../src/tenantdata/index.ts";
import { JOURNAL_DAYS } from "../../src/tenantdata/journal/limits.ts";
import { LEASE_MS, runRestore } from "../../src/tenantdata/restoring/restores.ts";
import { leaseStatement, RESTORE_MOVED_ON } from "../../src/tenantdata/restoring/restore-store.ts";
import { Restoring } from "../../src/tenantdata/restoring/restoring.ts";
import { removeRowsStatement } from "../../src/tenantdata/restoring/rows-by-key-store.ts";
import {
  DEVICES_A_BATCH,
  DEVICES_A_LOOK,
  IMAGES_A_PAGE,
  READY_LIFE_MS,
  RESTORE_ATTEMPTS,
  RESTORE_LIFE_MS,
  TOLD,
} from "../../src/tenantdata/restoring/limits.ts";
import { UNIQUE } from "../../src/tenantdata/restoring/subjects.ts";
import { SUBJECTS } from "../../src/tenantdata/journal/subjects.ts";
import { aDevice, aTenant, type TestDevice, type TestUser } from "../support/actors.ts";
import { answersAt, refusal, rowsOf } from "../support/answers.ts";
import { expireWaitingSets } from "../../src/deviceauth/index.ts";
import { aFilledTenant, operator } from "../support/archives.ts";
import {
  anArtifact,
  counts,
  deploy,
  idOf,
  inInventory,
  MANAGEMENT,
  poll,
  report,
} from "../support/deployments.ts";
import { SMALL } from "../../src/deployments/limits.ts";
import { DEVAUTH } from "../support/device-auth.ts";
import { keptNow } from "../support/journal.ts";
import {
  aJournal,
  beginRestore,
  held,
  minute,
  ONE_STEP,
  READS,
  restored,
  restoredUntil,
  restores,
  showRestore,
  stateOfJournal,
  withoutContacts,
  type RestoreWire,
} from "../support/restores.ts";
import { env, PLACED, served, Server } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";
import { bindSpare, SPARE, SPARE_HOME } from "../support/spare-database.ts";

const ACME = asTenantId("acme");
const INVENTORY = "/api/devices/v1/inventory/device/attributes";
const CHECK = "/api/devices/v1/deployments/device/deployments/next?artifact_name=a&device_type=t";

let server: Server;
let user: TestUser;
let devices: TestDevice[];
let deployment: string;

beforeEach(async () => {
  server = await Server.start();
  ({ user, devices, deployment } = await aFilledTenant(server, "acme"));
  await aJournal(server, "acme");
});

const call = (method: string, path: string, json?: unknown) =>
  server.call(method, path, { token: user.token, ...(json !== undefined && { json }) });

/** What users are answered, byte by byte. */
const answers = async (token = user.token, id = deployment) => {
  const paths = [...READS, `${MANAGEMENT}/${id}`, `${MANAGEMENT}/${id}/devices`];
  return withoutContacts(await answersAt(server, token, paths));
};

const decommission = async (id: string) => {
  expect((await call("DELETE", `${DEVAUTH}/devices/${id}`)).status).toBe(204);
};

const setStatus = async ({ id, authSet }: TestDevice, status: string) => {
  const path = `${DEVAUTH}/devices/${id}/auth/${authSet}/status`;
  expect((await call("PUT", path, { status })).status).toBe(204);
};

const abort = async () => {
  expect((await call("PUT", `${MANAGEMENT}/${deployment}/status`, { status: "aborted" })).status).toBe(204);
};

const inventory = (device: TestDevice, value: string) =>
  server.call("PATCH", INVENTORY, { token: device.token, json: [{ name: "place", value }] });

const sweep = async () => runSweeps(await server.deps(), { restore: restoreTenants });

/** What somebody does who is sorry for it afterwards. */
async function mischief(): Promise<{ later: TestDevice }> {
  await decommission(devices[0]!.id);
  await setStatus(devices[1]!, "rejected");
  await abort();
  expect((await inventory(devices[2]!, "elsewhere")).status).toBe(200);
  await call("PATCH", "/api/management/v1/inventory/groups/moved/devices", [devices[2]!.id]);
  await call("PATCH", "/api/management/v2/deployments/deployments/releases/release-2", { notes: "bad" });
  const later = await aDevice(server, { tenant: "acme" });
  await inInventory(server, [later], "field");
  await deploy(server, user, [later, devices[2]!]);
  await server.deliverEvents();
  return { later };
}

describe("a tenant that is restored", () => {
  it("is answered as it was then, and others as before", async () => {
    const other = await aFilledTenant(server, "other");
    const others = async () => [await answers(other.user.token, other.deployment), await keptNow("other")];
    const strangers = await others();
    const before = await answers();
    const then = await minute(server, ACME);
    const { later } = await mischief();
    await minute(server, ACME);
    expect(await answers()).not.toEqual(before);
    const done = await restored(server, "acme", then);
    expect(done).toMatchObject({
      state: "done",
      changes: {
        devices_back: { count: 1, told: [devices[0]!.id] },
        devices_changed: { told: [{ id: devices[1]!.id, from: "rejected", to: "accepted" }] },
        devices_waiting: { told: [later.id] },
        deployments_ended: { count: 1 },
        deployments_resumed: { told: [deployment] },
        artifacts_missing: { count: 0 },
      },
    });
    expect(await stateOfJournal(ACME)).toBe("on");
    // Whoever was let in since waits; without it all is as it was.
    expect((await call("GET", `${DEVAUTH}/devices/${later.id}`)).json()).toMatchObject({ status: "pending" });
    await decommission(later.id);
    expect(await answers()).toEqual(before);
    expect(await others()).toEqual(strangers);
    const log = await call("GET", "/api/management/v1/auditlogs/logs?per_page=100&extended=true");
    expect(log.text).toContain('"restore"');
  });

  it("can be put back to what it was before the restore", async () => {
    const then = await minute(server, ACME);
    await mischief();
    await minute(server, ACME);
    const before = await answers();
    expect(await restored(server, "acme", then)).toMatchObject({ state: "done" });
    const again = (await restores(server, "acme", "GET")).json<RestoreWire[]>()[0]!;
    server.advance(60_000);
    const back = await restored(server, "acme", Date.parse(again.paused_at!));
    // Devices that were sent to wait are let in again, and the one that came back waits.
    expect(back).toMatchObject({ state: "done", changes: { devices_waiting: { told: [devices[0]!.id] } } });
    await decommission(devices[0]!.id);
    expect(await answers()).toEqual(before);
  });

  it("tells in a dry run what would be put back, and writes nothing before that is applied", async () => {
    const before = await answers();
    const then = await minute(server, ACME);
    const { later } = await mischief();
    const kept = await keptNow("acme");
    const dry = await restored(server, "acme", then, true);
    expect([dry.state, await stateOfJournal(ACME), await keptNow("acme")]).toEqual(["ready", "on", kept]);
    expect(dry.changes).toMatchObject({ devices_back: { count: 1 }, devices_waiting: { told: [later.id] } });
    // Another one takes its place.
    const second = await restored(server, "acme", then, true);
    expect(await showRestore(server, "acme", dry.id)).toMatchObject({ state: "cancelled" });
    const applied = await restores(server, "acme", "POST", `/${second.id}/apply`);
    expect([applied.status, applied.json()]).toMatchObject([202, { id: second.id }]);
    const done = await showRestore(server, "acme", second.id);
    expect([done.state, done.changes]).toEqual(["done", second.changes]);
    await decommission(later.id);
    expect(await answers()).toEqual(before);
    expect(refusal(await restores(server, "acme", "POST", `/${second.id}/apply`))).toEqual([
      409,
      "only a dry run that is ready can be applied: it is done",
    ]);
  });

  it("lets devices that were decommissioned go on with their keys", async () => {
    const device = new SigningDevice({ mac: "a device with a key of its own" });
    const tenant_token = "token-of-acme";
    expect((await device.ask(server, { tenant_token })).status).toBe(401);
    const [waiting] = (await call("GET", `${DEVAUTH}/devices?status=pending`)).json<
      { id: string; auth_sets: { id: string }[] }[]
    >();
    const [set] = waiting!.auth_sets;
    await setStatus({ id: waiting!.id, authSet: set!.id } as TestDevice, "accepted");
    const { text: token } = await device.ask(server, { tenant_token });
    const then = await minute(server, ACME);
    await decommission(waiting!.id);
    expect((await device.ask(server, { tenant_token })).status).toBe(401);
    await minute(server, ACME);
    const done = await restored(server, "acme", then);
    // The device that it became meanwhile gives way.
    expect(done.changes).toMatchObject({
      devices_back: { told: [waiting!.id] },
      devices_waiting: { count: 0 },
    });
    // A token that was ended stays so.
    expect((await server.call("GET", CHECK, { token })).status).toBe(401);
    const again = await device.ask(server, { tenant_token });
    expect(again.status).toBe(200);
    expect((await server.call("GET", CHECK, { token: again.text })).status).toBe(204);
    const ids = (await call("GET", `${DEVAUTH}/devices?per_page=100`)).json<{ id: string }[]>();
    expect(ids.map(({ id }) => id).filter((id) => id === waiting!.id)).toHaveLength(1);
  });

  it("sends devices that were let in since to wait, with what is known of them", async () => {
    const then = await minute(server, ACME);
    const later = await aDevice(server, { tenant: "acme" });
    await inInventory(server, [later]);
    expect((await inventory(later, "here")).status).toBe(200);
    await restored(server, "acme", then);
    expect((await server.call("GET", CHECK, { token: later.token })).status).toBe(401);
    expect((await call("GET", `/api/management/v1/inventory/devices/${later.id}`)).text).toContain("here");
    await setStatus(later, "accepted");
    expect((await call("GET", `${DEVAUTH}/devices/count?status=accepted`)).json()).toEqual({ count: 4 });
  });

  it("tells of artifacts whose files are gone, and brings back those whose files are there", async () => {
    const [artifact] = (await call("GET", "/api/management/v1/deployments/artifacts")).json<
      { id: string }[]
    >();
    await abort();
    const then = await minute(server, ACME);
    await anArtifact(server, { tenant: "acme", name: "release-3" });
    const path = `/api/management/v1/deployments/artifacts/${artifact!.id}`;
    await call("PUT", path, { description: "changed" });
    expect((await call("DELETE", path)).status).toBe(204);
    await server.deliverEvents();
    const done = await restored(server, "acme", then);
    expect(done.changes.artifacts_missing).toEqual({
      count: 1,
      told: [{ id: artifact!.id, name: "release-2" }],
    });
    // What was uploaded since stays, and no release tells of an artifact that is not there.
    const releases = (await call("GET", "/api/management/v2/deployments/deployments/releases")).json<
      { name: string; artifacts_count: number; artifacts: unknown[] }[]
    >();
    expect(releases.map(({ name, artifacts }) => [name, artifacts.length])).toEqual([["release-3", 1]]);
  });

  it("gives names and identities back to those who had them", async () => {
    const filters = "/api/management/v2/inventory/filters";
    const json = { name: "mine", terms: [{ scope: "inventory", attribute: "line", type: "$eq", value: 1 }] };
    const made = await call("POST", filters, json);
    expect(made.status).toBe(201);
    const before = await call("GET", filters);
    const then = await minute(server, ACME);
    const [{ id }] = before.json<[{ id: string }]>();
    expect((await call("DELETE", `${filters}/${id}`)).status).toBe(204);
    expect((await call("POST", filters, json)).status).toBe(201);
    expect(await restored(server, "acme", then)).toMatchObject({ state: "done" });
    expect((await call("GET", filters)).text).toBe(before.text);
  });
});

/** Devices made directly in the stores, accepted and in a group. */
async function manyDevices(prefix: string, count: number): Promise<void> {
  const ids = `WITH n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${count - 1}),
    d AS (SELECT '${prefix}-' || printf('%05d', i) AS id FROM n)`;
  const at = server.now;
  await env.DB.prepare(
    `INSERT INTO devices (tenant_id, device_id, identity_hash, identity, status, revision, created_ms, updated_ms)
     ${ids} SELECT 'acme', id, 'hash-' || id, '{"mac":"' || id || '"}', 'accepted', 1, ${at}, ${at} FROM d`,
  ).run();
  await env.DB.prepare(
    `INSERT INTO auth_sets (tenant_id, auth_set_id, device_id, key_hash, pubkey, status, created_ms)
     ${ids} SELECT 'acme', 'set-' || id, id, 'key-' || id, 'key', 'accepted', ${at} FROM d`,
  ).run();
  await env.DB.prepare(
    `INSERT INTO inventory_devices (tenant_id, device_id, status, group_name, created_ms, updated_ms, attributes)
     ${ids} SELECT 'acme', id, 'accepted', 'many', ${at}, ${at}, '{"inventory-n":["' || id || '"]}' FROM d`,
  ).run();
}

const removeDevices = (prefix: string) =>
  env.DB.batch(
    ["inventory_devices", "auth_sets", "devices"].map((table) =>
      env.DB.prepare(`DELETE FROM ${table} WHERE tenant_id = 'acme' AND device_id LIKE '${prefix}-%'`),
    ),
  );

describe("a large tenant that is restored", () => {
  it("goes through it in pages [limit: IMAGES_A_PAGE] [limit: DEVICES_A_BATCH] [limit: DEVICES_A_LOOK], and tells some of what it finds [limit: TOLD]", async () => {
    const [back, since] = [IMAGES_A_PAGE + 1, DEVICES_A_LOOK + DEVICES_A_BATCH + 1];
    await manyDevices("back", back);
    await manyDevices("stay", IMAGES_A_PAGE);
    await server.deliverEvents();
    const before = await answers();
    const then = await minute(server, ACME);
    await removeDevices("back");
    await manyDevices("since", since);
    // What one invocation cannot do the next goes on with, as the queue brings it.
    const { id } = (await beginRestore(server, "acme", then)).json<RestoreWire>();
    await server.deliverEvents();
    const done = await showRestore(server, "acme", id);
    expect(done).toMatchObject({
      state: "done",
      changes: { devices_back: { count: back }, devices_waiting: { count: since } },
    });
    expect([done.changes.devices_back.told.length, done.changes.devices_waiting.told.length]).toEqual([
      TOLD,
      TOLD,
    ]);
    const count = async (status: string) =>
      (await call("GET", `${DEVAUTH}/devices/count?status=${status}`)).json<{ count: number }>().count;
    expect([await count("accepted"), await count("pending")]).toEqual([3 + back + IMAGES_A_PAGE, since]);
    await removeDevices("since");
    expect(await answers()).toEqual(before);
  }, 120_000);

  it("knows by what rows of its tables are told apart besides their keys", async () => {
    for (const table of SUBJECTS.flatMap(({ tables }) => tables.map(({ name }) => name))) {
      const { results } = await env.DB.prepare(
        `SELECT group_concat(c.name, ', ') AS columns FROM (SELECT l.name, l.origin FROM pragma_index_list('${table}') l WHERE l."unique" = 1) i
         CROSS JOIN pragma_index_info(i.name) c WHERE i.origin = 'c' GROUP BY i.name ORDER BY i.name`,
      ).all<{ columns: string }>();
      const known = (UNIQUE[table] ?? []).map((columns) => ["tenant_id", ...columns].join(", "));
      expect([table, results.map(({ columns }) => columns).toSorted()]).toEqual([table, known.toSorted()]);
    }
  });
});

describe("while a tenant is restored", () => {
  it.each(["sealing", "putting", "removing", "waiting", "settling", "telling", "opening"])(
    "at %s it is read and not written, and others do not notice [differs: tenant-restoring]",
    async (step) => {
      const then = await minute(server, ACME);
      await mischief();
      const stranger = await aDevice(server);
      const id = await restoredUntil(server, ACME, then, step);
      const refused = await inventory(devices[2]!, "meanwhile");
      expect([refusal(refused), refused.headers.get("retry-after")]).toEqual([
        [503, "the tenant is being restored"],
        "5",
      ]);
      expect((await call("GET", `${DEVAUTH}/devices`)).status).toBe(200);
      expect((await inventory(stranger, "x")).status).toBe(200);
      const late = await restores(server, "acme", "DELETE", `/${id}`);
      expect(refusal(late)).toEqual([409, `the restore cannot be ended any more: it is ${step}`]);
      expect((await beginRestore(server, "acme", then)).status).toBe(409);
      await sweep();
      expect(await showRestore(server, "acme", id)).toMatchObject({
        state: "done",
        resumed_at: expect.any(String),
      });
      expect((await inventory(devices[2]!, "afterwards")).status).toBe(200);
      expect(await env.DB.prepare("SELECT count(*) AS n FROM restore_rows").first("n")).toBe(0);
    },
  );

  it.each(["flushing", "loading", "pausing"])("at %s it is read and written", async (step) => {
    const then = await minute(server, ACME);
    const id = await restoredUntil(server, ACME, then, step);
    expect((await inventory(devices[2]!, "meanwhile")).status).toBe(200);
    const ended = await restores(server, "acme", "DELETE", `/${id}`);
    expect([ended.status, ended.json()]).toMatchObject([200, { state: "cancelled" }]);
    expect((await restores(server, "acme", "DELETE", `/${id}`)).status).toBe(204);
    expect((await restores(server, "acme", "GET", `/${id}`)).status).toBe(404);
  });

  it("whoever works on it for longer than he may has no effect any more", async () => {
    const then = await minute(server, ACME);
    const id = await restoredUntil(server, ACME, then, "putting");
    const [deps, restore] = [await server.deps(), { tenant: ACME, id }];
    const lease = () => leaseStatement(restore, server.now, server.now + LEASE_MS);
    const row = await deps.db(ACME).one(lease());
    expect(await deps.db(ACME).one(lease())).toBeUndefined();
    server.advance(LEASE_MS);
    const late = new Restoring(deps, row!);
    expect(await deps.db(ACME).one(lease())).toMatchObject({ step: "putting" });
    const kept = await keptNow("acme");
    const removal = removeRowsStatement(ACME, "devices", [], []);
    await expect(late.write([removal])).rejects.toThrow(RESTORE_MOVED_ON);
    expect(await keptNow("acme")).toEqual(kept);
  });

  it("duties that it stops go on after it, and none is told as failed", async () => {
    const waiting = await aDevice(server, { tenant: "acme", status: "pending" });
    await env.DB.prepare("UPDATE auth_sets SET created_ms = 0 WHERE auth_set_id = ?")
      .bind(waiting.authSet)
      .run();
    const then = await minute(server, ACME);
    await restoredUntil(server, ACME, then, "putting");
    const expire = async () => runSweeps(await server.deps(), { expire: expireWaitingSets });
    const there = async () => (await call("GET", `${DEVAUTH}/devices/${waiting.id}`)).status;
    await expire();
    expect([await there(), await rowsOf("SELECT workflow FROM jobs")]).toEqual([200, []]);
    await sweep();
    await expire();
    expect(await there()).toBe(404);
  });

  it("a device with work is never told that there is none, and none of its reports is lost", async () => {
    const [busy, given] = [
      await aDevice(server, { tenant: "acme" }),
      await aDevice(server, { tenant: "acme" }),
    ];
    await inInventory(server, [busy, given]);
    await anArtifact(server, { tenant: "acme", name: "release-9" });
    const artifact_name = "release-9";
    const id = await deploy(server, user, [busy], { artifact_name });
    const then9 = await deploy(server, user, [given], { artifact_name });
    expect((await poll(server, busy)).status).toBe(200);
    const then = await minute(server, ACME);
    await mischief();
    // What the other one has to do ends, and it is given something else, of which there was nothing then.
    await call("PUT", `${MANAGEMENT}/${then9}/status`, { status: "aborted" });
    await deploy(server, user, [given], { artifact_name });
    const reports = ["downloading", "installing", "rebooting"];
    const answered = new Set<number>();
    const { id: restore } = (await held(() => beginRestore(server, "acme", then))).json<RestoreWire>();
    const deps = await server.deps();
    for (let isDone = false; !isDone;) {
      isDone = (await showRestore(server, "acme", restore)).state === "done";
      for (const device of [busy, given]) answered.add((await poll(server, device)).status);
      const { status } = await report(server, busy, id, reports[0]!);
      expect([204, 503]).toContain(status);
      if (status === 204 && reports.length > 1) reports.shift();
      await runRestore(deps, { tenant: ACME, id: restore }, ONE_STEP);
    }
    expect(answered).toEqual(new Set([200, 503]));
    for (const status of ["installing", "rebooting", "success"])
      expect((await report(server, busy, id, status)).status).toBe(204);
    expect(await counts(server, user, id)).toEqual({ success: 1 });
    expect(await counts(server, user, then9)).toEqual({ pending: 1 });
  });
});

describe("after a restore", () => {
  it("devices of a large deployment that goes on again are given it at their next check", async () => {
    await manyDevices("wide", SMALL + 1);
    const device = await aDevice(server, { tenant: "acme" });
    await inInventory(server, [device], "many");
    await anArtifact(server, { tenant: "acme", name: "release-9" });
    const asked = await call("POST", `${MANAGEMENT}/group/many`, {
      name: "wide",
      artifact_name: "release-9",
    });
    const id = idOf(asked);
    await server.deliverEvents();
    const then = await minute(server, ACME);
    const path = `${MANAGEMENT}/${id}/status`;
    expect((await call("PUT", path, { status: "aborted" })).status).toBe(204);
    await server.deliverEvents();
    expect((await poll(server, device)).status).toBe(204);
    expect(await restored(server, "acme", then)).toMatchObject({
      state: "done",
      changes: { deployments_resumed: { told: [id] } },
    });
    expect((await poll(server, device)).status).toBe(200);
    expect(await counts(server, user, id)).toEqual({ pending: SMALL + 2 });
  });

  it("a report that was known as the same before it is taken in", async () => {
    const [, , device] = devices;
    const now = () => call("GET", `/api/management/v1/inventory/devices/${device!.id}`);
    await inventory(device!, "before");
    const then = await minute(server, ACME);
    // The second time the head knows it.
    for (let time = 0; time < 3; time++) expect((await inventory(device!, "since")).status).toBe(200);
    await restored(server, "acme", then);
    expect((await now()).text).toContain('"before"');
    expect((await inventory(device!, "since")).status).toBe(200);
    expect((await now()).text).toContain('"since"');
  });
});

describe("asking for a restore", () => {
  const begin = (json: unknown) => restores(server, "acme", "POST", "", json);

  it.each([
    ["no time", {}, "to: must be a time like 2026-01-31T00:00:00Z."],
    ["a time that is none", { to: "yesterday" }, "to: must be a time like 2026-01-31T00:00:00Z."],
    ["a number", { to: 5 }, "to: must be a time like 2026-01-31T00:00:00Z."],
    ["null", null, ""],
    ["a list", [], ""],
    [
      "a word for the dry run",
      { to: "2024-01-01T00:00:00Z", dry_run: "yes" },
      "dry_run: must be true or false.",
    ],
    ["a member that is none", { to: "2024-01-01T00:00:00Z", dryrun: true }, "dryrun"],
  ])("with %s is refused", async (_, json, text) => {
    const answer = await begin(json);
    expect([answer.status, answer.json().error]).toEqual([400, expect.stringContaining(text)]);
  });

  it("goes back no further than the journal [limit: JOURNAL_DAYS], and not into the future", async () => {
    const at = (ms: number) => begin({ to: new Date(ms).toISOString(), dry_run: true });
    const oldest = server.now - 1000;
    expect(refusal(await at(server.now + 1))).toEqual([400, "to: must not be in the future."]);
    expect(refusal(await at(oldest - 1))).toEqual([
      422,
      `the journal of the tenant begins at ${new Date(oldest).toISOString()}`,
    ]);
    expect((await at(oldest)).status).toBe(202);
    server.advance(JOURNAL_DAYS * 86_400_000 - 1000);
    expect((await at(oldest)).status).toBe(202);
    server.advance(1);
    expect(refusal(await at(oldest))).toEqual([
      422,
      `the journal of a tenant goes back ${JOURNAL_DAYS} days`,
    ]);
  });

  it("is for tenants that are there and have a journal", async () => {
    const to = new Date(server.now).toISOString();
    expect((await restores(server, "nobody", "POST", "", { to })).status).toBe(404);
    expect((await restores(server, "nobody", "GET")).status).toBe(404);
    await aTenant(server, "plain");
    expect(refusal(await restores(server, "plain", "POST", "", { to }))).toEqual([
      409,
      "the tenant has no journal",
    ]);
    for (const [method, path] of [
      ["GET", "/x"],
      ["DELETE", "/x"],
      ["POST", "/x/apply"],
    ] as const)
      expect((await restores(server, "acme", method, path)).status).toBe(404);
  });

  it("waits while the tenant is moved, and a move waits for it", async () => {
    await bindSpare(server);
    const database = PLACED ? "DATA_3" : SPARE_HOME;
    // The home of the tenants stays where it is.
    if (PLACED) server.configure({ [SPARE_HOME]: served[SPARE_HOME], [database]: SPARE });
    const then = await minute(server, ACME);
    await restoredUntil(server, ACME, then, "putting");
    const move = () => operator(server, "POST", "/tenants/acme/move", { database });
    expect(refusal(await move())).toEqual([409, "the tenant is being restored"]);
    await sweep();
    await env.DB.prepare(
      `INSERT INTO tenant_moves (tenant_id, source, target, step, paused, position, begun_ms, updated_ms)
       VALUES ('acme', 'DB', '${database}', 'removing', 0, '{}', 1, 1)`,
    ).run();
    expect(refusal(await beginRestore(server, "acme", then))).toEqual([409, "the tenant is being moved"]);
  });

  it("is told of by pages, and for a while [limit: RESTORE_LIFE_MS] [limit: READY_LIFE_MS]", async () => {
    const first = await restored(server, "acme", server.now, true);
    const second = await restored(server, "acme", server.now, true);
    const page = await restores(server, "acme", "GET", "?per_page=1");
    expect([page.json<RestoreWire[]>().map(({ id }) => id), page.headers.get("x-total-count")]).toEqual([
      [second.id],
      "2",
    ]);
    server.advance(READY_LIFE_MS - 1);
    await sweep();
    expect(await showRestore(server, "acme", second.id)).toMatchObject({ state: "ready" });
    server.advance(1);
    await sweep();
    expect(await showRestore(server, "acme", second.id)).toMatchObject({ state: "cancelled" });
    server.advance(RESTORE_LIFE_MS);
    await sweep();
    expect((await restores(server, "acme", "GET")).json()).toEqual([]);
    expect((await restores(server, "acme", "GET", `/${first.id}`)).status).toBe(404);
  });

  it("fails after many attempts, and lets the tenant go on [limit: RESTORE_ATTEMPTS]", async () => {
    const then = await minute(server, ACME);
    await mischief();
    const id = await restoredUntil(server, ACME, then, "putting");
    const trouble =
      "CREATE TRIGGER trouble BEFORE INSERT ON devices BEGIN SELECT RAISE(FAIL, 'no room on the disk'); END";
    await env.DB.prepare(trouble).run();
    const run = async () => runRestore(await server.deps(), { tenant: ACME, id });
    // The first comes up to there.
    for (let attempt = 0; attempt <= RESTORE_ATTEMPTS; attempt++)
      await expect(run()).rejects.toThrow("no room");
    expect(await showRestore(server, "acme", id)).toMatchObject({ step: "putting" });
    await run();
    await env.DB.prepare("DROP TRIGGER trouble").run();
    const { state, error } = await showRestore(server, "acme", id);
    expect([state, error]).toEqual([
      "failed",
      expect.stringMatching(/attempts; a part was put back: restore/),
    ]);
    expect((await inventory(devices[2]!, "on")).status).toBe(200);
    expect(await restored(server, "acme", then)).toMatchObject({ state: "done" });
  });
});
