import { generateKeyPairSync } from "node:crypto";
import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ALERT_SOURCES } from "../../src/app/alert-sources.ts";
import { EVERY_NIGHT, runSweeps } from "../../src/app/sweeps.ts";
import { findTrouble } from "../../src/devicemonitor/index.ts";
import { issueCertificate } from "../../src/local/x509.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { auditOf, refusal, rowsOf } from "../support/answers.ts";
import { inInventory } from "../support/deployments.ts";
import { Mailbox } from "../support/mailbox.ts";
import { env, Server } from "../support/server.ts";
import { addProvider, METADATA, outsideIs } from "../support/single-sign-on.ts";

const BASE = "/api/management/v1/devicemonitor";
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

let server: Server;
let mailbox: Mailbox;
let admin: TestUser;

beforeEach(async () => {
  server = await Server.start();
  // No clock shows whole seconds only.
  server.advance(123);
  server.configure({ MAIL_FROM: "no-reply@edgemend.test" });
  mailbox = new Mailbox(server);
  admin = await aUser(server, { email: "ann@example.com" });
});

afterEach(() => vi.unstubAllGlobals());

interface Listed {
  id: string;
  source: string;
  subject: string;
  object?: string;
  device_id?: string;
  group?: string;
  level: string;
  text: string;
  acknowledged?: { by: string; note?: string };
  muted: boolean;
}

const call = (method: string, path: string, json?: unknown, by = admin) =>
  server.call(method, BASE + path, { token: by.token, ...(json === undefined ? {} : { json }) });
const list = async (query = "", by = admin) => {
  const answer = await call("GET", `/alerts${query}`, undefined, by);
  expect(answer.status).toBe(200);
  return answer.json<{ alerts: Listed[]; cursor?: string }>();
};
const shown = async (query = "", by = admin) =>
  (await list(query, by)).alerts.map(({ subject, object, device_id }) => `${subject} ${object ?? device_id}`);

/** One look at each tenant. */
async function look(): Promise<number> {
  const deps = await server.deps();
  for (let minute = 0; minute < 5; minute++) {
    await findTrouble(ALERT_SOURCES)({ ...deps, now: () => server.now });
    server.advance(MINUTE_MS);
  }
  return deps.cost.rowsWritten;
}

const events = async () =>
  (await server.call("GET", "/api/management/v1/events?type=alert.*", { token: admin.token })).json<{
    events: { type: string; subject?: string; deviceid?: string; data: Record<string, unknown> }[];
  }>().events;

const head = () => env.TENANT_HEAD.get(env.TENANT_HEAD.idFromName("default"));
const check = (of: TestDevice) =>
  server.call("GET", "/api/devices/v1/deployments/device/deployments/next?device_type=pi4&artifact_name=r1", {
    token: of.token,
  });

/** Devices that ask every ten minutes. */
async function withRhythm(devices: readonly TestDevice[]): Promise<void> {
  await look();
  for (let time = 0; time < 3; time++) {
    server.advance(10 * MINUTE_MS);
    for (const device of devices) await check(device);
    await runDurableObjectAlarm(head());
  }
}

const setRule = async (kind: string, json: object, query = "") =>
  expect((await call("PUT", `/rules/${kind}${query}`, json)).status).toBe(204);

describe("a silent device", () => {
  it("is an alert beyond its own rhythm, told and mailed once, and none when it is heard again", async () => {
    const [device, other] = [await aDevice(server), await aDevice(server)];
    await inInventory(server, [device], "lab");
    await withRhythm([device, other]);
    await look();
    expect(await list()).toEqual({ alerts: [] });
    for (let time = 0; time < 7; time++) {
      await check(other);
      await look();
    }
    const [alert] = (await list()).alerts;
    expect(await shown()).toEqual([`silent ${device.id}`]);
    expect(alert).toMatchObject({ source: "server", device_id: device.id, group: "lab", level: "CRITICAL" });
    expect(alert?.text).toMatch(/^No contact since 20\d\d-\d\d-\d\d \d\d:\d\d UTC$/);
    const mails = await mailbox.open();
    expect(mails.map(({ to, subject }) => [to, subject])).toEqual([
      [["ann@example.com"], `CRITICAL: Monitor Alert: ${alert?.text}`],
    ]);
    expect(mails[0]!.text).toBe(`CRITICAL: ${alert?.text} (device ${device.id}, group lab)\n`);
    await check(device);
    await look();
    expect(await shown()).toEqual([]);
    expect(await mailbox.open()).toEqual([]);
    expect((await events()).map(({ type, deviceid, data }) => [type, deviceid, data.source])).toEqual([
      ["alert.raised", device.id, "server"],
      ["alert.cleared", device.id, "server"],
    ]);
    expect(await rowsOf("SELECT * FROM server_alerts")).toEqual([]);
  });

  it("costs one row of the database, and one for what all are told of; looking costs none", async () => {
    const devices: TestDevice[] = [];
    for (let n = 0; n < 12; n++) devices.push(await aDevice(server));
    await withRhythm(devices);
    await setRule("silent", { threshold: 3, mail: false });
    for (let time = 0; time < 12; time++) if ((await look()) > 0) break;
    expect(await look()).toBe(0);
    server.advance(5 * MINUTE_MS);
    for (const device of devices) await check(device);
    // A row removed for each, a page of the stream.
    expect(await look()).toBe(devices.length + 1);
    server.advance(10 * MINUTE_MS);
    const written: number[] = [];
    for (let time = 0; time < 12; time++) written.push(await look());
    expect(written.filter((rows) => rows > 0)).toEqual([devices.length + 1]);
    expect((await list()).alerts).toHaveLength(12);
  });

  it("is minded later, or never, in a group that has another rule", async () => {
    const [lab, field] = [await aDevice(server), await aDevice(server)];
    await inInventory(server, [lab], "lab");
    await inInventory(server, [field], "field");
    await withRhythm([lab, field]);
    await setRule("silent", { threshold: 10, level: "WARNING" }, "?group=lab");
    await setRule("silent", { enabled: false, threshold: 3 }, "?group=field");
    for (let time = 0; time < 12; time++) await look();
    expect(await shown()).toEqual([]);
    for (let time = 0; time < 12; time++) await look();
    expect((await list()).alerts.map(({ device_id, level }) => [device_id, level])).toEqual([
      [lab.id, "WARNING"],
    ]);
    await server.call("DELETE", `/api/management/v2/devauth/devices/${lab.id}`, { token: admin.token });
    expect(await shown()).toEqual([]);
    await runSweeps(await server.deps(), EVERY_NIGHT);
    expect(await rowsOf("SELECT * FROM server_alerts")).toEqual([]);
  });
});

/** Rows as the domains would have made them, where making them takes hours or a fleet. */
const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });

/** Of a provider, with certificates that end in so many days. */
function metadata({ certificates, validDays }: { certificates: number[]; validDays?: number }): string {
  const inDays = (days: number) => new Date(server.now + days * DAY_MS);
  const descriptors = certificates.map((days) => {
    const pem = issueCertificate({
      subject: "id",
      issuer: "id",
      subjectKey: keys.publicKey,
      issuerKey: keys.privateKey,
      notBefore: new Date(0),
      notAfter: inDays(days),
    });
    const text = pem.replace(/-----[^-]+-----|\s/g, "");
    return `<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>
      <X509Certificate>${text}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`;
  });
  const until = validDays === undefined ? "" : `validUntil="${inDays(validDays).toISOString()}"`;
  return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://id.example.com" ${until}>
    <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">${descriptors.join("")}
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://id.example.com/sso"/>
    </IDPSSODescriptor></EntityDescriptor>`;
}

const put = (sql: string, ...values: unknown[]) =>
  env.DB.prepare(sql)
    .bind(...values)
    .run();

describe("the server itself tells of", () => {
  it("limits that are nearly used up", async () => {
    for (let n = 0; n < 9; n++) await aDevice(server);
    await put(
      "INSERT INTO tenant_limits VALUES ('default', 'max_devices', 10), ('default', 'storage', 0), ('default', 'max_users', 1)",
    );
    await put("INSERT OR REPLACE INTO device_counts VALUES ('default', 'accepted', 'standard', 9)");
    await look();
    expect((await list()).alerts).toMatchObject([
      {
        subject: "limit",
        object: "max_devices",
        level: "WARNING",
        text: "9 of 10 devices are used (max_devices)",
      },
    ]);
    await put("UPDATE tenant_limits SET value = 100 WHERE name = 'max_devices'");
    await look();
    expect(await shown()).toEqual([]);
  });

  it("tokens that end", async () => {
    const made = await server.call("POST", "/api/management/v1/useradm/settings/tokens", {
      token: admin.token,
      json: { name: "ci", expires_in: 20 * 86_400 },
    });
    expect(made.status).toBe(200);
    await look();
    expect(await shown()).toEqual([]);
    server.advance(7 * DAY_MS);
    admin = await aUser(server);
    await look();
    expect((await list()).alerts).toMatchObject([
      { subject: "expiry", text: expect.stringMatching(/^The token ci ends on 20/) },
    ]);
    server.advance(14 * DAY_MS);
    admin = await aUser(server);
    await look();
    expect(await shown()).toEqual([]);
  });

  it("certificates and metadata of single sign-on that end, until there are others", async () => {
    const headers = { "Content-Type": "application/samlmetadata+xml" };
    const day = (days: number) => new Date(server.now + days * DAY_MS).toISOString().slice(0, 10);
    const id = await addProvider(server, admin.token, {
      body: metadata({ certificates: [20, 300] }),
      headers,
    });
    const put = async (body: string) =>
      expect(
        (await server.call("PUT", `${METADATA}/${id}`, { token: admin.token, body, headers })).status,
      ).toBe(204);
    const expiring = async () =>
      (await list("?subject=expiry")).alerts.map(
        ({ object, text }) => `${object?.replace(id, "id")}: ${text}`,
      );
    await look();
    expect(await expiring()).toEqual([]);
    await put(metadata({ certificates: [-3, 13], validDays: 12 }));
    const told = [
      `id/metadata: The metadata of the sign-in provider https://id.example.com are good until ${day(12)}`,
      `id/signing: The signing certificate of the sign-in provider https://id.example.com is good until ${day(13)}`,
    ];
    await look();
    expect((await expiring()).toSorted()).toEqual(told);
    server.advance(20 * DAY_MS);
    admin = await aUser(server);
    await look();
    // What has ended is as wrong as before.
    expect((await expiring()).toSorted()).toEqual(told);
    await put(metadata({ certificates: [8000] }));
    await look();
    expect(await expiring()).toEqual([]);
    expect((await events()).map(({ type }) => type)).toEqual([
      "alert.raised",
      "alert.raised",
      "alert.cleared",
      "alert.cleared",
    ]);
    const ours = `/api/management/v1/useradm/sso/sp/metadata/${id}`;
    expect((await server.call("GET", ours, { token: admin.token })).status).toBe(200);
    const years = new Date(server.now);
    years.setUTCFullYear(years.getUTCFullYear() + 20);
    server.advance(years.getTime() - server.now - 10 * DAY_MS);
    admin = await aUser(server);
    await look();
    expect(await expiring()).toEqual([
      `id/own: Our certificate for the sign-in provider https://id.example.com is good until ${years.toISOString().slice(0, 10)}`,
    ]);
  });

  it("nothing about metadata that are read from where they are published, however short they are good", async () => {
    outsideIs(() => new Response(metadata({ certificates: [300], validDays: 2 })));
    const body = "<IdentityProviderUrl>https://id.example.com</IdentityProviderUrl>";
    const headers = { "Content-Type": "application/samlmetadata+xml" };
    await addProvider(server, admin.token, { body, headers });
    await look();
    expect(await shown()).toEqual([]);
  });

  it("receivers that fail, deployments that do, and devices without their configuration", async () => {
    const device = await aDevice(server);
    await put(
      "INSERT INTO event_receivers (tenant_id, receiver_id, kind, types, position, failures) VALUES ('default', 'r1', 'webhook', '[]', 0, 30), ('default', 'r2', 'webhook', '[]', 0, 29)",
    );
    await put(
      `INSERT INTO deployments (tenant_id, seq, deployment_id, kind, name, artifact_name, created_ms, scope, fingerprint)
       VALUES ('default', 1, 'd1', 'software', 'spring', 'r2', 0, 'all', 'f1'), ('default', 2, 'd2', 'software', 'summer', 'r3', 0, 'all', 'f2')`,
    );
    await put(
      `INSERT INTO deployment_counters (tenant_id, seq, stage, opens_ms, max_devices, remaining, unseen, failure, success)
       VALUES ('default', 1, 1, 0, 10, 5, 5, 1, 4), ('default', 2, 1, 0, 10, 5, 5, 1, 3)`,
    );
    await put(
      `INSERT INTO device_configurations (tenant_id, device_id, configured, reported, updated_ms, reported_ms)
       VALUES ('default', ?, '{"a":"1"}', '{"a":"2"}', ?, ?), ('default', 'gone', '{"a":"1"}', '{"a":"2"}', ?, 1)`,
      device.id,
      server.now - 25 * HOUR_MS,
      server.now,
      server.now - 25 * HOUR_MS,
    );
    await look();
    expect((await shown()).toSorted()).toEqual([
      `configuration ${device.id}`,
      "deployment d1",
      "receiver r1",
    ]);
    expect((await list("?subject=deployment")).alerts[0]).toMatchObject({
      text: "1 of 5 devices failed in the deployment spring",
    });
    const [mail] = await mailbox.open();
    expect([mail?.subject, mail?.text.split("\n").length]).toEqual([
      expect.stringMatching(/: Monitor Alert: 3 things are wrong$/),
      4,
    ]);
    // The device runs with it, beside values of its group; the receiver takes one; the deployment has ended.
    await put(`UPDATE device_configurations SET reported = '{"a":"1","b":"3"}'`);
    await put("UPDATE event_receivers SET failures = 0");
    await put("UPDATE deployment_counters SET stage = 2");
    await look();
    expect(await shown()).toEqual([]);
    expect((await events()).filter(({ type }) => type === "alert.cleared")).toHaveLength(3);
  });
});

const anAlert = (subject: string, level = "CRITICAL", at = server.now) => ({
  name: `Service ${subject}`,
  level,
  timestamp: new Date(at).toISOString(),
  subject: { name: subject, status: "down", type: "systemd.unit" },
});
async function raise(device: TestDevice, subject: string, level?: string) {
  const answer = await server.call("POST", "/api/devices/v1/devicemonitor/alert", {
    token: device.token,
    json: [anAlert(subject, level)],
  });
  expect(answer.status).toBe(204);
  server.advance(1000);
}

describe("the list of alerts", () => {
  it("has those of devices and of the server, newest first, in pages that miss and repeat nothing [differs: server-alerts]", async () => {
    const device = await aDevice(server);
    for (let n = 0; n < 3; n++) await raise(device, `unit-${n}`);
    await put(
      `INSERT INTO server_alerts (tenant_id, raised_ms, kind, object, level, text)
       SELECT 'default', ?, 'receiver', 'r' || value, 'CRITICAL', 'x' FROM generate_series(1, 450)`.replace(
        "generate_series(1, 450)",
        `json_each('${JSON.stringify(Array.from({ length: 450 }, (_, n) => n))}')`,
      ),
      server.now,
    );
    await raise(device, "last");
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await list(`?limit=170${cursor === undefined ? "" : `&cursor=${cursor}`}`);
      seen.push(...page.alerts.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect([seen.length, new Set(seen).size]).toEqual([454, 454]);
    const { alerts } = await list("?source=device");
    expect(alerts.map(({ subject }) => subject)[0]).toBe("last");
    for (const query of ["?limit=0", "?limit=201", "?limit=x", "?source=x", "?cursor=x", "?acknowledged=1"])
      expect((await call("GET", `/alerts${query}`)).status).toBe(400);
    expect(
      await rowsOf(
        "EXPLAIN QUERY PLAN SELECT * FROM server_alerts WHERE tenant_id = 'default' AND (raised_ms, kind, object) < (5, 'a', 'b') ORDER BY raised_ms DESC, kind DESC, object DESC",
      ),
    ).toMatchObject([
      {
        detail: expect.stringContaining(
          "USING PRIMARY KEY (tenant_id=? AND (raised_ms,kind,object)<(?,?,?))",
        ),
      },
    ]);
  });

  it("is cut to the devices that a user may read of, and so is what can be acknowledged", async () => {
    const [own, other] = [await aDevice(server), await aDevice(server)];
    await inInventory(server, [own], "lab");
    await raise(own, "a");
    await raise(other, "b");
    await put("INSERT INTO server_alerts VALUES ('default', 1, 'receiver', 'r', 'CRITICAL', 'x', NULL)");
    const role = await server.call("POST", "/api/management/v2/useradm/roles", {
      token: admin.token,
      json: {
        name: "lab",
        permission_sets_with_scope: [
          { name: "ManageDevices", scope: { type: "DeviceGroups", value: ["lab"] } },
          { name: "ReadDevices", scope: { type: "DeviceGroups", value: ["lab"] } },
        ],
      },
    });
    expect(role.status).toBe(201);
    const user = await aUser(server, { roles: ["lab"] });
    const all = (await list()).alerts;
    expect(await shown("", user)).toEqual([`a ${own.id}`]);
    const say = (ids: string[], by: TestUser) => call("POST", "/alerts/acknowledge", { ids }, by);
    const hidden = all.filter(({ subject }) => subject !== "a").map(({ id }) => id);
    expect(refusal(await say(hidden, user))).toEqual([404, "no such alert is open"]);
    expect(
      (
        await say(
          all.map(({ id }) => id),
          user,
        )
      ).status,
    ).toBe(204);
    expect(await shown("?acknowledged=true")).toEqual([`a ${own.id}`]);
    for (const body of [{ device_id: other.id }, { group: "field" }, {}])
      expect((await call("POST", "/mutes", body, user)).status).toBe(403);
    for (const body of [{ device_id: own.id }, { group: "lab" }])
      expect((await call("POST", "/mutes", body, user)).status).toBe(201);
    const reader = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    expect((await say(hidden, reader)).status).toBe(403);
    await put(
      `INSERT INTO server_alerts (tenant_id, raised_ms, kind, object, level, text)
       SELECT 'default', ?, 'silent', 'hidden-' || value, 'CRITICAL', 'x' FROM json_each(?)`,
      server.now + 1,
      JSON.stringify(Array.from({ length: 250 }, (_, n) => n)),
    );
    // A page ends among what the user must not hear of, and does not tell where.
    const page = await list("", user);
    expect(page).toMatchObject({ alerts: [], cursor: expect.any(String) });
    for (const part of page.cursor!.split("."))
      expect(Buffer.from(part, "base64url").toString()).not.toMatch(/hidden|silent/);
    expect(await shown(`?cursor=${page.cursor}`, user)).toEqual([`a ${own.id}`]);
    const elsewhere = await aUser(server, { tenant: "other" });
    expect((await call("GET", `/alerts?cursor=${page.cursor}`, undefined, elsewhere)).status).toBe(400);
  });
});

describe("who has seen an alert", () => {
  it("is on record until its level changes, and can be taken back", async () => {
    const device = await aDevice(server);
    await raise(device, "crond");
    const [alert] = (await list()).alerts;
    const say = (json: object) => call("POST", "/alerts/acknowledge", json);
    expect((await say({ ids: [alert!.id], note: "on it" })).status).toBe(204);
    expect((await list("?acknowledged=true")).alerts).toMatchObject([
      { id: alert!.id, acknowledged: { by: "ann@example.com", note: "on it" } },
    ]);
    await raise(device, "crond");
    expect(await shown("?acknowledged=false")).toEqual([]);
    expect((await say({ ids: [alert!.id], acknowledged: false })).status).toBe(204);
    expect(await shown("?acknowledged=true")).toEqual([]);
    await say({ ids: [alert!.id] });
    await raise(device, "crond", "OK");
    await raise(device, "crond");
    expect(await shown("?acknowledged=false")).toEqual([`crond ${device.id}`]);
    expect(
      (await auditOf("default")).filter(({ change }) => String(change).includes("acknowledged")),
    ).toHaveLength(3);
    for (const json of [
      {},
      { ids: [] },
      { ids: "x" },
      { ids: [1] },
      { ids: [alert!.id], acknowledged: "no" },
    ])
      expect((await say(json)).status).toBe(400);
    expect((await say({ ids: ["nonsense", "WyJkIl0"] })).status).toBe(404);
  });

  it("is said of at most 100 alerts at once [limit: MAX_ACKNOWLEDGED]", async () => {
    const ids = (n: number) => Array.from({ length: n }, () => "x");
    expect((await call("POST", "/alerts/acknowledge", { ids: ids(100) })).status).toBe(404);
    expect((await call("POST", "/alerts/acknowledge", { ids: ids(101) })).status).toBe(400);
  });
});

describe("a mute", () => {
  it("keeps mails away for its device, group or subject, for as long as it says", async () => {
    const device = await aDevice(server);
    await inInventory(server, [device], "lab");
    const mute = (json: object) => call("POST", "/mutes", json);
    const until = new Date(server.now + HOUR_MS).toISOString();
    const made = await mute({ group: "lab", subject: "crond", until, reason: "works on it" });
    expect([made.status, made.headers.get("location")]).toEqual([
      201,
      `${BASE}/mutes/${made.json<{ id: string }>().id}`,
    ]);
    await raise(device, "crond");
    await raise(device, "sshd");
    expect((await mailbox.open()).map(({ subject }) => subject)).toEqual([expect.stringContaining("sshd")]);
    expect((await list("?muted=true")).alerts).toMatchObject([{ subject: "crond", muted: true }]);
    server.advance(HOUR_MS);
    await raise(device, "crond", "OK");
    expect(await mailbox.open()).toHaveLength(1);
    expect((await call("GET", "/mutes")).json()).toEqual([]);
    const { id } = (await mute({ device_id: device.id })).json<{ id: string }>();
    await raise(device, "crond");
    expect(await mailbox.open()).toEqual([]);
    expect((await call("DELETE", `/mutes/${id}`)).status).toBe(204);
    expect((await call("DELETE", `/mutes/${id}`)).status).toBe(404);
    for (const json of [
      { until: "then" },
      { until: new Date(server.now).toISOString() },
      { device_id: "x" },
      { device: device.id },
      { group: "" },
    ])
      expect((await mute(json)).status).toBe(400);
  });

  it("is one of at most 200 [limit: MAX_MUTES]", async () => {
    await put(
      `INSERT INTO monitor_mutes (tenant_id, mute_id, reason, created_by, created_ms)
       SELECT 'default', value, '', '', 1 FROM json_each(?)`,
      JSON.stringify(Array.from({ length: 199 }, (_, n) => `m${n}`)),
    );
    expect((await call("POST", "/mutes", {})).status).toBe(201);
    expect(refusal(await call("POST", "/mutes", {}))).toEqual([
      409,
      "there are 200 mutes, and no more are possible",
    ]);
  });
});

describe("a rule", () => {
  it("says when alerts of a kind are raised and mailed; without one there is a usual one", async () => {
    const rules = async () =>
      (await call("GET", "/rules")).json<{ kind: string; group?: string; default: boolean }[]>();
    expect((await rules()).map(({ kind }) => kind)).toEqual([
      "silent",
      "configuration",
      "deployment",
      "limit",
      "expiry",
      "receiver",
      "device",
    ]);
    await setRule("limit", { threshold: 50, level: "WARNING", mail: false });
    await setRule("device", { mail: false }, "?group=lab");
    expect((await rules()).filter((rule) => !rule.default)).toEqual([
      { kind: "limit", enabled: true, mail: false, level: "WARNING", threshold: 50, default: false },
      {
        kind: "device",
        group: "lab",
        enabled: true,
        mail: false,
        level: "CRITICAL",
        threshold: 1,
        default: false,
      },
    ]);
    const device = await aDevice(server);
    await inInventory(server, [device], "lab");
    await raise(device, "crond");
    expect(await mailbox.open()).toEqual([]);
    expect((await call("DELETE", "/rules/device?group=lab")).status).toBe(204);
    expect((await call("DELETE", "/rules/device?group=lab")).status).toBe(404);
    const wrong: [string, object][] = [
      ["/rules/nothing", { threshold: 5 }],
      ["/rules/silent", { threshold: 1 }],
      ["/rules/silent", { threshold: 101 }],
      ["/rules/silent", { threshold: 2.5 }],
      ["/rules/limit?group=lab", { threshold: 50 }],
      ["/rules/limit", { threshold: 50, level: "BAD" }],
    ];
    for (const [path, json] of wrong)
      expect([path, (await call("PUT", path, json)).status]).toEqual([path, 400]);
  });

  it("is one of at most 200 [limit: MAX_RULES]", async () => {
    await put(
      `INSERT INTO monitor_rules SELECT 'default', 'silent', value, 1, 1, 'CRITICAL', 3 FROM json_each(?)`,
      JSON.stringify(Array.from({ length: 199 }, (_, n) => `g${n}`)),
    );
    await setRule("silent", { threshold: 5 });
    expect((await call("PUT", "/rules/silent?group=more", { threshold: 5 })).status).toBe(409);
    await setRule("silent", { threshold: 6 });
  });
});
