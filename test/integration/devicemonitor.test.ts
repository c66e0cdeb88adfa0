import { beforeEach, describe, expect, it } from "vitest";
import { EVERY_MINUTE, EVERY_NIGHT, runSweeps } from "../../src/app/sweeps.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { auditOf, refusal, rowsOf } from "../support/answers.ts";
import { inInventory } from "../support/deployments.ts";
import { Mailbox } from "../support/mailbox.ts";
import { env, OPERATOR_TOKEN, Server } from "../support/server.ts";

const DEVICES = "/api/devices/v1/devicemonitor";
const BASE = "/api/management/v1/devicemonitor";
const INTERNAL = "/api/internal/v1/devicemonitor/tenants/default";
const MINUTE_MS = 60_000;
const MAILS_FREE = 5;

let server: Server;
let mailbox: Mailbox;
let admin: TestUser;
let device: TestDevice;

beforeEach(async () => {
  server = await Server.start();
  server.configure({ MAIL_FROM: "no-reply@edgemend.test" });
  mailbox = new Mailbox(server);
  admin = await aUser(server, { email: "ann@example.com" });
  device = await aDevice(server);
  await inInventory(server, [device], "lab");
});

interface Given {
  subject?: string;
  level?: string;
  at?: string;
}

const time = (ms = 0) => new Date(server.now + ms).toISOString();
const anAlert = ({ subject = "crond", level = "CRITICAL", at = time() }: Given = {}) => ({
  name: `Service ${subject} not running`,
  level,
  timestamp: at,
  subject: {
    name: subject,
    status: level === "OK" ? "running" : "not-running",
    type: "systemd.unit",
    details: {
      description: `Service ${subject} is not running`,
      log_pattern: "a<b",
      log_file_path: "/var/log/x",
    },
  },
});
const post = (json: unknown, by = device) =>
  server.call("POST", `${DEVICES}/alert`, { token: by.token, json });
const raise = async (...given: Given[]) => {
  const answer = await post(given.map(anAlert));
  expect([answer.status, answer.text]).toEqual([204, ""]);
  server.advance(1000);
};
const get = (path: string, by = admin) => server.call("GET", BASE + path, { token: by.token });
type Wire = {
  id: string;
  device_id: string;
  name: string;
  level: string;
  timestamp: string;
  subject: { name: string };
};
const alerts = async (query = "") => get(`/devices/${device.id}/alerts${query}`);
const latest = async (query = "") =>
  (await get(`/devices/${device.id}/alerts/latest${query}`)).json<Wire[]>();
const shown = (list: Wire[]) => list.map(({ subject, level }) => `${subject.name} ${level}`);

const FLOOD_S = 5;

const alertEvents = async () =>
  (
    await server.call("GET", "/api/management/v1/events?type=alert.*&limit=500", { token: admin.token })
  ).json<{
    events: { type: string; data: { subject: string } }[];
  }>().events;

/** As each tenant is looked at in its minute. */
async function lookAtAll(): Promise<void> {
  for (let minute = 0; minute < 5; minute++) {
    await runSweeps(await server.deps(), { "find-trouble": EVERY_MINUTE["find-trouble"]! });
    server.advance(MINUTE_MS);
  }
}

/** The counters as filters of the device list see them. */
async function counters(): Promise<[unknown, unknown]> {
  const found = await server.call("GET", `/api/management/v1/inventory/devices/${device.id}`, {
    token: admin.token,
  });
  const { attributes } = found.json<{ attributes: { scope: string; name: string; value: unknown }[] }>();
  const value = (name: string) =>
    attributes.find((one) => one.scope === "monitor" && one.name === name)?.value;
  return [value("alerts"), value("alert_count")];
}

describe("alerts of a device", () => {
  it("are kept, counted in its inventory and shown as the web UI asks for them", async () => {
    expect(await counters()).toEqual([undefined, undefined]);
    await raise({ subject: "crond" });
    expect(await counters()).toEqual([true, 1]);
    await raise({ subject: "sshd" });
    expect(await counters()).toEqual([true, 2]);
    const page = await alerts("?page=1&per_page=1&sort_ascending=false");
    expect([page.status, page.headers.get("x-total-count")]).toEqual([200, "2"]);
    expect(page.json()).toEqual([
      {
        ...anAlert({ subject: "sshd", at: time(-1000) }),
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        device_id: device.id,
      },
    ]);
    expect(shown((await alerts("?sort_ascending=true")).json())).toEqual(["crond CRITICAL", "sshd CRITICAL"]);
    expect(shown(await latest())).toEqual(["crond CRITICAL", "sshd CRITICAL"]);
    await raise({ subject: "crond", level: "OK" }, { subject: "sshd", level: "OK" });
    expect(await counters()).toEqual([false, 0]);
    expect(await latest()).toEqual([]);
    expect(shown(await latest("?level_from=OK&per_page=10&page=1"))).toEqual(["crond OK", "sshd OK"]);
    expect((await alerts(`?issued_after=${time(-1500)}`)).headers.get("x-total-count")).toBe("2");
    expect((await alerts(`?issued_before=${time(-1500)}`)).headers.get("x-total-count")).toBe("2");
    for (const query of ["?sort_ascending=yes", "?issued_after=then", "?per_page=0"])
      expect((await alerts(query)).status).toBe(400);
    expect((await get(`/devices/${device.id}/alerts/latest?level_from=WARNING`)).status).toBe(400);
    const search = await server.call("POST", "/api/management/v2/inventory/filters/search", {
      token: admin.token,
      json: { filters: [{ scope: "monitor", attribute: "alerts", type: "$eq", value: false }] },
    });
    expect(search.json<{ id: string }[]>().map(({ id }) => id)).toEqual([device.id]);
    const unknown = await get("/devices/nobody/alerts");
    expect([unknown.json(), (await get("/devices/nobody/config")).json()]).toEqual([[], []]);
  });

  it("are taken with any level and further members; items that are none are left out [differs: alert-items]", async () => {
    const odd = { ...anAlert({ subject: "a", level: "CRITICAL_FLAPPING" }), extra: { deep: [1] } };
    const corrupt = [null, 1, [], {}, { ...anAlert(), level: "" }, { ...anAlert(), timestamp: "yesterday" }];
    expect((await post([...corrupt, odd])).status).toBe(204);
    expect(await latest()).toEqual([{ ...odd, id: expect.any(String), device_id: device.id }]);
    for (const body of [{}, [], "text", corrupt, anAlert(), Array.from({ length: 129 }, () => anAlert())])
      expect((await post(body)).status).toBe(400);
    expect(refusal(await post([{ ...anAlert(), name: "" }]))).toEqual([
      400,
      "malformed request body: name: cannot be blank.",
    ]);
    expect(await counters()).toEqual([true, 1]);
  });

  it("with names of a megabyte are none, and take no others along", async () => {
    const long = "n".repeat(1_000_000);
    const named = { ...anAlert(), name: long };
    const about = { ...anAlert(), subject: { ...anAlert().subject, name: long } };
    const further = { ...anAlert({ subject: "b" }), [long]: 1 };
    for (const alert of [named, about]) {
      expect(refusal(await post([alert]))).toEqual([
        400,
        expect.stringMatching(/^malformed request body: .*name: the length must be no more than 1024\.$/),
      ]);
      expect((await post([alert, anAlert({ subject: "a" })])).status).toBe(204);
    }
    expect((await post([further])).status).toBe(204);
    expect((await post([{ ...anAlert(), name: "n".repeat(1024 * 1024) }])).status).toBe(413);
    expect(shown(await latest())).toEqual(["a CRITICAL", "b CRITICAL"]);
    const mails = await mailbox.open();
    expect(mails.every(({ subject, text }) => subject.length < 1000 && text.length < 10_000)).toBe(true);
    expect(JSON.stringify(await alertEvents()).length).toBeLessThan(10_000);
  });

  it("count once however often they are sent, also by two at a time", async () => {
    const batch = [anAlert({ subject: "a" }), anAlert({ subject: "b" })];
    const answers = await Promise.all([post(batch), post(batch), post(batch)]);
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
    expect((await alerts()).headers.get("x-total-count")).toBe("2");
    expect(await mailbox.open()).toHaveLength(2);
  });

  it("have the time of the device, where that can be", async () => {
    const times = ["1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z", time(-3_600_000)];
    await raise(...times.map((at, i) => ({ subject: `s${i}`, at })));
    const listed = (await alerts()).json<Wire[]>();
    expect(listed.map(({ timestamp }) => timestamp).toSorted()).toEqual(times.toSorted());
    expect(listed.at(-1)!.timestamp).toBe(times[2]);
    expect((await alerts(`?issued_before=${time(-60_000)}`)).json()).toEqual([listed.at(-1)]);
  });

  it("that come in floods are folded, and so are the mails [differs: alert-flood]", async () => {
    // A thousand a second.
    for (let second = 0; second < FLOOD_S; second++) {
      for (let batch = 0; batch < 8; batch++) {
        const flood = Array.from({ length: 128 }, (_, i) => ({
          subject: `s${i % 4}`,
          level: ((i >> 2) + batch + 1) % 2 === 0 ? "CRITICAL" : "OK",
          at: time(batch * 125 + i),
        }));
        expect((await post(flood.map(anAlert))).status).toBe(204);
      }
      server.advance(1000);
    }
    const kept = Number((await alerts()).headers.get("x-total-count"));
    expect(kept).toBe(500);
    expect(await latest("?level_from=OK")).toHaveLength(4);
    const { folded } = (await rowsOf("SELECT folded FROM monitor_devices"))[0] as { folded: number };
    expect(folded).toBe(FLOOD_S * 8 * 128 - 500);
    const mails = await mailbox.open();
    expect(mails.length).toBe(20);
    // The world is told of trouble at once, and that it is over once it rests.
    const told = async () => (await alertEvents()).map(({ type, data }) => `${type} ${data.subject}`);
    const raised = ["s0", "s1", "s2", "s3"].map((subject) => `alert.raised ${subject}`);
    expect(await told()).toEqual(raised);
    expect((await latest("?level_from=OK")).map(({ level }) => level)).toEqual(["OK", "OK", "OK", "OK"]);
    server.advance(10 * MINUTE_MS);
    for (let look = 0; look < 2; look++) await lookAtAll();
    expect((await told()).toSorted()).toEqual(
      [...raised, ...raised.map((line) => line.replace("raised", "cleared"))].toSorted(),
    );
    // A quiet hour later, what comes is kept and told again.
    server.advance(60 * MINUTE_MS);
    await raise({ subject: "s0", level: "WARNING" });
    expect((await alerts()).headers.get("x-total-count")).toBe("501");
    expect((await mailbox.open()).map(({ subject }) => subject)).toEqual([
      `WARNING: Monitor Alert for Service s0 not running on ${device.id} in group: lab`,
    ]);
  });

  it("of more subjects than a device may have are not kept", async () => {
    for (let batch = 0; batch < 5; batch++) {
      await raise(...Array.from({ length: 128 }, (_, i) => ({ subject: `s${batch}-${i}` })));
      server.advance(24 * 60 * MINUTE_MS);
    }
    expect(await counters()).toEqual([true, 500]);
  });

  it("go with the device, and after thirty days", async () => {
    await raise({}, { subject: "sshd" });
    server.advance(31 * 24 * 60 * MINUTE_MS);
    await runSweeps(await server.deps(), EVERY_NIGHT);
    // Sessions do not last so long.
    admin = await aUser(server);
    expect([(await alerts()).json(), shown(await latest())]).toEqual([
      [],
      ["crond CRITICAL", "sshd CRITICAL"],
    ]);
    await server.call("DELETE", `/api/management/v2/devauth/devices/${device.id}`, { token: admin.token });
    for (const table of ["monitor_alerts", "monitor_latest", "monitor_devices"])
      expect(await rowsOf(`SELECT * FROM ${table}`)).toEqual([]);
    expect((await post([anAlert()])).status).toBe(401);
  });
});

describe("checks of a device", () => {
  it("are what it told last", async () => {
    const log = {
      name: "syslog.sh",
      status: "enabled",
      type: "log",
      log: { pattern: "error", path: "@dmesg" },
    };
    const tell = (json: unknown) => server.call("POST", `${DEVICES}/config`, { token: device.token, json });
    expect(
      (await tell([{ name: "crond.sh", status: "enabled", type: "service", service: { name: "crond" } }]))
        .status,
    ).toBe(204);
    expect((await tell([log])).status).toBe(204);
    expect((await get(`/devices/${device.id}/config`)).json()).toEqual([log]);
    for (const body of [{}, log, [{}], [{ ...log, name: "a".repeat(5000) }]])
      expect((await tell(body)).status).toBe(400);
    expect((await tell([])).status).toBe(204);
    expect((await get(`/devices/${device.id}/config`)).json()).toEqual([]);
  });
});

describe("mails about alerts", () => {
  it("can be tried out by each user a few times [limit: MAILS], and what came of it is told", async () => {
    const test = (name = "email", by = admin) =>
      server.call("POST", `${BASE}/settings/me/channel/alerts/${name}/test`, { token: by.token });
    expect((await test()).json()).toEqual({ success: true });
    expect(await mailbox.open()).toMatchObject([
      { to: ["ann@example.com"], from: "no-reply@edgemend.test", subject: "OK: Monitor Alert: a test" },
    ]);
    expect((await auditOf("default")).at(-1)).toMatchObject({ action: "test" });
    mailbox.isAway = true;
    expect((await test()).json()).toEqual({ success: false, error: "the mail server does not take it" });
    mailbox.isAway = false;
    expect((await test("sms")).status).toBe(400);
    for (let sent = 2; sent < MAILS_FREE; sent += 1) expect((await test()).status).toBe(200);
    const refused = await test();
    expect([refused.status, Number(refused.headers.get("Retry-After")) > 0]).toEqual([429, true]);
    expect(await mailbox.open()).toHaveLength(MAILS_FREE - 2);
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    expect((await test("email", observer)).status).toBe(200);
    server.env.EMAIL = undefined as unknown as SendEmail;
    expect((await test("email", observer)).json()).toEqual({
      success: false,
      error: "nothing here sends mails",
    });
  });

  it("go to each user who may see the device, for each that is new or changes its level", async () => {
    await aUser(server, { email: "observer@example.com", roles: ["RBAC_ROLE_OBSERVER"] });
    await aUser(server, { email: "ci@example.com", roles: ["RBAC_ROLE_CI"] });
    await aUser(server, { email: "stranger@example.com", tenant: "other" });
    await raise({ subject: "a", level: "OK" }, { subject: "b" }, { subject: "c" });
    const mails = await mailbox.open();
    expect(mails.map(({ to }) => String(to[0])).toSorted()).toEqual([
      ...Array.from({ length: 3 }, () => "ann@example.com"),
      ...Array.from({ length: 3 }, () => "observer@example.com"),
    ]);
    const own = mails.filter(({ to }) => to[0] === "ann@example.com");
    const on = `on ${device.id} in group: lab`;
    expect(own.map(({ subject }) => subject).toSorted()).toEqual([
      `CRITICAL: Monitor Alert for Service b not running ${on}`,
      `CRITICAL: Monitor Alert for Service c not running ${on}`,
      `OK: Monitor Alert for Service a not running ${on}`,
    ]);
    const shownTime = new Date(server.now - 1000).toUTCString().replace("GMT", "UTC");
    for (const text of [device.id, "is not running", "a<b", "/var/log/x", `Time on device: ${shownTime}`])
      expect(own[0]!.text).toContain(text);
    expect([own[0]!.from, own[0]!.html!.includes("a&lt;b")]).toEqual(["no-reply@edgemend.test", true]);
    await raise({ subject: "b", at: time(5) });
    expect(await mailbox.open()).toEqual([]);
    await raise({ subject: "b", level: "OK" });
    expect((await mailbox.open()).map(({ subject }) => subject.slice(0, 3))).toEqual(["OK:", "OK:"]);
  });

  it("keep to the groups of a user, and to what each user and the tenant want [differs: own-alert-mails]", async () => {
    const permission = {
      action: "VIEW_DEVICE",
      object: { type: "DEVICE_GROUP", value: "elsewhere" },
    };
    await server.call("POST", "/api/management/v1/useradm/roles", {
      token: admin.token,
      json: { name: "elsewhere", permissions: [permission] },
    });
    await aUser(server, { email: "elsewhere@example.com", roles: ["elsewhere"] });
    const set = (path: string, enabled: unknown, by = admin) =>
      server.call("PUT", `${BASE}/settings/${path}/channel/alerts/email/status`, {
        token: by.token,
        json: { enabled },
      });
    const told = async () => {
      await raise({ level: server.now % 2 === 0 ? "CRITICAL" : "OK", subject: String(server.now) });
      return (await mailbox.open()).map(({ to }) => to[0]);
    };
    expect(await told()).toEqual(["ann@example.com"]);
    expect((await set("me", false)).status).toBe(204);
    expect((await get("/settings/me/channel/alerts/email/status")).json()).toEqual({ enabled: false });
    expect(await told()).toEqual([]);
    await set("me", true);
    expect((await set("global", false)).status).toBe(204);
    expect((await get("/settings/global/channel/alerts/email/status")).json()).toEqual({ enabled: false });
    expect(await told()).toEqual([]);
    expect((await auditOf("default")).at(-1)).toMatchObject({ change: "mails about alerts: off" });
    await set("global", true);
    expect(await told()).toEqual(["ann@example.com"]);
    const sms = await server.call("PUT", `${BASE}/settings/global/channel/alerts/sms/status`, {
      token: admin.token,
      json: { enabled: true },
    });
    expect([sms.status, (await set("global", "yes")).status]).toEqual([400, 400]);
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    expect([
      (await set("global", false, observer)).status,
      (await set("me", false, observer)).status,
    ]).toEqual([403, 204]);
  });
});

describe("the internal API of the device monitor", () => {
  it("counts, shows and forgets", async () => {
    const call = (method: string, path: string) =>
      server.call(method, INTERNAL + path, { token: OPERATOR_TOKEN });
    await raise({ subject: "a" }, { subject: "b", level: "OK" });
    const listed = (await call("GET", `/devices?id=${device.id}&id=nobody`)).json<{ alerts: Wire[] }[]>();
    expect(listed).toMatchObject([
      { id: device.id, alerts_open_count: 1, alerts_total_count: 2 },
      { id: "nobody", alerts_open_count: 0, alerts_total_count: 0, alerts: [] },
    ]);
    expect(shown(listed[0]!.alerts)).toEqual(["a CRITICAL"]);
    expect((await call("GET", `/devices?id=${device.id}&id=nobody&page=2&per_page=1`)).json()).toHaveLength(
      1,
    );
    expect((await call("GET", `/devices/${device.id}/alerts/latest?level_from=OK`)).json()).toHaveLength(2);
    expect((await call("DELETE", `/devices/${device.id}`)).status).toBe(204);
    expect([await latest("?level_from=OK"), await counters()]).toEqual([[], [false, 0]]);
    await raise({});
    expect((await call("DELETE", "")).status).toBe(204);
    expect((await alerts()).json()).toEqual([]);
  });
});

describe("the plan", () => {
  it("must include monitoring", async () => {
    await env.DB.prepare("UPDATE tenants SET plan = 'os' WHERE tenant_id = 'default'").run();
    expect((await alerts()).status).toBe(403);
  });
});
