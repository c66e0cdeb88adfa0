import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EVERY_MINUTE, runSweeps } from "../../src/app/sweeps.ts";
import { asTenantId } from "../../src/platform/ids.ts";
import type { Mail } from "../../src/platform/mail.ts";
import { tell, type Told } from "../../src/platform/stream.ts";
import { aUser, type TestUser } from "../support/actors.ts";
import { auditOf, refusal, rowsOf } from "../support/answers.ts";
import { DeviceAdmin } from "../support/device-auth.ts";
import { OUTGOING_CORPUS } from "../support/outgoing-corpus.ts";
import { onlyReceivers, Receiver, type Sent } from "../support/receivers.ts";
import { Server } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";

const BASE = "/api/management/v1/webhooks";
const URL_A = "https://hooks.example.com/a";
const HOUR_MS = 3_600_000;
const TENANT = asTenantId("default");

let server: Server;
let admin: TestUser;

beforeEach(async () => {
  server = await Server.start();
  admin = await aUser(server);
});
afterEach(() => vi.unstubAllGlobals());

const call = (method: string, path: string, json?: unknown, by: TestUser = admin) =>
  server.call(method, BASE + path, { token: by.token, ...(json === undefined ? {} : { json }) });

interface Made {
  id: string;
  secret: string;
}
const wanted = (more: object = {}) => ({ name: "ours", types: ["*"], target: URL_A, ...more });
async function add(more: object = {}): Promise<Made> {
  const answer = await call("POST", "", wanted(more));
  expect([answer.status, answer.text.slice(0, 1)]).toEqual([201, "{"]);
  return answer.json<Made>();
}
const applied = (device: string): Told => ({
  type: "configuration.applied",
  device,
  data: { keys: [device] },
});
const happens = async (...events: Told[]) =>
  (await server.deps()).db(TENANT).batch(events.flatMap((event) => tell(TENANT, [event], server.now)));
const sweep = async () => {
  await runSweeps(await server.deps(), EVERY_MINUTE);
  await server.deliverEvents();
};
interface Delivery {
  event: { sequence: string; deviceid?: string };
  success: boolean;
  status_code?: number;
  attempts: number;
  error?: string;
  answer?: string;
}
const deliveries = async (id: string, query = "") =>
  (await call("GET", `/${id}/deliveries${query}`)).json<{
    deliveries: Delivery[];
    cursor: string;
    more: boolean;
  }>();

/** As the specification of Standard Webhooks says a receiver checks a request. */
function isSignedBy({ headers, body }: Sent, secret: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const expected = createHmac("sha256", key).update(signed).digest("base64");
  return headers["webhook-signature"]!.split(" ").includes(`v1,${expected}`);
}

describe("a webhook", () => {
  it("is told of what it wants to hear, signed with its secret, which is shown once", async () => {
    const receiver = new Receiver(URL_A);
    onlyReceivers(receiver);
    const { id, secret } = await add({ types: ["configuration.*", "deployment.opened"] });
    expect(secret).toMatch(/^whsec_/);
    await happens(applied("d1"), { type: "user.created", subject: "u", data: { by: "x" } });
    await happens({ type: "deployment.opened", deployment: "x", data: {} });
    await server.deliverEvents();
    expect(receiver.events.map(({ type }) => type)).toEqual(["configuration.applied", "deployment.opened"]);
    const [first] = receiver.got;
    expect(first!.headers["content-type"]).toBe("application/cloudevents+json");
    expect(first!.headers["webhook-id"]).toBe(receiver.events[0]!.id);
    expect(receiver.got.every((request) => isSignedBy(request, secret))).toBe(true);
    const shown = (await call("GET", `/${id}`)).json();
    expect(shown).toMatchObject({ id, target: "https://hooks.example.com", shape: "cloudevents", batch: 1 });
    expect((await call("GET", "")).json()).toEqual([shown]);
    const stored = JSON.stringify(await rowsOf("SELECT * FROM webhooks"));
    for (const hidden of [secret, "hooks.example.com/a"])
      expect(stored + JSON.stringify(shown)).not.toContain(hidden);
    expect((await call("DELETE", `/${id}`)).status).toBe(204);
    expect(refusal(await call("GET", `/${id}`))).toEqual([404, "webhook not found"]);
    expect((await auditOf(id)).map(({ action }) => action)).toEqual(["create", "delete"]);
    expect(await rowsOf("SELECT * FROM event_receivers")).toEqual([]);
  });

  it("signs with two secrets while they change", async () => {
    const receiver = new Receiver(URL_A);
    onlyReceivers(receiver);
    const { id, secret: old } = await add();
    const answer = await call("POST", `/${id}/secret`, { overlap_hours: 2 });
    const { secret } = answer.json<Made>();
    await happens(applied("d1"));
    await server.deliverEvents();
    server.advance(3 * HOUR_MS);
    await happens(applied("d2"));
    await server.deliverEvents();
    expect(receiver.got.map((request) => [isSignedBy(request, secret), isSignedBy(request, old)])).toEqual([
      [true, true],
      [true, false],
    ]);
    const own = `whsec_${Buffer.from("k".repeat(32)).toString("base64")}`;
    expect((await call("POST", `/${id}/secret`, { secret: own })).json()).toEqual({ secret: own });
    expect(refusal(await call("POST", `/${id}/secret`, { secret: "whsec_abc" }))[0]).toBe(400);
  });

  it("may take many events with one request, and then they come in the order of the changes", async () => {
    const receiver = new Receiver(URL_A);
    onlyReceivers(receiver);
    const { secret } = await add({ batch: 50 });
    await happens(...Array.from({ length: 120 }, (_, i) => applied(`d${i % 7}`)));
    await server.deliverEvents();
    const bodies = receiver.got.map(({ body }) => JSON.parse(body) as { sequence: string }[]);
    expect(bodies.map((list) => list.length)).toEqual([50, 50, 20]);
    expect(bodies.flat().map(({ sequence }) => Number(sequence))).toEqual(
      Array.from({ length: 120 }, (_, i) => i + 1),
    );
    expect(isSignedBy(receiver.got[0]!, secret)).toBe(true);
    // What no one else can see: a row for the batch, and one for how far it is.
    expect(await rowsOf("SELECT position, waiting_ms FROM event_receivers")).toEqual([
      { position: 120, waiting_ms: null },
    ]);
    expect(await rowsOf("SELECT part FROM event_deliveries")).toHaveLength(1);
  });

  it("that does not take one event of a batch gets the others, and of that device nothing before it", async () => {
    const receiver = new Receiver(URL_A);
    onlyReceivers(receiver);
    const { id } = await add({ batch: 10 });
    let isOpen = false;
    const answer = receiver.answer.bind(receiver);
    receiver.answer = (request) => {
      receiver.status = !isOpen && request.body.includes('"poison"') ? 422 : 200;
      return answer(request);
    };
    await happens(applied("a"), applied("poison"), applied("b"), applied("poison"), applied("a"));
    await server.deliverEvents();
    const taken = async () =>
      (await deliveries(id)).deliveries
        .filter(({ success }) => success)
        .map(({ event }) => Number(event.sequence));
    expect((await taken()).toSorted((a, b) => a - b)).toEqual([1, 3, 5]);
    await happens(applied("poison"), applied("c"));
    await server.deliverEvents();
    expect((await taken()).toSorted((a, b) => a - b)).toEqual([1, 3, 5, 7]);
    isOpen = true;
    receiver.clear();
    server.advance(HOUR_MS);
    await sweep();
    expect(receiver.got.map(({ body }) => (JSON.parse(body) as [{ sequence: string }])[0].sequence)).toEqual([
      "2",
      "4",
      "6",
    ]);
    const [failed] = (await deliveries(id, "?failed=true")).deliveries;
    expect(failed).toBeUndefined();
    expect(await rowsOf("SELECT * FROM event_lanes")).toEqual([]);
  });

  it.each([1, 20])(
    "that is down for a day gets everything once and in order of each device, %i at a time",
    async (batch) => {
      const [down, up] = [new Receiver(URL_A), new Receiver("https://hooks.example.com/b")];
      onlyReceivers(down, up);
      await add({ batch });
      await add({ name: "up", target: up.url, batch });
      down.isAway = true;
      for (let hour = 0; hour < 24; hour++) {
        await happens(...Array.from({ length: 5 }, (_, i) => applied(`d${i % 3}`)));
        server.advance(HOUR_MS);
        await sweep();
      }
      const told = ({ got }: Receiver) =>
        got.flatMap(({ body }) => [JSON.parse(body) as { sequence: string; deviceid: string }].flat());
      expect(told(up)).toHaveLength(120);
      // What is away is asked by a few events now and then.
      expect(down.got.length).toBeLessThan(200);
      down.isAway = false;
      down.clear();
      server.advance(HOUR_MS);
      await sweep();
      const byDevice = (receiver: Receiver) =>
        ["d0", "d1", "d2"].map((device) =>
          told(receiver).flatMap(({ deviceid, sequence }) => (deviceid === device ? [sequence] : [])),
        );
      expect(byDevice(down)).toEqual(byDevice(up));
      expect(byDevice(up)).toEqual(
        byDevice(up).map((list) => list.toSorted((a, b) => Number(a) - Number(b))),
      );
      expect(told(down)).toHaveLength(120);
      expect(new Set(told(down).map(({ sequence }) => sequence)).size).toBe(120);
    },
  );

  it("is told of devices of its groups, and of those that its search finds", async () => {
    const [groups, found] = [new Receiver(URL_A), new Receiver("https://hooks.example.com/b")];
    onlyReceivers(groups, found);
    await add({ filter: { groups: ["north"] } });
    await add({
      name: "found",
      target: found.url,
      filter: { terms: [{ scope: "identity", attribute: "mac", type: "$eq", value: "b" }] },
    });
    const devices = new DeviceAdmin(server, admin);
    const a = await devices.admit(new SigningDevice({ mac: "a" }));
    const b = await devices.admit(new SigningDevice({ mac: "b" }));
    await server.call("PUT", `/api/management/v1/inventory/devices/${a.id}/group`, {
      token: admin.token,
      json: { group: "north" },
    });
    await server.deliverEvents();
    await happens(applied(a.id), applied(b.id), { type: "deployment.opened", deployment: "x", data: {} });
    await server.deliverEvents();
    const told = (receiver: Receiver) =>
      receiver.events
        .filter(({ type }) => type === "configuration.applied")
        .map((event) => (event as unknown as { deviceid: string }).deviceid);
    expect([told(groups), told(found)]).toEqual([[a.id], [b.id]]);
    expect(groups.events.map(({ type }) => type)).not.toContain("deployment.opened");
  });

  it("has its deliveries on record, and is sent one of them or a time again", async () => {
    const receiver = new Receiver(URL_A);
    onlyReceivers(receiver);
    const { id } = await add();
    await happens(applied("d1"));
    server.advance(1000);
    const since = new Date(server.now).toISOString();
    receiver.status = 500;
    await happens(applied("d2"), applied("d3"));
    await server.deliverEvents();
    const failed = await deliveries(id, "?failed=true");
    expect(failed.deliveries[0]).toMatchObject({
      success: false,
      status_code: 500,
      attempts: 1,
      error: "client: unexpected status code from API: 500",
      answer: "thank you",
    });
    receiver.status = 200;
    server.advance(HOUR_MS);
    await sweep();
    const all = await deliveries(id);
    expect(
      all.deliveries.map(({ event, success, status_code }) => [event.sequence, success, status_code]),
    ).toEqual([
      ["3", true, 200],
      ["2", true, 200],
      ["1", true, 200],
    ]);
    receiver.clear();
    expect((await call("POST", `/${id}/deliveries/2/again`)).status).toBe(202);
    await server.deliverEvents();
    expect(receiver.events.map((event) => (event as unknown as { sequence: string }).sequence)).toEqual([
      "2",
    ]);
    receiver.clear();
    const until = new Date(server.now).toISOString();
    expect((await call("POST", `/${id}/replay`, { since, until })).json()).toEqual({ events: 2 });
    await server.deliverEvents();
    expect(receiver.events.map((event) => (event as unknown as { sequence: string }).sequence)).toEqual([
      "2",
      "3",
    ]);
    expect(await rowsOf("SELECT * FROM event_lanes")).toEqual([]);
    expect(refusal(await call("POST", `/${id}/deliveries/99/again`))[0]).toBe(404);
    expect(refusal(await call("POST", `/${id}/replay`, { since: until, until: since }))[0]).toBe(400);
  });

  it("can be tried out, and says what its receiver answers", async () => {
    const receiver = new Receiver(URL_A);
    onlyReceivers(receiver);
    const { id } = await add();
    expect((await call("POST", `/${id}/test`)).json()).toEqual({
      success: true,
      status_code: 200,
      answer: "thank you",
    });
    expect(receiver.events[0]!.type).toBe("webhook.test");
    receiver.isAway = true;
    expect((await call("POST", `/${id}/test`)).json()).toMatchObject({ success: false });
    expect((await deliveries(id)).deliveries).toEqual([]);
  });

  it("can be changed, switched off and on", async () => {
    const [a, b] = [new Receiver(URL_A), new Receiver("https://hooks.example.com/b")];
    onlyReceivers(a, b);
    const { id, secret } = await add();
    const { target: _, ...rest } = wanted();
    expect((await call("PUT", `/${id}`, { ...rest, enabled: false })).status).toBe(204);
    await happens(applied("d1"));
    await server.deliverEvents();
    expect(
      (await call("PUT", `/${id}`, { ...wanted(), target: b.url, types: ["deployment.*"] })).status,
    ).toBe(204);
    await happens(applied("d2"), { type: "deployment.opened", deployment: "x", data: {} });
    await server.deliverEvents();
    expect([a.got.length, b.events.map(({ type }) => type)]).toEqual([0, ["deployment.opened"]]);
    expect(isSignedBy(b.got[0]!, secret)).toBe(true);
  });

  it("has shapes for people", async () => {
    const [slack, teams] = [new Receiver(URL_A), new Receiver("https://hooks.example.com/b")];
    onlyReceivers(slack, teams);
    await add({ shape: "slack", batch: 10 });
    await add({ name: "teams", shape: "teams", target: teams.url });
    await add({ name: "mail", shape: "mail", target: "ada@example.com" });
    await happens(applied("<d1>"), { type: "deployment.opened", deployment: "x*", data: {} });
    const sent: Mail[] = [];
    const deps = await server.deps();
    deps.mailer = { send: async (mail) => void sent.push(mail) };
    await server.deliverEvents();
    expect(JSON.parse(slack.got[0]!.body)).toEqual({
      text: "configuration.applied: device &lt;d1&gt;\ndeployment.opened: deployment x*",
    });
    const card = JSON.parse(teams.got[1]!.body) as {
      attachments: [{ content: { body: [{ text: string }] } }];
    };
    expect(card.attachments[0].content.body[0].text).toBe("deployment.opened: deployment x\\*");
    const [mail] = (await call("GET", ""))
      .json<{ shape: string; state: object }[]>()
      .filter(({ shape }) => shape === "mail");
    expect(mail).toMatchObject({ target: "ada@example.com", state: { failures: 1 } });
  });

  it("is not of the inside, in none of the spellings, when it is given or changed; one that was is not called", async () => {
    const { id } = await add();
    const before = await add({ target: "https://10.0.0.1/" });
    server.configure({ LOCAL: "false" });
    const hosts = Object.values(OUTGOING_CORPUS).flat();
    expect(hosts.length).toBeGreaterThanOrEqual(60);
    for (const host of hosts) {
      const target = `https://${host}/`;
      const answers = [
        await call("POST", "", wanted({ target })),
        await call("PUT", `/${id}`, { ...wanted(), target }),
      ];
      expect([host, ...answers.map((answer) => answer.status)]).toEqual([host, 400, 400]);
      expect(refusal(answers[0]!)[1]).toMatch(/target: /);
    }
    const called: string[] = [];
    vi.stubGlobal("fetch", async (address: string) => {
      called.push(address);
      return new Response("ok");
    });
    await happens(applied("d1"));
    await sweep();
    expect(called).toEqual([URL_A]);
    expect((await deliveries(before.id)).deliveries).toMatchObject([
      { success: false, error: expect.any(String) },
    ]);
  });

  it("is refused where it is none", async () => {
    const refusedAs = async (more: object) => refusal(await call("POST", "", wanted(more)));
    for (const [more, field] of [
      [{ name: "" }, "name"],
      [{ name: "n".repeat(1_000_000) }, "name"],
      [{ types: [] }, "types"],
      [{ types: ["Ünknown"] }, "types"],
      [{ types: "device.*" }, "types"],
      [{ types: ["devices.*"] }, "types"],
      [{ batch: 0 }, "batch"],
      [{ batch: 101 }, "batch"],
      [{ target: "nowhere" }, "target"],
      [{ target: "ftp://example.com/" }, "target"],
      [{ shape: "mail", target: "https://example.com/" }, "target"],
      [{ secret: "short" }, "secret"],
      [{ shape: "fax" }, "shape"],
      [{ filter: { groups: [] } }, "filter.groups"],
      [{ filter: { group: ["north"] } }, "filter"],
      [{ filter: [] }, "filter: must be an object"],
      [{ filter: { terms: [{ scope: "x" }] } }, "filter.terms"],
    ] as const) {
      const [status, text] = await refusedAs(more);
      expect([status, String(text).includes(field)]).toEqual([400, true]);
    }
    server.configure({ LOCAL: "false" });
    expect((await refusedAs({ target: "https://10.0.0.1/" }))[0]).toBe(400);
    server.configure({ LOCAL: "true" });
    expect((await call("GET", "/x")).status).toBe(400);
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    for (const [method, path] of [
      ["GET", ""],
      ["POST", ""],
      ["GET", `/${crypto.randomUUID()}/deliveries`],
    ] as const)
      expect((await call(method, path, method === "GET" ? undefined : {}, observer)).status).toBe(403);
    for (let i = 0; i < 50; i++) await add({ name: `n${i}` });
    expect((await refusedAs({}))[0]).toBe(409);
    const other = await aUser(server, { tenant: "other" });
    expect((await call("GET", "", undefined, other)).json()).toEqual([]);
  });
});
