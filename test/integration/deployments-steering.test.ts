import { beforeEach, describe, expect, it } from "vitest";
import { resolveTargets } from "../../src/deployments/jobs.ts";
import { aDevice, aTenant, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import {
  anArtifact,
  counts,
  deploy,
  DEVICE_V2,
  idOf,
  inInventory,
  MANAGEMENT,
  MANAGEMENT_V2,
  poll,
  report,
  show,
} from "../support/deployments.ts";
import { afterStart, env, OPERATOR_TOKEN, Server } from "../support/server.ts";

let server: Server;
let user: TestUser;
let device: TestDevice;

beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  device = await aDevice(server);
  await anArtifact(server);
});

const manage = (method: string, path: string, json?: unknown) =>
  server.call(method, `${MANAGEMENT}${path}`, { token: user.token, json });

const rowsLeft = async (table: string) =>
  (await env.DB.prepare(`SELECT count(*) AS n FROM ${table}`).first<{ n: number }>())!.n;

const finish = async (id: string, status = "success") => {
  await poll(server, device);
  await report(server, device, id, status);
};

describe("a deployment that starts later", () => {
  const start = afterStart(3_600_000).replace("T13:00:00.000Z", "T14:00:00+01:00");

  it("is scheduled until then and given afterwards", async () => {
    const id = await deploy(server, user, [device], { phases: [{ batch_size: 100, start_ts: start }] });
    expect(await show(server, user, id)).toMatchObject({
      status: "scheduled",
      phases: [{ id: expect.any(String), batch_size: 100, start_ts: start, device_count: 0 }],
    });
    expect((await poll(server, device)).status).toBe(204);
    const listed = await server.call("GET", `${MANAGEMENT_V2}?status=scheduled`, { token: user.token });
    expect(listed.json()).toMatchObject([{ id }]);
    server.advance(3_600_000);
    expect(await show(server, user, id)).toMatchObject({ status: "pending" });
    expect((await poll(server, device)).json().id).toBe(id);
  });

  it("does not hold up later ones, and comes after those that started before [differs: order-of-opening]", async () => {
    const later = await deploy(server, user, [device], { phases: [{ start_ts: start }] });
    const now = await deploy(server, user, [device], { name: "now" });
    expect((await poll(server, device)).json().id).toBe(now);
    await report(server, device, now, "failure");
    server.advance(3_600_000);
    const next = await deploy(server, user, [device], { name: "next" });
    expect((await poll(server, device)).json().id).toBe(later);
    await report(server, device, later, "failure");
    expect((await poll(server, device)).json().id).toBe(next);
  });

  it("is made with a readable time only", async () => {
    const answer = await server.call("POST", MANAGEMENT, {
      token: user.token,
      json: {
        name: "d",
        artifact_name: "release-2",
        devices: [device.id],
        phases: [{ start_ts: "tomorrow" }],
      },
    });
    expect(answer.status).toBe(400);
  });
});

describe("deleting a deployment", () => {
  it("takes it out of every list and leaves nothing behind", async () => {
    const id = await deploy(server, user, [device]);
    await finish(id, "failure");
    await server.call("PUT", `/api/devices/v1/deployments/device/deployments/${id}/log`, {
      token: device.token,
      json: { messages: [{ timestamp: "2026-11-21T00:19:31Z", level: "info", message: "x" }] },
    });
    expect((await env.ARTIFACTS.list({ prefix: "logs/" })).objects).toHaveLength(1);
    const answer = await manage("DELETE", `/${id}`);
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect((await manage("GET", `/${id}`)).status).toBe(404);
    expect((await manage("GET", `/devices/${device.id}`)).json()).toEqual([]);
    await server.deliverEvents();
    for (const table of [
      "deployments",
      "deployment_counters",
      "deployment_targets",
      "deployment_artifacts",
      "device_deployments",
    ]) {
      expect([table, await rowsLeft(table)]).toEqual([table, 0]);
    }
    expect((await env.ARTIFACTS.list({ prefix: "logs/" })).objects).toHaveLength(0);
  });

  it("is refused while it runs, and 404 for what does not exist", async () => {
    const id = await deploy(server, user, [device]);
    const running = await manage("DELETE", `/${id}`);
    expect([running.status, running.json().error]).toEqual([409, "Deployment is not finished"]);
    expect((await manage("DELETE", `/${crypto.randomUUID()}`)).status).toBe(404);
    expect((await manage("DELETE", "/nonsense")).json().error).toBe("ID is not a valid UUID");
  });

  it("does not give its place in the order to the next one", async () => {
    const id = await deploy(server, user, [device]);
    await finish(id, "failure");
    await manage("DELETE", `/${id}`);
    const next = await deploy(server, user, [device]);
    expect((await poll(server, device)).json().id).toBe(next);
    await server.deliverEvents();
    expect((await report(server, device, next, "success")).status).toBe(204);
  });
});

describe("an update control map", () => {
  const map = { priority: 1, states: { ArtifactInstall_Enter: { action: "pause" } } };
  const ask = (controlMap: boolean) =>
    server.call("POST", `${DEVICE_V2}/next`, {
      token: device.token,
      json: {
        device_provides: { device_type: "pi4", artifact_name: "release-1" },
        update_control_map: controlMap,
      },
    });

  it("goes with the instructions to devices that know it, with the deployment's id", async () => {
    const id = await deploy(server, user, [device], { update_control_map: { ...map, id: "x" } });
    expect((await ask(true)).json()).toMatchObject({ id, update_control_map: { ...map, id } });
    expect((await ask(false)).json()).not.toHaveProperty("update_control_map");
    expect(await show(server, user, id)).toMatchObject({ update_control_map: { ...map, id } });
  });

  it("is replaced while the deployment runs and read again by the device", async () => {
    const id = await deploy(server, user, [device], { update_control_map: map });
    const read = () => server.call("GET", `${DEVICE_V2}/${id}/update_control_map`, { token: device.token });
    expect((await read()).status).toBe(404);
    await ask(true);
    const go = { states: { ArtifactInstall_Enter: { action: "force_continue" } } };
    expect((await manage("PATCH", `/${id}`, { update_control_map: go })).status).toBe(204);
    expect((await read()).json()).toEqual({ update_control_map: { ...go, id } });
    await report(server, device, id, "success");
    expect((await read()).status).toBe(404);
    const late = await manage("PATCH", `/${id}`, { update_control_map: go });
    expect([late.status, late.json().error]).toEqual([409, "Deployment already finished"]);
  });

  it("is refused where none was, or when a device would refuse it", async () => {
    const id = await deploy(server, user, [device]);
    const none = await manage("PATCH", `/${id}`, { update_control_map: map });
    expect([none.status, none.json().error]).toEqual([409, "Deployment has no update control map"]);
    expect((await manage("PATCH", `/${crypto.randomUUID()}`, { update_control_map: map })).status).toBe(404);
    for (const bad of [{ priority: 11 }, { states: { Other: {} } }, { unknown: 1 }]) {
      expect((await manage("PATCH", `/${id}`, { update_control_map: bad })).status).toBe(400);
    }
  });
});

describe("deleting a device's history", () => {
  it("lets it get again what is still open, and hides the rest as deleted [differs: deleted-history]", async () => {
    const other = await aDevice(server);
    const done = await deploy(server, user, [device]);
    await finish(done);
    const open = await deploy(server, user, [device, other], { name: "open" });
    await finish(open, "failure");
    const strangers = Array.from({ length: 200 }, () => ({ id: crypto.randomUUID() }));
    const wide = await deploy(server, user, [device, ...strangers], { name: "wide" });
    await finish(wide, "failure");
    expect(await counts(server, user, wide)).toEqual({ failure: 1, pending: 200 });
    const answer = await manage("DELETE", `/devices/${device.id}/history`);
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect(await counts(server, user, open)).toEqual({ pending: 2 });
    expect(await counts(server, user, wide)).toEqual({ pending: 201 });
    const history = (await manage("GET", `/devices/${device.id}`)).json<object[]>();
    expect(history).toMatchObject([{ deployment: { id: done }, device: { deleted: expect.any(String) } }]);
    expect((await poll(server, device)).json().id).toBe(open);
    await report(server, device, open, "success");
    await finish(wide);
    expect(await counts(server, user, open)).toEqual({ pending: 1, success: 1 });
    expect(await counts(server, user, wide)).toEqual({ pending: 200, success: 1 });
  });

  it("does not touch what the device is at", async () => {
    const id = await deploy(server, user, [device]);
    await poll(server, device);
    await report(server, device, id, "downloading");
    await manage("DELETE", `/devices/${device.id}/history`);
    expect(await counts(server, user, id)).toEqual({ downloading: 1 });
  });
});

describe("explaining", () => {
  const reason = async (id: string, of = device) => {
    const answer = await manage("GET", `/${id}/devices/${of.id}/explain`);
    expect(answer.status).toBe(200);
    return answer.json<{ status: string; reason: string }>();
  };

  it("tells a device that has not asked from one that another deployment keeps [differs: order-of-opening]", async () => {
    const first = await deploy(server, user, [device]);
    const second = await deploy(server, user, [device], { name: "second" });
    expect(await reason(first)).toMatchObject({ status: "pending", reason: "not_seen_since" });
    expect(await reason(second)).toMatchObject({
      status: "pending",
      reason: "earlier_deployment_first",
      earlier: first,
    });
    await poll(server, device);
    expect(await reason(first)).toMatchObject({
      status: "pending",
      reason: "in_progress",
      device: { device_type: "pi4", artifact_name: "release-1" },
    });
    expect(await reason(second)).toMatchObject({ reason: "earlier_deployment_first", earlier: first });
  });

  it("names what did not fit", async () => {
    const id = await deploy(server, user, [device]);
    await poll(server, device, { device_type: "other" });
    expect(await reason(id)).toMatchObject({
      status: "noartifact",
      reason: "type_mismatch",
      artifacts: [{ type_fits: false, unmet_depends: [] }],
    });
    const artifact = await anArtifact(server, { name: "release-3", depends: { checksum: "1", a: "b" } });
    const delta = await deploy(server, user, [device], { artifact_name: "release-3" });
    await poll(server, device, { a: "b", checksum: "2" });
    expect(await reason(delta)).toMatchObject({
      reason: "no_artifact_fits",
      artifacts: [{ id: artifact, type_fits: true, unmet_depends: ["checksum"] }],
    });
  });

  it("knows not targeted, not started, aborted, installed and done", async () => {
    const other = await aDevice(server);
    const id = await deploy(server, user, [device]);
    expect(await reason(id, other)).toMatchObject({ status: "none", reason: "not_targeted" });
    await poll(server, device, { artifact_name: "release-2" });
    expect(await reason(id)).toMatchObject({ status: "already-installed", reason: "already_installed" });
    const start = afterStart(12 * 3_600_000);
    const later = await deploy(server, user, [device], { phases: [{ start_ts: start }] });
    expect(await reason(later)).toMatchObject({ status: "pending", reason: "not_started", starts: start });
    await manage("PUT", `/${later}/status`, { status: "aborted" });
    expect(await reason(later)).toMatchObject({ status: "none", reason: "deployment_aborted" });
    const done = await deploy(server, user, [device], { name: "done" });
    await finish(done);
    expect(await reason(done)).toMatchObject({ status: "success", reason: "done" });
  });

  it("answers 404 for an unknown deployment and one of another tenant", async () => {
    const id = await deploy(server, user, [device]);
    const stranger = await aUser(server, { tenant: "other" });
    const path = `${MANAGEMENT}/${id}/devices/${device.id}/explain`;
    expect((await server.call("GET", path, { token: stranger.token })).status).toBe(404);
  });
});

describe("lists of the second version", () => {
  const list = (query: string) => server.call("GET", `${MANAGEMENT_V2}?${query}`, { token: user.token });
  const names = async (query: string) => {
    const answer = await list(query);
    if (answer.status !== 200) return answer.json<{ error: string }>().error;
    return answer.json<{ name: string }[]>().map(({ name }) => name);
  };

  it("filter by id, name, status, type and time", async () => {
    const a = await deploy(server, user, [device], { name: "a" });
    await finish(a);
    server.advance(10_000);
    const b = await deploy(server, user, [device], { name: "b" });
    await poll(server, device);
    await report(server, device, b, "downloading");
    server.advance(10_000);
    const c = await deploy(server, user, [device], { name: "c" });
    const second = Math.floor(server.now / 1000);
    expect(await names("")).toEqual(["c", "b", "a"]);
    expect(await names("sort=asc")).toEqual(["a", "b", "c"]);
    expect(await names(`id=${a}&id=${c}`)).toEqual(["c", "a"]);
    expect(await names("name=b&name=a")).toEqual(["b", "a"]);
    expect(await names("status=finished")).toEqual(["a"]);
    expect(await names("status=aborted")).toEqual(["a"]);
    expect(await names("status=inprogress")).toEqual(["b"]);
    expect(await names("status=pending")).toEqual(["c"]);
    expect(await names("type=configuration")).toEqual([]);
    expect(await names(`created_after=${second}`)).toEqual(["c"]);
    expect(await names(`created_before=${second - 10}`)).toEqual(["b", "a"]);
    expect(await names("page=2&per_page=2")).toEqual(["a"]);
    expect((await list("per_page=2")).headers.get("x-total-count")).toBe("3");
  });

  it.each([
    ["status=asleep", "unknown status asleep"],
    ["sort=up", 'invalid form value: must be one of "asc" or "desc"'],
    ["created_before=now", "timestamp parsing failed for created_before parameter: invalid timestamp: now"],
    ["id_scope=identity", "id_scope requires id_attribute"],
    ["id_attribute=mac&id_scope=inventory", 'invalid id_scope "inventory": must be "identity" or "tags"'],
    ["id_attribute=mac&id_scope=tags", 'id_scope "tags" only supports id_attribute "name", got "mac"'],
    ["per_page=501", 'parameter "per_page" above limit (max: 500)'],
  ])("refuse %s", async (query, text) => {
    expect(await names(query)).toBe(text);
  });

  it("count no further than 10,000 [differs: deployments-total]", async () => {
    await env.DB.batch([
      env.DB.prepare(
        `WITH RECURSIVE n (seq) AS (VALUES (1) UNION ALL SELECT seq + 1 FROM n WHERE seq < 10050)
         INSERT INTO deployments (tenant_id, seq, deployment_id, kind, name, artifact_name, created_ms, scope, fingerprint)
         SELECT 'default', seq, 'd' || seq, 'software', 'd', 'release-1', 1, 'all', seq FROM n`,
      ),
      env.DB.prepare(
        `INSERT INTO deployment_counters (tenant_id, seq, wide_open, opens_ms, max_devices, remaining, unseen)
         SELECT tenant_id, seq, 1, 1, 1, 1, 1 FROM deployments`,
      ),
    ]);
    for (const path of [MANAGEMENT, MANAGEMENT_V2]) {
      const answer = await server.call("GET", path, { token: user.token });
      expect(answer.headers.get("x-total-count")).toBe("10000");
      expect(answer.headers.get("link")).toContain('rel="next"');
    }
  });

  it("search name and artifact name in the first version", async () => {
    await deploy(server, user, [device], { name: "Kitchen update" });
    const search = async (phrase: string) =>
      (await manage("GET", `?search=${phrase}`)).json<object[]>().length;
    expect([await search("kitchen"), await search("RELEASE-2"), await search("bath")]).toEqual([1, 1, 0]);
  });

  it("count several deployments at once", async () => {
    const id = await deploy(server, user, [device]);
    const ask = (json: unknown) => manage("POST", "/statistics/list", json);
    const found = await ask({ deployment_ids: [id, crypto.randomUUID()] });
    expect(found.json()).toMatchObject([{ id, stats: { pending: 1, success: 0 } }]);
    expect((await ask({ deployment_ids: [] })).text).toBe("{}");
    expect((await ask({})).text).toBe("{}");
    const none = await ask({ deployment_ids: [crypto.randomUUID()] });
    expect([none.status, none.json().error]).toEqual([404, "Deployment not found"]);
    const bad = await ask({ deployment_ids: ["x"] });
    expect([bad.status, bad.json().error]).toEqual([400, "0: must be a valid UUID."]);
  });

  it("keep tenants apart", async () => {
    const id = await deploy(server, user, [device]);
    const stranger = await aUser(server, { tenant: "other" });
    const as = (path: string) => server.call("GET", `${MANAGEMENT}${path}`, { token: stranger.token });
    expect((await as("")).json()).toEqual([]);
    for (const path of [`/${id}`, `/${id}/statistics`, `/${id}/devices`, `/${id}/device_list`]) {
      expect([path, (await as(path)).json().error]).toEqual([path, "Resource not found"]);
    }
    expect((await as(`/${id}/devices/list`)).json().error).toBe("Deployment not found");
    expect((await as(`/devices/${device.id}`)).json()).toEqual([]);
  });
});

describe("the list of a deployment's devices", () => {
  it("comes in the order of status, by pages and by status", async () => {
    const devices = await Promise.all(Array.from({ length: 4 }, () => aDevice(server)));
    const id = await deploy(server, user, devices);
    const [a, b, c] = devices;
    for (const one of [a!, b!, c!]) await poll(server, one);
    await report(server, b!, id, "failure");
    await report(server, c!, id, "downloading");
    const list = async (query: string) => {
      const answer = await manage("GET", `/${id}/devices/list?${query}`);
      const items = answer.json<{ id: string; status: string }[]>();
      return [items.map(({ status }) => status), answer.headers.get("x-total-count")];
    };
    expect(await list("")).toEqual([["failure", "downloading", "pending"], "3"]);
    expect(await list("per_page=2&page=2")).toEqual([["pending"], "3"]);
    expect(await list("status=active")).toEqual([["downloading", "pending"], "2"]);
    expect(await list("status=finished&status=pending")).toEqual([["failure", "pending"], "2"]);
    expect(await list("status=pause")).toEqual([[], "0"]);
    const bad = await manage("GET", `/${id}/devices/list?status=asleep`);
    expect([bad.status, bad.json().error]).toEqual([400, "status: must be a valid value"]);
    const all = (await manage("GET", `/${id}/devices`)).json<object[]>();
    expect(all).toHaveLength(3);
  });

  it("shows an abort at once, before it is written into the rows", async () => {
    const id = await deploy(server, user, [device, await aDevice(server)]);
    await poll(server, device);
    await env.DB.prepare(
      "UPDATE deployment_counters SET aborted = 1, pending = 0, unseen = 0, unseen_aborted = 1, stage = 2, remaining = 0, aborted_ms = 1, finished_ms = 1",
    ).run();
    const list = async (query: string) =>
      (await manage("GET", `/${id}/devices/list?${query}`)).json<{ status: string }[]>().map((d) => d.status);
    expect(await list("")).toEqual(["aborted"]);
    const [entry] = (await manage("GET", `/${id}/devices/list`)).json<Record<string, string>[]>();
    expect([entry!.started, entry!.finished]).toEqual([new Date(1).toISOString(), new Date(1).toISOString()]);
    expect(await list("status=aborted")).toEqual(["aborted"]);
    expect(await list("status=pending")).toEqual([]);
    expect((await report(server, device, id, "success")).status).toBe(409);
    expect((await poll(server, device)).status).toBe(204);
    const internal = `/api/internal/v1/deployments/tenants/default/deployments/devices/${device.id}`;
    await server.call("DELETE", internal, { token: OPERATOR_TOKEN });
    expect(await counts(server, user, id)).toEqual({ aborted: 2 });
  });

  it("has an abort of more devices than a page written into all rows", async () => {
    const id = await deploy(server, user, [device]);
    await poll(server, device);
    await env.DB.batch([
      env.DB.prepare(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
         INSERT INTO device_deployments (tenant_id, device_id, seq, status, active, opens_ms)
         SELECT 'default', 'd' || i, seq, 1536, 1, 1 FROM n JOIN deployments`,
      ),
      env.DB.prepare(
        "UPDATE deployment_counters SET max_devices = 2501, downloading = 2500, remaining = 2501",
      ),
    ]);
    await manage("PUT", `/${id}/status`, { status: "aborted" });
    expect(await counts(server, user, id)).toEqual({ aborted: 2501 });
    const unsettled = () =>
      env.DB.prepare("SELECT count(*) AS n FROM device_deployments WHERE active = 1").first<{ n: number }>();
    expect((await unsettled())!.n).toBe(1501);
    await server.deliverEvents();
    expect((await unsettled())!.n).toBe(0);
    const open =
      "SELECT count(*) AS n FROM device_deployments WHERE started_ms IS NULL OR finished_ms IS NULL";
    expect((await env.DB.prepare(open).first<{ n: number }>())!.n).toBe(0);
  });
});

describe("a deployment whose targets are looked up by a job", () => {
  it("is visible as such, gives itself to those it knows, and ends with everyone", async () => {
    const MANY = 12_345;
    await env.DB.batch([
      env.DB.prepare(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MANY})
         INSERT INTO inventory_devices (tenant_id, device_id, status, created_ms, updated_ms)
         SELECT 'default', printf('%08d-0000-4000-8000-000000000000', i), 'accepted', 1, 1 FROM n`,
      ),
    ]);
    const [first, last] = ["00000001", "00012345"].map((head) => `${head}-0000-4000-8000-000000000000`);
    const [early, late] = [await aDevice(server, { id: first! }), await aDevice(server, { id: last! })];
    const created = await manage("POST", "", { name: "all", artifact_name: "release-2", all_devices: true });
    const id = idOf(created);
    expect(await show(server, user, id)).toMatchObject({ targeting: "inprogress", max_devices: 5000 });
    expect((await poll(server, early)).json().id).toBe(id);
    expect((await poll(server, late)).status).toBe(204);
    const why = await manage("GET", `/${id}/devices/${late.id}/explain`);
    expect(why.json().reason).toBe("targets_being_looked_up");
    const event = {
      id: "",
      kind: "deployment.targeting",
      tenant: early.tenant,
      subject: id,
      atMs: 0,
    } as const;
    const both = [server.deps(), server.deps()].map(async (deps) => resolveTargets(await deps, event));
    await Promise.all([...both, server.deliverEvents()]);
    const shown = await show(server, user, id);
    expect(shown).toMatchObject({ max_devices: MANY, status: "pending" });
    expect(shown).not.toHaveProperty("targeting");
    expect(await counts(server, user, id)).toEqual({ pending: MANY });
    expect((await poll(server, late)).json().id).toBe(id);
    const ids = (await manage("GET", `/${id}/device_list`)).json<string[]>();
    expect([ids.length, new Set(ids).size]).toEqual([MANY, MANY]);
  });
});

describe("internal routes", () => {
  const INTERNAL = "/api/internal/v1/deployments";
  const call = (method: string, path: string, json?: unknown) =>
    server.call(method, INTERNAL + path, { token: OPERATOR_TOKEN, json });

  it("are for the operator alone", async () => {
    const answer = await server.call("GET", `${INTERNAL}/tenants/default/deployments`, { token: user.token });
    expect(answer.status).toBe(401);
  });

  it("tell that the server is alive and well", async () => {
    expect((await call("GET", "/alive")).status).toBe(204);
    expect((await call("GET", "/health")).status).toBe(204);
    expect((await call("POST", "/tenants", { tenant_id: "t" })).status).toBe(201);
  });

  it("list a tenant's deployments, also with an empty tenant segment", async () => {
    const id = await deploy(server, user, [device]);
    expect((await call("GET", "/tenants//deployments")).json()).toMatchObject([{ id }]);
    await aTenant(server, "other");
    expect((await call("GET", "/tenants/other/deployments")).json()).toEqual([]);
  });

  it("decommission a device in its tenant alone, and show its history and last status [differs: decommission-tenant]", async () => {
    const id = await deploy(server, user, [device]);
    await poll(server, device);
    const path = `/deployments/devices/${device.id}`;
    expect((await call("DELETE", `/tenants/other${path}`)).status).toBe(204);
    expect(await counts(server, user, id)).toEqual({ pending: 1 });
    expect((await call("DELETE", `/tenants/default${path}`)).status).toBe(204);
    expect(await counts(server, user, id)).toEqual({ decommissioned: 1 });
    const told = await report(server, device, id, "success");
    expect([told.status, told.json().error]).toEqual([409, "Device decommissioned"]);
    const history = (await call("GET", `/tenants/default${path}`)).json<{ id: string }[]>();
    const started = afterStart(0);
    expect(history).toMatchObject([{ device: { status: "decommissioned", started, finished: started } }]);
    const entry = await call("GET", `/tenants/default/deployments/devices?id=${history[0]!.id}`);
    expect(entry.json()).toEqual(history);
    const last = await call("POST", "/tenants/default/devices/deployments/last", {
      device_ids: [device.id, "unknown"],
    });
    expect(last.json()).toEqual({
      device_deployment_last_statuses: [
        {
          device_id: device.id,
          deployment_id: id,
          device_deployment_id: history[0]!.id,
          device_deployment_status: "decommissioned",
        },
      ],
    });
  });

  it("refuse entries without ids and lists that are too long", async () => {
    const none = await call("GET", "/tenants/default/deployments/devices");
    expect([none.status, none.json().error]).toEqual([400, "id: cannot be blank"]);
    const ids = Array.from({ length: 1025 }, () => "a");
    expect(
      (await call("POST", "/tenants/default/devices/deployments/last", { device_ids: ids })).status,
    ).toBe(400);
  });

  it("deploy a configuration, which shows redacted and comes with a link of its own [differs: configuration-object, removed-while-deploying]", async () => {
    const id = crypto.randomUUID();
    const path = `/tenants/default/configuration/deployments/${id}/devices/${device.id}`;
    const json = { name: `configuration-${id}`, configuration: { key: "secret", a: "abc" }, retries: 0 };
    const made = await call("POST", path, json);
    expect([made.status, made.headers.get("location")]).toEqual([201, `./deployments/${id}`]);
    const again = await call("POST", path, json);
    expect([again.status, again.json().error]).toEqual([409, "Deployment with given ID already exists"]);
    const bad = await call("POST", `/tenants/default/configuration/deployments/x/devices/${device.id}`, json);
    expect([bad.status, bad.json().error]).toEqual([400, "Deployment ID must be a valid UUID"]);
    for (const configuration of ["[1]", '"text"', "no JSON", 7, ["a"]]) {
      const none = await call("POST", path.replaceAll(id, crypto.randomUUID()), { ...json, configuration });
      expect([none.status, none.json().error], String(configuration)).toEqual([
        400,
        expect.stringMatching(/configuration: /),
      ]);
    }
    const unknown = path.replaceAll(id, crypto.randomUUID()).replace(device.id, "nobody");
    const gone = await call("POST", unknown, json);
    expect([gone.status, gone.json().error]).toEqual([404, "device does not exist"]);
    const shown = await show(server, user, id);
    expect(shown).toMatchObject({ type: "configuration", max_devices: 1, artifact_name: json.name });
    expect(JSON.parse(atob(String(shown.configuration)))).toEqual({ key: "sec...<omitted>", a: "abc" });
    const next = (await poll(server, device)).json<{ artifact: { source: { uri: string } } }>();
    expect(next).toEqual({
      id,
      type: "configuration",
      artifact: {
        id: id + device.id,
        artifact_name: json.name,
        source: { uri: expect.any(String), expire: afterStart(15 * 60_000) },
        device_types_compatible: ["pi4"],
      },
    });
    expect(new URL(next.artifact.source.uri).pathname).toBe(
      `/api/devices/v1/deployments/download/configuration/${id}/pi4/${device.id}`,
    );
    await report(server, device, id, "success");
    expect(await show(server, user, id)).toMatchObject({ status: "finished" });
  });
});

it("finds the deployments of a device by the attribute that names it, if no deployment has the name", async () => {
  await inInventory(server, [device]);
  await env.DB.prepare("UPDATE inventory_devices SET attributes = ?")
    .bind(JSON.stringify({ "identity-mac": ["02:00"] }))
    .run();
  const id = await deploy(server, user, [device]);
  const find = async (query: string) =>
    (await server.call("GET", `${MANAGEMENT_V2}?${query}`, { token: user.token })).json();
  expect(await find("name=02:00")).toEqual([]);
  expect(await find("name=02:00&id_attribute=mac")).toMatchObject([{ id }]);
  expect(await find("name=to%201&id_attribute=mac")).toMatchObject([{ id }]);
});
