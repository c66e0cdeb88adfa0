import { evictDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import { EVERY_NIGHT, runSweeps } from "../../src/app/sweeps.ts";
import { tell, type Told } from "../../src/platform/stream.ts";
import { asTenantId } from "../../src/platform/ids.ts";
import { aUser, type TestUser } from "../support/actors.ts";
import { refusal, rowsOf } from "../support/answers.ts";
import { DeviceAdmin } from "../support/device-auth.ts";
import { many } from "../support/form.ts";
import { env, Server } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";
import { upgrade } from "../support/sockets.ts";

const EVENTS = "/api/management/v1/events";
const DAY_MS = 86_400_000;

let server: Server;
let admin: TestUser;

beforeEach(async () => {
  server = await Server.start();
  admin = await aUser(server);
});

interface Event {
  id: string;
  type: string;
  sequence: string;
  subject: string;
  time: string;
  deviceid?: string;
  group?: string;
  data: Record<string, unknown>;
}
interface Listed {
  events: Event[];
  cursor: string;
  more: boolean;
}

const ask = (query = "", by = admin) => server.call("GET", EVENTS + query, { token: by.token });
const list = async (query = "", by = admin) => (await ask(query, by)).json<Listed>();
const typesOf = ({ events }: Listed) => events.map(({ type }) => type);

/** Puts events into the stream as a change does. */
const happens = async (events: readonly Told[], tenant = "default") =>
  (await server.deps())
    .db(asTenantId(tenant))
    .batch(events.flatMap((event) => tell(asTenantId(tenant), [event], server.now)));
const applied = (device: string): Told => ({
  type: "configuration.applied",
  device,
  data: { keys: [device] },
});
const numbered = (count: number, from = 0): Told[] =>
  Array.from({ length: count }, (_, i) => applied(`d${from + i}`));

describe("the list of events", () => {
  it("has what happened to a device, in the order of the changes, in the envelope of CloudEvents [differs: event-stream]", async () => {
    const devices = new DeviceAdmin(server, admin);
    const { id, set } = await devices.admit(new SigningDevice({ mac: "a" }));
    await devices.putStatus(id, set, "rejected");
    await devices.call("DELETE", `/devices/${id}`);
    const listed = await list();
    expect(typesOf(listed)).toEqual([
      "device.first_seen",
      "device.pending",
      "device.provisioned",
      "device.accepted",
      "device.rejected",
      "device.decommissioned",
    ]);
    expect(listed.events.map(({ sequence }) => sequence)).toEqual(["1", "2", "3", "4", "5", "6"]);
    expect(listed.events[4]).toEqual({
      specversion: "1.0",
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      source: "/tenants/default",
      type: "device.rejected",
      subject: id,
      time: expect.stringMatching(/Z$/),
      datacontenttype: "application/json",
      sequence: "5",
      deviceid: id,
      data: { status: "rejected", previous: "accepted" },
    });
    expect([listed.cursor, listed.more]).toEqual(["6", false]);
    expect((await list()).events).toEqual(listed.events);
    const kinds = (await server.call("GET", `${EVENTS}/types`, { token: admin.token })).json<object[]>();
    expect(kinds).toContainEqual(expect.objectContaining({ type: "device.rejected" }));
  });

  it("is paged by cursor without loss, both ways, and cheap to write", async () => {
    await happens(numbered(300));
    expect(await rowsOf("SELECT first, events FROM event_pages ORDER BY first")).toEqual([
      { first: 1, events: 128 },
      { first: 129, events: 128 },
      { first: 257, events: 44 },
    ]);
    for (const order of ["asc", "desc"]) {
      const seen: string[] = [];
      let page = await list(`?limit=70&order=${order}`);
      for (;;) {
        seen.push(...page.events.map(({ sequence }) => sequence));
        if (!page.more) break;
        page = await list(`?limit=70&order=${order}&cursor=${page.cursor}`);
      }
      const all = Array.from({ length: 300 }, (_, i) => String(i + 1));
      expect(seen).toEqual(order === "asc" ? all : all.toReversed());
    }
    const { cost } = await ask("?limit=20");
    expect([cost.trips, cost.written]).toEqual([3, 0]);
  });

  it("is filtered by type, device, deployment and time", async () => {
    await happens(numbered(3));
    server.advance(1000);
    const since = new Date(server.now).toISOString();
    await happens([
      { type: "deployment.opened", deployment: "x", data: {} },
      { type: "device.updated", device: "d1", deployment: "x", data: { status: "success" } },
    ]);
    expect((await list("?type=deployment.*,user.created")).events).toHaveLength(1);
    expect(typesOf(await list("?device=d1"))).toEqual(["configuration.applied", "device.updated"]);
    expect(typesOf(await list("?deployment=x"))).toEqual(["deployment.opened", "device.updated"]);
    expect(typesOf(await list(`?since=${since}`))).toEqual(["deployment.opened", "device.updated"]);
    expect(typesOf(await list(`?until=${since}&order=desc`))).toHaveLength(3);
    expect((await list(`?until=${since.slice(0, 10)}`)).events).toEqual([]);
    expect((await list("?type=alert.*")).events).toEqual([]);
  });

  it("refuses what is no question", async () => {
    await happens(numbered(2));
    for (const query of [
      "?type=a%27b",
      "?type=",
      "?type=devices.*",
      "?since=x",
      "?since=hello%201",
      "?until=5",
      "?since=2026-01-02T03:04:05",
      "?cursor=-1",
      "?cursor=99",
      "?limit=0",
      "?limit=501",
      "?order=up",
      `?device=${"d".repeat(129)}`,
    ])
      expect([query, refusal(await ask(query))[0]]).toEqual([query, 400]);
  });

  it("shows others' events to nobody, and of devices only those that a user may read of", async () => {
    const other = await aUser(server, { tenant: "other" });
    await happens(numbered(2));
    expect((await list("", other)).events).toEqual([]);
    const builder = await aUser(server, { roles: ["RBAC_ROLE_CI"] });
    expect((await ask("", builder)).status).toBe(403);
    await happens([{ type: "user.created", subject: "u", data: { by: "x" } }]);
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    expect(new Set(typesOf(await list("", observer)))).toEqual(new Set(["configuration.applied"]));

    const role = {
      name: "north",
      permission_sets_with_scope: [
        { name: "ReadDevices", scope: { type: "DeviceGroups", value: ["north"] } },
      ],
    };
    await server.call("POST", "/api/management/v2/useradm/roles", { token: admin.token, json: role });
    const scoped = await aUser(server, { roles: ["north"] });
    const devices = new DeviceAdmin(server, admin);
    const here = await devices.admit(new SigningDevice({ mac: "here" }));
    const there = await devices.admit(new SigningDevice({ mac: "there" }));
    for (const [device, group] of [
      [here, "north"],
      [there, "south"],
    ] as const)
      await server.call("PUT", `/api/management/v1/inventory/devices/${device.id}/group`, {
        token: admin.token,
        json: { group },
      });
    await happens([
      applied(here.id),
      applied(there.id),
      { type: "deployment.opened", deployment: "x", data: {} },
    ]);
    const applying = await list("?type=configuration.*", scoped);
    expect(applying.events.map(({ deviceid, group }) => [deviceid, group])).toEqual([[here.id, "north"]]);
    const reader = new Reader();
    await reader.open("cursor=0&type=configuration.*", scoped);
    await reader.caughtUp();
    expect(reader.seen).toHaveLength(1);
    reader.kill();
    // Of one that is gone it is known where it was; of one that went elsewhere, where it is.
    await devices.call("DELETE", `/devices/${here.id}`);
    expect(typesOf(await list("?order=desc", scoped)).slice(0, 2)).toEqual([
      "device.decommissioned",
      "configuration.applied",
    ]);
  });

  it("goes back thirty days; positions go on for ever", async () => {
    await happens(numbered(200));
    const { cursor } = await list("?limit=10");
    server.advance(31 * DAY_MS);
    await runSweeps(await server.deps(), EVERY_NIGHT);
    admin = await aUser(server);
    expect(await rowsOf("SELECT first FROM event_pages")).toEqual([{ first: 129 }]);
    expect(refusal(await ask(`?cursor=${cursor}`))[0]).toBe(410);
    expect((await list()).events.map(({ type }) => type)).toEqual(
      expect.not.arrayContaining(["configuration.applied"]),
    );
    await happens(numbered(1));
    expect((await list("?order=desc&limit=1")).events[0]!.sequence).toBe("201");
  });
});

/** A reader that can be killed at any moment, and goes on where it was. */
class Reader {
  readonly seen: Event[] = [];
  cursors: string[] = [];
  closed: number | undefined;
  #socket: WebSocket | undefined;
  #wake = () => {};

  async open(query = "", by = admin): Promise<number> {
    const last = this.seen.at(-1)?.sequence;
    const from = last === undefined ? "" : `cursor=${last}`;
    const response = await upgrade(
      server,
      `${EVENTS}/live?${[query, from].filter(Boolean).join("&")}`,
      by.token,
    );
    const socket = response.webSocket;
    if (!socket) return response.status;
    this.#socket = socket;
    socket.accept();
    socket.addEventListener("message", ({ data }) => {
      if (this.#socket !== socket) return;
      const said = JSON.parse(String(data)) as Event & { cursor?: string };
      if (said.cursor === undefined) this.seen.push(said);
      else this.cursors.push(said.cursor);
      this.#wake();
    });
    socket.addEventListener("close", ({ code }) => {
      if (this.#socket === socket) this.closed = code;
      this.#wake();
    });
    return response.status;
  }

  send(message: unknown): void {
    this.#socket!.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** What was sent before has come. */
  async caughtUp(): Promise<void> {
    const before = this.cursors.length;
    this.send({ ping: true });
    await this.until(() => this.cursors.length > before);
  }

  /** As a process ends: nobody says goodbye, and what is on its way is lost. */
  kill(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket!.close(1001);
  }
}

const sequences = (reader: Reader) => reader.seen.map(({ sequence }) => Number(sequence));
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

describe("a reader of the stream", () => {
  it("hears of what happens as it happens, and of what it wants", async () => {
    await happens(numbered(3));
    const [all, some] = [new Reader(), new Reader()];
    expect([await all.open(), await some.open("type=deployment.*&cursor=0")]).toEqual([101, 101]);
    await happens(numbered(2, 3));
    await all.until(() => all.seen.length === 2);
    expect(sequences(all)).toEqual([4, 5]);
    await happens([{ type: "deployment.opened", deployment: "x", data: {} }]);
    await some.until(() => some.seen.length === 1);
    await some.caughtUp();
    expect([sequences(some), some.cursors]).toEqual([[6], ["6"]]);
    all.kill();
    some.kill();
  });

  it("that is killed 100 times misses and repeats nothing", async () => {
    const reader = new Reader();
    let told = 0;
    await reader.open("cursor=0");
    for (let i = 0; i < 100; i++) {
      await happens(numbered(1 + (i % 3), told));
      told += 1 + (i % 3);
      if (i % 4 === 0) await reader.until(() => reader.seen.length >= Math.floor(told / 2));
      reader.kill();
      if (i % 5 === 0) {
        await happens(numbered(1, told));
        told += 1;
      }
      await reader.open(reader.seen.length === 0 ? "cursor=0" : "");
    }
    await reader.caughtUp();
    expect(sequences(reader)).toEqual(upTo(told));
    reader.kill();
  }, 60_000);

  it("that stays while the tenant's object hibernates misses and repeats nothing either", async () => {
    const head = env.TENANT_HEAD.get(env.TENANT_HEAD.idFromName("default"));
    const [all, some] = [new Reader(), new Reader()];
    await all.open("cursor=0");
    await some.open("type=deployment.*&cursor=0");
    const opened: Told = { type: "deployment.opened", deployment: "x", data: {} };
    for (let i = 0; i < 30; i++) {
      await evictDurableObject(head);
      await happens(numbered(2, i));
      if (i % 3 === 0) await evictDurableObject(head);
      await happens([opened]);
      if (i % 2 === 0) await all.until(() => all.seen.length === 3 * (i + 1));
    }
    await evictDurableObject(head);
    await all.caughtUp();
    await some.caughtUp();
    expect(sequences(all)).toEqual(upTo(90));
    expect(sequences(some)).toEqual(upTo(30).map((n) => 3 * n));
    all.kill();
    some.kill();
  });

  it("that does not acknowledge is sent a thousand events, and more once it does", async () => {
    const count = many(3000, 1300);
    for (let at = 0; at < count; at += 100)
      await (
        await server.deps()
      )
        .db(asTenantId("default"))
        .batch(tell(asTenantId("default"), numbered(100, at), server.now));
    const reader = new Reader();
    await reader.open("cursor=0");
    await reader.caughtUp();
    expect(reader.seen).toHaveLength(1000);
    reader.send({ ack: reader.seen.at(-1)!.sequence });
    await reader.until(() => reader.seen.length >= Math.min(count, 2000));
    expect(sequences(reader)).toEqual(upTo(reader.seen.length));
    reader.kill();
  });

  it("is let go when its token ends, and when it says what is no message", async () => {
    const [leaving, odd] = [new Reader(), new Reader()];
    const guest = await aUser(server);
    await leaving.open("", guest);
    await odd.open();
    await server.call("POST", "/api/management/v1/useradm/auth/logout", { token: guest.token });
    await server.deliverEvents();
    await leaving.until(() => leaving.closed !== undefined);
    expect([leaving.closed, leaving.seen]).toEqual([1008, []]);
    odd.send("x".repeat(2000));
    await odd.until(() => odd.closed !== undefined);
    expect(odd.closed).toBe(1003);
  });

  it("is refused a cursor that is none, and without an upgrade or a right", async () => {
    const reader = new Reader();
    expect(await reader.open("cursor=7")).toBe(400);
    expect((await server.call("GET", `${EVENTS}/live`, { token: admin.token })).status).toBe(400);
    const builder = await aUser(server, { roles: ["RBAC_ROLE_CI"] });
    expect(await reader.open("", builder)).toBe(403);
    expect(await rowsOf("SELECT * FROM event_followers")).toEqual([]);
  });
});
