import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, expect, test } from "vitest";
import { Operator } from "./operator.ts";
import { cleanUp, LocalServer, newFolder } from "./server-process.ts";
import { isSo, until } from "./until.ts";

afterAll(cleanUp);

const KILLS = process.env.TEST_FORM === "long" ? 20 : 3;
const DEVICES = 10;
const EVENTS_A_KILL = 60;

interface Told {
  sequence: string;
  id: string;
  deviceid: string;
}

/** A receiver of the loopback that notes what it takes. */
class Receiving {
  readonly got: Told[] = [];
  readonly #web: Server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const told = JSON.parse(body) as Told | Told[];
      this.got.push(...[told].flat());
      response.end("ok");
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((listening) => this.#web.listen(0, "127.0.0.1", listening));
    return `http://127.0.0.1:${(this.#web.address() as AddressInfo).port}/`;
  }

  close(): void {
    this.#web.closeAllConnections();
    this.#web.close();
  }

  /** The places of events, each where it came first. */
  get firsts(): Told[] {
    return [...new Map(this.got.toReversed().map((told) => [told.sequence, told])).values()].toReversed();
  }
}

test("a server that is killed with -9 at any moment tells every event, and of each device in order", async () => {
  const receivers = [new Receiving(), new Receiving()];
  const data = newFolder();
  let server = await LocalServer.start(data);
  let operator = await Operator.login(server, server.ready.adminPassword!);
  for (const [i, receiver] of receivers.entries()) {
    const hook = { name: "r", types: ["device.*"], target: await receiver.listen(), batch: i === 0 ? 1 : 20 };
    expect((await operator.call("POST", "/v1/webhooks", hook)).status).toBe(201);
  }
  const statuses = ["accepted", "rejected"];
  let [asked, taken] = [0, 0];
  const happen = async (turn: number): Promise<void> => {
    const path = `${server.ready.url}/api/internal/v1/iot-manager/tenants/default/bulk/devices/status`;
    for (let i = 0; i < EVENTS_A_KILL / DEVICES; i++) {
      const devices = Array.from({ length: DEVICES }, (_, device) => ({ id: `d${device}` }));
      asked += DEVICES;
      const answer = await fetch(`${path}/${statuses[(turn + i) % 2]}`, {
        method: "PUT",
        headers: {
          Authorization: `Bearer ${server.ready.operatorToken}`,
          "Content-Type": "application/json",
        },
        body: JSON.stringify(devices),
      }).catch(() => undefined);
      if (answer?.status === 202) taken += DEVICES;
    }
  };
  for (let kill = 0; kill < KILLS; kill++) {
    const happening = happen(kill);
    const before = receivers[0]!.got.length;
    await until("something told", () =>
      isSo(receivers[0]!.got.length > before + Math.floor(Math.random() * 20)),
    );
    await server.kill();
    await happening;
    server = await LocalServer.start(data, server.ports);
    operator = operator.at(server);
  }
  const stream: Told[] = [];
  for (let [cursor, more] = ["0", true]; more;) {
    const page = await operator.get<{ events: Told[]; cursor: string; more: boolean }>(
      `/v1/events?limit=500&type=device.*&cursor=${cursor}`,
    );
    stream.push(...page.events);
    [cursor, more] = [page.cursor, page.more];
  }
  // What was answered is there; what was cut off may be.
  expect(taken).toBeGreaterThan(0);
  expect(stream.length).toBeGreaterThanOrEqual(taken);
  expect(stream.length).toBeLessThanOrEqual(asked);
  for (const receiver of receivers) {
    await until("everything told", () => isSo(receiver.firsts.length >= stream.length));
    expect(new Set(receiver.got.map(({ sequence, id }) => `${sequence} ${id}`)).size).toBe(stream.length);
    const ofDevice = (list: Told[], device: string) =>
      list.filter(({ deviceid }) => deviceid === device).map(({ sequence }) => sequence);
    for (let device = 0; device < DEVICES; device++)
      expect(ofDevice(receiver.firsts, `d${device}`)).toEqual(ofDevice(stream, `d${device}`));
    receiver.close();
  }
}, 180_000);
