import { generateKeyPairSync } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { runSweeps } from "../../src/app/sweeps.ts";
import { asTenantId } from "../../src/platform/ids.ts";
import { putAllRows } from "../../src/platform/stored-rows.ts";
import { EXPORT_PART, importTenants, makeExportPart } from "../../src/tenantdata/index.ts";
import { ARCHIVE_BYTES, LEASE_MS, runImport } from "../../src/tenantdata/importing/imports.ts";
import {
  ARCHIVE_PART_BYTES,
  IMPORT_ATTEMPTS,
  IMPORT_LIFE_MS,
  LEFT_OUT_TOLD,
  OPEN_IMPORTS,
} from "../../src/tenantdata/limits.ts";
import { aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { answersAt, refusal } from "../support/answers.ts";
import { archiveOf, entry, header, page, tarOf, type Built } from "../support/archive-builder.ts";
import { aFilledTenant, download, operator, partsOf, rowsIn, TWO_PARTS } from "../support/archives.ts";
import { counts, report as reportStatus } from "../support/deployments.ts";
import { DEVAUTH, internal, type WireDevice } from "../support/device-auth.ts";
import { Crash, crashingDeps, Moments } from "../support/crashing.ts";
import { stops } from "../support/form.ts";
import {
  anArchive,
  begin,
  held,
  imported,
  importedUntil,
  IMPORTS,
  keysInBucket,
  removeTenant,
  rowsOf,
  send,
  sendPart,
  showImport,
  type ImportWire,
} from "../support/imports.ts";
import { SigningDevice } from "../support/signing-device.ts";
import { bindSpare, SPARE } from "../support/spare-database.ts";
import { env, Server } from "../support/server.ts";

const INVENTORY = "/api/devices/v1/inventory/device/attributes";
const ACME = asTenantId("acme");
/** Steps at which nobody else becomes the tenant. */
const LATER = new Set(["looking", "writing", "finishing", "opening"]);
const CHECK =
  "/api/devices/v1/deployments/device/deployments/next?artifact_name=release-1&device_type=raspberrypi4";

let server: Server;
beforeEach(async () => {
  server = await Server.start();
});

const READS = [
  "/api/management/v2/devauth/devices?per_page=100",
  "/api/management/v2/devauth/devices/count",
  "/api/management/v1/inventory/devices?per_page=100&sort=line:desc",
  "/api/management/v1/inventory/groups",
  "/api/management/v2/inventory/filters/attributes",
  "/api/management/v1/deployments/deployments",
  "/api/management/v1/deployments/artifacts",
  "/api/management/v2/deployments/deployments/releases",
  "/api/management/v1/useradm/users",
  "/api/management/v1/useradm/settings",
  "/api/management/v1/tenantadm/user/tenant",
  "/api/management/v1/deployments/limits/storage",
];

/** What the tenant's users are answered, byte by byte. */
const answers = (user: TestUser, deployment: string) =>
  answersAt(server, user.token, [
    ...READS,
    `/api/management/v1/deployments/deployments/${deployment}`,
    `/api/management/v1/deployments/deployments/${deployment}/statistics`,
    `/api/management/v1/deployments/deployments/${deployment}/devices`,
  ]);

const search = (user: TestUser, json: object) =>
  server.call("POST", "/api/management/v2/inventory/filters/search", {
    token: user.token,
    json: { page: 1, per_page: 100, filters: [], ...json },
  });

const foundBy = async (user: TestUser, text: string) =>
  (await search(user, { text })).json<{ id: string }[]>().map(({ id }) => id);

const check = (device: TestDevice) => server.call("GET", CHECK, { token: device.token });
const report = (device: TestDevice, value: string) =>
  server.call("PATCH", INVENTORY, { token: device.token, json: [{ name: "place", value }] });

describe("a tenant that is brought in from its archive", () => {
  it("is answered the same as before, with its files, and its devices go on", async () => {
    const { user, devices, deployment, bytes } = await anArchive(server, { fileBytes: TWO_PARTS });
    const [before, rows, keys] = [
      await answers(user, deployment),
      await rowsOf("acme"),
      await keysInBucket(),
    ];
    expect(before.filter((text) => / 200 /.test(text))).toEqual(before);
    const contacts = async () =>
      (await server.deps()).contacts.last(
        ACME,
        devices.map(({ id }) => id),
      );
    const heard = await contacts();
    expect(Object.keys(heard)).toHaveLength(1);
    await removeTenant(server, "acme");
    expect((await check(devices[0]!)).status).toBe(401);
    const done = await imported(server, bytes);
    expect(done).toMatchObject({ state: "done", tenant_id: "acme", left_out: { users: 0, memberships: 0 } });
    expect(await answers(user, deployment)).toEqual(before);
    await server.deliverEvents(); // what was to be told when the archive was made
    const { tenant_exports: _, ...kept } = rows;
    const { tenant_doors: __, ...found } = await rowsOf("acme");
    expect(found).toEqual({ ...kept, audit_log: rows.audit_log! + 1 });
    expect(await keysInBucket()).toEqual(keys.filter((key) => !key.startsWith("exports/")));
    expect(await contacts()).toEqual(heard);
    for (const device of devices) {
      const next = await check(device);
      expect(next.status).toBe(200);
      const { id, artifact } = next.json<{ id: string; artifact: { source: { uri: string } } }>();
      const got = await server.fetch(new Request(artifact.source.uri));
      expect([got.status, (await got.arrayBuffer()).byteLength > TWO_PARTS]).toEqual([200, true]);
      expect((await reportStatus(server, device, id, "downloading")).status).toBe(204);
      expect((await report(device, "here")).status).toBe(200);
    }
    expect(await counts(server, user, deployment)).toEqual({ downloading: 3 });
    const audit = await operator(server, "GET", "/tenants/acme/audit/verification");
    expect(audit.json()).toMatchObject({ findings: [] });
  });

  it("lets devices ask for new tokens where it is brought in with another signing key", async () => {
    const signing = new SigningDevice({ mac: "00:11" });
    const ask = async () => {
      const { tenant_token } = (await operator(server, "GET", "/tenants/acme")).json<{
        tenant_token: string;
      }>();
      return signing.ask(server, { tenant_token });
    };
    const { user, bytes } = await anArchive(server, {
      prepare: async ({ user: { token } }) => {
        expect((await ask()).status).toBe(401);
        const [pending] = (await server.call("GET", `${DEVAUTH}/devices?status=pending`, { token })).json<
          WireDevice[]
        >();
        const path = `${DEVAUTH}/devices/${pending!.id}/auth/${pending!.auth_sets[0]!.id}/status`;
        expect((await server.call("PUT", path, { token, json: { status: "accepted" } })).status).toBe(204);
      },
    });
    const before = await ask();
    expect(before.status).toBe(200);
    await removeTenant(server, "acme");
    const { privateKey } = generateKeyPairSync("ed25519");
    server.configure({ SIGNING_KEY: privateKey.export({ format: "pem", type: "pkcs8" }).toString() });
    expect(await imported(server, bytes)).toMatchObject({ state: "done" });
    expect((await server.call("GET", CHECK, { token: before.text })).status).toBe(401);
    expect((await server.call("GET", READS[0]!, { token: user.token })).status).toBe(401);
    const after = await ask();
    expect(after.status).toBe(200);
    expect((await server.call("GET", CHECK, { token: after.text })).status).toBe(204);
  });

  it("comes into another database than the directory's, and out of it with its users", async () => {
    const { user, deployment, bytes } = await anArchive(server);
    const before = await answers(user, deployment);
    await removeTenant(server, "acme");
    await bindSpare(server);
    server.configure({ DIRECTORY_TENANTS: "none" });
    const cancelled = await importedUntil(server, bytes, "opening");
    expect((await rowsOf("acme", SPARE)).devices).toBe(3);
    await operator(server, "DELETE", `${IMPORTS}/${cancelled}`);
    expect([await rowsOf("acme"), await rowsOf("acme", SPARE)]).toEqual([{}, {}]);
    expect(await imported(server, bytes)).toMatchObject({ state: "done" });
    server.configure({});
    expect(await answers(user, deployment)).toEqual(before);
    expect((await rowsOf("acme", SPARE)).devices).toBe(3);
    expect((await rowsOf("acme")).devices).toBeUndefined();
    const { id } = (await operator(server, "POST", "/tenants/acme/exports")).json<ImportWire>();
    const event = {
      id: "e",
      kind: EXPORT_PART,
      tenant: ACME,
      subject: id,
      data: { part: 1 },
      atMs: server.now,
    };
    await makeExportPart(await server.deps(), event);
    expect(rowsIn(await download(server, user.token, id), "users")).toMatchObject([{ email: user.email }]);
  });

  it("takes the place of the default tenant, in an installation that nobody has worked in", async () => {
    const { user, devices, deployment, bytes } = await anArchive(server, { tenant: "default" });
    const before = await answers(user, deployment);
    expect(refusal(await send(server, bytes))).toEqual([
      409,
      "the default tenant of this installation has users: it can be brought in only where nobody has worked in it",
    ]);
    expect((await operator(server, "POST", "/factory-reset", {})).status).toBe(200);
    for (const step of ["looking", "writing", "opening"]) {
      const id = await importedUntil(server, bytes, step);
      expect([step, (await operator(server, "GET", "/tenants/default")).status]).toEqual([step, 404]);
      await operator(server, "DELETE", `${IMPORTS}/${id}`);
      expect([step, (await operator(server, "GET", "/tenants/default")).status]).toEqual([step, 200]);
      const { tenant_homes: _, tenant_doors: __, ...found } = await rowsOf("default");
      expect([step, Object.keys(found)]).toEqual([step, ["tenants", "audit_log"]]);
    }
    expect(await imported(server, bytes)).toMatchObject({ state: "done" });
    server.configure({});
    expect(await answers(user, deployment)).toEqual(before);
    for (const device of devices) expect((await check(device)).status).toBe(200);
    const audit = await operator(server, "GET", "/tenants/default/audit/verification");
    expect(audit.json()).toMatchObject({ findings: [] });
  });

  it("finds the same by text, in the order of the devices [differs: tenant-imported]", async () => {
    const { user, devices, bytes } = await anArchive(server);
    expect((await foundBy(user, "raspberrypi4")).toSorted()).toEqual(devices.map(({ id }) => id).toSorted());
    await removeTenant(server, "acme");
    expect(await imported(server, bytes)).toMatchObject({ state: "done" });
    const found = await foundBy(user, "raspberrypi4");
    expect(found.toSorted()).toEqual(devices.map(({ id }) => id).toSorted());
    // The first has less text than the others, and fits better.
    const [, ...alike] = devices.map(({ id }) => id);
    expect(found.filter((id) => alike.includes(id))).toEqual(alike.toSorted());
  });

  it("comes from an archive in the bucket too, which stays there, with its files as they are", async () => {
    const { user, devices, deployment, bytes } = await anArchive(server, { objects: "referenced" });
    const before = await answers(user, deployment);
    const { objects } = await env.ARTIFACTS.list({ prefix: "acme/" });
    const [key] = objects.map((object) => object.key);
    const content = await (await env.ARTIFACTS.get(key!))!.arrayBuffer();
    await env.ARTIFACTS.put("imports/acme.tar", bytes);
    await removeTenant(server, "acme");
    const ask = () => operator(server, "POST", IMPORTS, { object: "imports/acme.tar" });
    const failed = (await ask()).json<ImportWire>();
    expect(await showImport(server, failed.id)).toMatchObject({
      state: "failed",
      error: `the file ${key} is not in the bucket, or is another`,
    });
    await env.ARTIFACTS.put(key!, content);
    const { id } = (await ask()).json<ImportWire>();
    expect(await showImport(server, id)).toMatchObject({ state: "done", progress: { files: 1 } });
    expect(await answers(user, deployment)).toEqual(before);
    expect(await keysInBucket()).toEqual([key, "imports/acme.tar"]);
    expect((await check(devices[0]!)).status).toBe(200);
  });

  it("is nobody's until all of it is there, and its devices get no wrong answer meanwhile", async () => {
    const { user, devices, bytes } = await anArchive(server);
    await server.deliverEvents();
    await removeTenant(server, "acme");
    for (const step of ["checking", "claiming", "looking", "writing", "finishing", "opening"]) {
      const id = await importedUntil(server, bytes, step);
      expect([step, (await check(devices[0]!)).status]).toEqual([step, 401]);
      expect([step, (await report(devices[0]!, "x")).status]).toEqual([step, 401]);
      expect([step, (await server.call("GET", READS[0]!, { token: user.token })).status]).toEqual([
        step,
        401,
      ]);
      const made = await operator(server, "PUT", "/tenants/acme/status", { status: "active" });
      expect([step, made.status]).toEqual([step, 404]);
      if (LATER.has(step)) await internal(server, "POST", "/tenants", { tenant_id: "acme" });
      const other = await begin(server, bytes.length);
      await operator(server, "DELETE", `${IMPORTS}/${other.json<ImportWire>().id}`);
      if (step !== "opening") await operator(server, "DELETE", `${IMPORTS}/${id}`);
      else await runImport(await server.deps(), id);
    }
    for (const device of devices) {
      expect((await check(device)).status).toBe(200);
      expect((await report(device, "there")).status).toBe(200);
    }
    const seen = await server.call("GET", "/api/management/v1/inventory/devices?per_page=100", {
      token: user.token,
    });
    expect(seen.text.match(/"value":"there"/g)).toHaveLength(devices.length);
  });

  it("has no account that is somebody else's here", async () => {
    const { user, bytes } = await anArchive(server, {
      prepare: async (filled) => {
        await aUser(server, { tenant: "acme" });
        await server.call("POST", "/api/management/v1/useradm/settings/tokens", {
          token: filled.user.token,
          json: { name: "t", expires_in: 60 },
        });
      },
    });
    await removeTenant(server, "acme");
    const theirs = await aUser(server, { tenant: "other" });
    await env.DB.prepare("UPDATE users SET email = ? WHERE user_id = ?").bind(user.email, theirs.id).run();
    expect(await imported(server, bytes)).toMatchObject({
      state: "done",
      left_out: { users: 1, addresses: [user.email], memberships: 0 },
    });
    const { results } = await env.DB.prepare("SELECT tenant_id FROM users WHERE email = ?")
      .bind(user.email)
      .all();
    expect(results).toEqual([{ tenant_id: "other" }]);
    expect((await server.call("GET", READS[0]!, { token: user.token })).status).toBe(401);
    expect((await rowsOf("acme")).users).toBe(1);
    const tokens = await env.DB.prepare("SELECT 1 FROM user_tokens WHERE tenant_id = 'acme' AND user_id = ?")
      .bind(user.id)
      .all();
    expect(tokens.results).toEqual([]);
  });
});

describe("an import that is stopped at any moment", () => {
  it("goes on, or is taken back and leaves what was there", async () => {
    const { user, deployment, bytes } = await anArchive(server, { fileBytes: TWO_PARTS });
    const [before, keys] = [await answers(user, deployment), await keysInBucket()];
    const others = keys.filter((key) => !key.startsWith("acme/") && !key.startsWith("exports/acme/"));
    await removeTenant(server, "acme");
    const sent = async () => (await held(() => send(server, bytes))).json<ImportWire>().id;
    const moments = new Moments();
    const first = await sent();
    await runImport(crashingDeps(await server.deps(), moments), first, 100_000);
    expect(await showImport(server, first)).toMatchObject({ state: "done" });
    await removeTenant(server, "acme");
    expect(moments.count).toBeGreaterThan(100);
    for (const stopAt of stops(moments.count, 8)) {
      for (const goesOn of [true, false]) {
        const id = await sent();
        const stopped = crashingDeps(await server.deps(), new Moments(stopAt));
        await expect(runImport(stopped, id, 100_000)).rejects.toThrow(Crash);
        // Whoever worked on it is gone, and its time is over.
        server.advance(LEASE_MS);
        if (!goesOn) await operator(server, "DELETE", `${IMPORTS}/${id}`);
        await runSweeps(await server.deps(), { import: importTenants });
        if (goesOn || (await rowsOf("acme")).tenants === 1) {
          expect([stopAt, await answers(user, deployment)]).toEqual([stopAt, before]);
          await removeTenant(server, "acme");
        }
        expect([stopAt, await rowsOf("acme")]).toEqual([stopAt, {}]);
        expect([stopAt, await keysInBucket()]).toEqual([stopAt, others]);
      }
    }
  }, 600_000);

  it.each(["checking", "claiming", "looking", "writing", "finishing", "opening"])(
    "is taken back at %s, with all that it has written and nothing else",
    async (step) => {
      const { bytes } = await anArchive(server);
      await aFilledTenant(server, "acme2");
      const [rows, keys] = [
        await rowsOf("acme2"),
        (await keysInBucket()).filter((key) => key.includes("acme2")),
      ];
      await removeTenant(server, "acme");
      const id = await importedUntil(server, bytes, step);
      const ended = await operator(server, "DELETE", `${IMPORTS}/${id}`);
      expect([ended.status, ended.json()]).toMatchObject([200, { state: "cancelled" }]);
      expect(await rowsOf("acme")).toEqual({});
      expect(await keysInBucket()).toEqual(keys);
      expect(await rowsOf("acme2")).toEqual(rows);
      expect((await operator(server, "DELETE", `${IMPORTS}/${id}`)).status).toBe(204);
      expect((await operator(server, "GET", `${IMPORTS}/${id}`)).status).toBe(404);
      expect(await imported(server, bytes)).toMatchObject({ state: "done" });
    },
  );

  it("never takes back files that it has not written", async () => {
    const { bytes } = await anArchive(server, { objects: "referenced" });
    const [object] = (await env.ARTIFACTS.list({ prefix: "acme/" })).objects;
    const content = await (await env.ARTIFACTS.get(object!.key))!.arrayBuffer();
    await removeTenant(server, "acme");
    await env.ARTIFACTS.put(object!.key, content);
    const id = await importedUntil(server, bytes, "opening");
    await operator(server, "DELETE", `${IMPORTS}/${id}`);
    expect(await showImport(server, id)).toMatchObject({ state: "cancelled" });
    expect(await keysInBucket()).toEqual([object!.key]);
    expect(await rowsOf("acme")).toEqual({});
  });

  it("fails after many attempts, and is taken back [limit: IMPORT_ATTEMPTS]", async () => {
    const { bytes } = await anArchive(server);
    await removeTenant(server, "acme");
    const id = await importedUntil(server, bytes, "opening");
    const trouble =
      "CREATE TRIGGER trouble BEFORE INSERT ON tenants BEGIN SELECT RAISE(FAIL, 'no room on the disk'); END";
    await env.DB.prepare(trouble).run();
    for (let attempt = 0; attempt < IMPORT_ATTEMPTS; attempt++)
      await expect(runImport(await server.deps(), id)).rejects.toThrow("no room");
    expect(await showImport(server, id)).toMatchObject({ step: "opening" });
    await runImport(await server.deps(), id);
    await env.DB.prepare("DROP TRIGGER trouble").run();
    expect(await showImport(server, id)).toMatchObject({
      state: "failed",
      error: expect.stringContaining("attempts"),
    });
    expect(await rowsOf("acme")).toEqual({});
    expect(await keysInBucket()).toEqual([]);
  });
});

describe("an archive that is none", () => {
  const tenant = (more: object = {}) =>
    page("tenants", [
      { tenant_id: "evil", name: "E", tenant_token: "t-evil", created_ms: 1, updated_ms: 1, ...more },
    ]);
  const head = header({ tenant: "evil" });
  const day = { tenant_id: "evil", day: "2020-01-01" };

  it.each<[string, () => Uint8Array, number, string]>([
    ["no tar at all", () => new Uint8Array(5000).fill(7), 422, "this is no entry of an archive"],
    [
      "cut in its first part",
      () => archiveOf([tenant()], head).subarray(0, 1536),
      422,
      'entry "tenants/000001.ndjson" crosses the end of its part',
    ],
    [
      "of another format",
      () => archiveOf([tenant()], header({ format: "x" })),
      422,
      "this is no archive of a tenant",
    ],
    [
      "of a later version",
      () => archiveOf([tenant()], header({ schema: "9999_later.sql" })),
      422,
      "the archive comes from a newer version: its last migration is not known here; upgrade first",
    ],
    ["a link", () => tarOf([head], "2"), 422, 'entry "archive.json" is no plain file'],
    [
      "of a tenant that is here",
      () => archiveOf([], header({ tenant: "here" })),
      409,
      "the tenant here is in this installation already: remove it first",
    ],
  ])("is refused at once: %s", async (_, bytes, status, text) => {
    await aUser(server, { tenant: "here" });
    expect(refusal(await send(server, bytes()))).toEqual([status, text]);
    expect(await rowsOf("evil")).toEqual({});
  });

  it.each<[string, Built[], RegExp]>([
    [
      "a table that was changed",
      [tenant(), entry("devices/000001.ndjson", "x\n", 1)],
      /something else than JSON/,
    ],
    [
      "a row of another tenant",
      [tenant(), page("usage_days", [{ ...day, tenant_id: "here" }])],
      /a row is of another tenant/,
    ],
    ["rows that no table takes", [tenant(), page("jobs", [{ tenant_id: "evil" }])], /column \w+ is missing/],
    ["rows that stand twice", [tenant(), page("usage_days", [day, day])], /they stand twice/],
    [
      "a state that there is not",
      [tenant(), page("storage_usage", [{ tenant_id: "evil", bytes: -1 }])],
      /break a rule of the table/,
    ],
    [
      "inventory that is no JSON",
      [
        tenant(),
        page("inventory_devices", [{ tenant_id: "evil", device_id: "d", attributes: "{", updated_ms: 1 }]),
      ],
      /does not take its rows|is missing/,
    ],
    ["the token of another tenant", [tenant({ tenant_token: "" })], /the token of the tenant/],
    [
      "parts of what is not there",
      [tenant(), page("job_results", [{ tenant_id: "evil", job_id: "j", step: 1, result: "{}" }])],
      /does not take its rows|is missing|no column/,
    ],
  ])("fails with a reason and leaves nothing: %s", async (what, entries, reason) => {
    if (what.includes("token")) {
      await aUser(server, { tenant: "here" });
      await env.DB.prepare("UPDATE tenants SET tenant_token = '' WHERE tenant_id = 'here'").run();
    }
    const failed = await imported(server, archiveOf(entries, head));
    expect(failed).toMatchObject({ state: "failed", error: expect.stringMatching(reason) });
    expect(await rowsOf("evil")).toEqual({});
    expect(await keysInBucket()).toEqual([]);
  });

  it("is found out wherever a whole one was cut, changed or put together wrongly", async () => {
    const { bytes } = await anArchive(server, { fileBytes: TWO_PARTS });
    await removeTenant(server, "acme");
    const changed = bytes.slice();
    changed[changed.length - 50_000]! ^= 1;
    const parts = partsOf(bytes);
    const bad = [
      changed,
      bytes.subarray(0, ARCHIVE_PART_BYTES),
      bytes.subarray(0, -1024),
      new Uint8Array(Buffer.concat([parts[0]!, parts[0]!])),
      new Uint8Array(Buffer.concat([bytes, new Uint8Array(512)])),
    ];
    for (const one of bad) {
      const sent = await send(server, one);
      const failed = sent.status === 200 ? await showImport(server, sent.json<ImportWire>().id) : undefined;
      expect([sent.status, failed?.state]).toEqual(failed ? [200, "failed"] : [422, undefined]);
      for (const { id } of (await operator(server, "GET", IMPORTS)).json<ImportWire[]>())
        await operator(server, "DELETE", `${IMPORTS}/${id}`);
      expect(await rowsOf("acme")).toEqual({});
      expect(await keysInBucket()).toEqual([]);
    }
  });

  it("has rows or files where there are some of its tenant already", async () => {
    await env.ARTIFACTS.put("evil/11111111-1111-4111-8111-111111111111", "x");
    expect(await imported(server, archiveOf([tenant()], head))).toMatchObject({
      state: "failed",
      error: expect.stringContaining("the bucket has files of a tenant evil already"),
    });
    expect(await keysInBucket()).toHaveLength(1);
    await env.ARTIFACTS.delete("evil/11111111-1111-4111-8111-111111111111");
    await env.DB.prepare("INSERT INTO storage_usage (tenant_id, bytes) VALUES ('evil', 7)").run();
    expect(await imported(server, archiveOf([tenant()], head))).toMatchObject({
      state: "failed",
      error: "storage_usage has rows of a tenant evil that is not here any more",
    });
    expect(await rowsOf("evil")).toEqual({ storage_usage: 1 });
  });
});

describe("sending an archive", () => {
  it("is refused where it is no part of it", async () => {
    const { id } = (await begin(server, ARCHIVE_PART_BYTES + 5)).json<ImportWire>();
    const told = (part: number, length: number) => sendPart(server, id, part, new Uint8Array(length));
    expect(refusal(await told(2, 4))).toEqual([400, "part 2 has 5 bytes, which Content-Length has to tell"]);
    expect(refusal(await told(3, 5))).toEqual([400, "the archive has 2 parts"]);
    expect((await told(0, 5)).status).toBe(400);
    expect((await sendPart(server, "none", 1, new Uint8Array(5))).status).toBe(404);
    expect((await told(2, 5)).json()).toMatchObject({ state: "uploading", parts: 2, parts_received: [2] });
    expect((await told(2, 5)).json()).toMatchObject({ parts_received: [2] });
    const ended = await operator(server, "DELETE", `${IMPORTS}/${id}`);
    expect(ended.json()).toMatchObject({ state: "cancelled" });
    expect((await told(2, 5)).status).toBe(409);
  });

  it("is taken up where it was complete and that was not written down", async () => {
    const { bytes } = await anArchive(server);
    await removeTenant(server, "acme");
    await env.DB.prepare(
      "CREATE TRIGGER trouble BEFORE UPDATE OF etag ON tenant_imports BEGIN SELECT RAISE(FAIL, 'trouble'); END",
    ).run();
    expect((await send(server, bytes)).status).toBe(500);
    await env.DB.prepare("DROP TRIGGER trouble").run();
    const [{ id } = { id: "" }] = (await operator(server, "GET", IMPORTS)).json<ImportWire[]>();
    expect((await sendPart(server, id, 1, bytes)).status).toBe(200);
    expect(await showImport(server, id)).toMatchObject({ state: "done" });
  });

  it.each([
    [{}, "must have either size or object"],
    [{ size: 5, object: "imports/x" }, "must have either size or object"],
    [{ size: 0 }, "must be 1 or more"],
    [{ size: 1.5 }, "whole number"],
    [{ size: "5" }, "must be a number"],
    [{ object: "acme/x" }, "must be below imports/ or exports/"],
    [{ object: "imports/\0" }, "must be below imports/ or exports/"],
    [{ object: `imports/${"a".repeat(2000)}` }, "the length must be no more than 1024"],
    [{ size: 5, jurisdiction: "moon" }, "must be one of eu, fedramp"],
    [{ size: 5, jurisdiction: "eu" }, "must be one that a database of this server is in"],
  ])("is not begun with %j", async (body, text) => {
    const answer = await operator(server, "POST", IMPORTS, body);
    expect([answer.status, answer.json().error]).toEqual([400, expect.stringContaining(text)]);
    expect((await operator(server, "GET", IMPORTS)).json()).toEqual([]);
  });

  it("is for archives of so many bytes [limit: ARCHIVE_BYTES] and a few at once [limit: OPEN_IMPORTS]", async () => {
    expect((await begin(server, ARCHIVE_BYTES)).status).toBe(202);
    expect((await begin(server, ARCHIVE_BYTES + 1)).status).toBe(400);
    for (let open = 1; open < OPEN_IMPORTS; open++) expect((await begin(server, 5)).status).toBe(202);
    expect(refusal(await begin(server, 5))).toEqual([
      409,
      `${OPEN_IMPORTS} imports are under way already: end one of them first`,
    ]);
    const listed = await operator(server, "GET", `${IMPORTS}?per_page=2`);
    expect([listed.json<unknown[]>().length, listed.headers.get("x-total-count")]).toEqual([
      2,
      String(OPEN_IMPORTS),
    ]);
  });

  it("ends by itself when nothing comes, and is told of for a while [limit: IMPORT_LIFE_MS]", async () => {
    const { id } = (await begin(server, 5)).json<ImportWire>();
    const sweep = async () => runSweeps(await server.deps(), { import: importTenants });
    server.advance(IMPORT_LIFE_MS - 1);
    await sweep();
    expect(await showImport(server, id)).toMatchObject({ state: "uploading" });
    server.advance(1);
    await sweep();
    expect(await showImport(server, id)).toMatchObject({ state: "cancelled" });
    server.advance(IMPORT_LIFE_MS);
    await sweep();
    expect((await operator(server, "GET", `${IMPORTS}/${id}`)).status).toBe(404);
  });

  it("tells of some of the users who were left out [limit: LEFT_OUT_TOLD]", async () => {
    const count = LEFT_OUT_TOLD + 1;
    const email = (i: number) => `u${i}@example.com`;
    const user = (tenant_id: string, i: number) => ({
      tenant_id,
      user_id: `${tenant_id}-${i}`,
      email: email(i),
      password_hash: "x",
      created_ms: 1,
      updated_ms: 1,
    });
    const numbers = Array.from({ length: count }, (_, i) => i);
    await (
      await server.deps()
    ).directory.batch(
      putAllRows(
        "users",
        Object.keys(user("default", 0)),
        numbers.map((i) => user("default", i)),
        "IGNORE",
      ),
    );
    const entries = [
      page("tenants", [{ tenant_id: "evil", name: "E", tenant_token: "t", created_ms: 1, updated_ms: 1 }]),
      page(
        "users",
        numbers.map((i) => user("evil", i)),
      ),
    ];
    const { left_out: left } = await imported(server, archiveOf(entries, header({ tenant: "evil" })));
    expect([left.users, left.addresses.length]).toEqual([count, LEFT_OUT_TOLD]);
  });
});
