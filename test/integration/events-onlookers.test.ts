import { beforeEach, expect, it } from "vitest";
import { aUser, type TestUser } from "../support/actors.ts";
import { inventoryOf } from "../support/inventory.ts";
import { Server } from "../support/server.ts";
import { upgrade } from "../support/sockets.ts";

let server: Server;
beforeEach(async () => {
  server = await Server.start();
});

interface Said {
  cursor?: string;
  onlookers?: { device: string; users: string[]; more: number };
}

/** A page that is told who else looks at a device. */
class Page {
  readonly told: NonNullable<Said["onlookers"]>[] = [];
  closed: number | undefined;
  readonly #socket: WebSocket;
  #pongs = 0;
  #wake = () => {};

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.accept();
    socket.addEventListener("message", ({ data }) => {
      const { cursor, onlookers } = JSON.parse(String(data)) as Said;
      if (onlookers) this.told.push(onlookers);
      if (cursor !== undefined) this.#pongs += 1;
      this.#wake();
    });
    socket.addEventListener("close", ({ code }) => {
      this.closed = code;
      this.#wake();
    });
  }

  static async open({ token }: TestUser): Promise<Page> {
    const { webSocket } = await upgrade(server, "/api/management/v1/events/live", token);
    if (!webSocket) throw new Error("the socket was refused");
    return new Page(webSocket);
  }

  send = (message: unknown) => this.#socket.send(JSON.stringify(message));
  close = () => this.#socket.close(1000);

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** What was said before has been dealt with. */
  async answered(): Promise<void> {
    const before = this.#pongs;
    this.send({ ping: 1 });
    await this.until(() => this.#pongs > before);
  }

  users = () => this.told.at(-1)?.users;
}

/** Two devices, one of them in a group that some may not see. */
async function devices(): Promise<[string, string]> {
  const [north = "", south = ""] = await inventoryOf(server, [
    { status: "accepted", group: "north" },
    { status: "accepted", group: "south" },
  ]);
  return [north, south];
}

it("tells users who else looks at a device, their other tabs left out, until nobody does", async () => {
  const [device, other] = await devices();
  const [anna, ben] = [await aUser(server), await aUser(server)];
  const [first, second, his] = [await Page.open(anna), await Page.open(anna), await Page.open(ben)];
  first.send({ at: device });
  await first.until(() => first.told.length === 1);
  expect(first.told).toEqual([{ device, users: [], more: 0 }]);
  second.send({ at: device });
  his.send({ at: device });
  await his.until(() => his.told.length === 1);
  expect(his.users()).toEqual([anna.email]);
  await first.until(() => first.users()?.length === 1);
  expect([first.users(), second.users()]).toEqual([[ben.email], [ben.email]]);
  his.send({ at: other });
  await first.until(() => first.users()?.length === 0);
  his.send({ at: device });
  await first.until(() => first.users()?.length === 1);
  his.close();
  await first.until(() => first.users()?.length === 0);
  first.send({ at: null });
  await first.answered();
  const heard = first.told.length;
  second.send({ at: null });
  await second.answered();
  expect(first.told).toHaveLength(heard);
  first.close();
  second.close();
});

it("who may not see the device neither hears of it nor is told of, nor is another tenant", async () => {
  const [north, south] = await devices();
  const admin = await aUser(server);
  const scope = { type: "DeviceGroups", value: ["north"] };
  const json = { name: "north", permission_sets_with_scope: [{ name: "ReadDevices", scope }] };
  await server.call("POST", "/api/management/v2/useradm/roles", { token: admin.token, json });
  const scoped = await aUser(server, { roles: ["north"] });
  const stranger = await aUser(server, { tenant: "other" });
  const [all, some, far] = [await Page.open(admin), await Page.open(scoped), await Page.open(stranger)];
  all.send({ at: south });
  some.send({ at: south });
  far.send({ at: south });
  for (const page of [all, some, far]) await page.answered();
  expect([all.users(), some.told, far.users()]).toEqual([[], [], []]);
  all.send({ at: north });
  some.send({ at: north });
  await some.until(() => some.users()?.length === 1);
  expect(some.users()).toEqual([admin.email]);
  for (const page of [all, some, far]) page.close();
});

it("takes no device that is none", async () => {
  const admin = await aUser(server);
  for (const at of ["", "x".repeat(129), 7, {}]) {
    const page = await Page.open(admin);
    page.send({ at });
    await page.until(() => page.closed !== undefined);
    expect(page.closed).toBe(1003);
  }
});
