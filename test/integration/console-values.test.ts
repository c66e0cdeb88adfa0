import { beforeEach, expect, it } from "vitest";
import { aDevice, aUser } from "../support/actors.ts";
import { refusal } from "../support/answers.ts";
import { inventoryOf } from "../support/inventory.ts";
import { Server } from "../support/server.ts";

const PATH = "/api/management/v1/console/attributes/values";

let server: Server;
beforeEach(async () => {
  server = await Server.start();
});

const ask = (token: string, query: Record<string, string>) =>
  server.call("GET", `${PATH}?${new URLSearchParams(query).toString()}`, { token });

const sites = (values: readonly string[], tenant?: string) =>
  values.map((site) => ({ ...(tenant && { tenant }), attributes: { inventory: { site } } }));

it("tells each text once, in order, from the one that begins so on, in one trip", async () => {
  const { token } = await aUser(server);
  await inventoryOf(server, [
    ...sites(["oslo", "osaka", "oslo", "paris", "o", "Oslo"]),
    ...sites(["other"], "other"),
  ]);
  const answer = await ask(token, { scope: "inventory", name: "site", prefix: "os" });
  expect([answer.status, answer.json()]).toEqual([200, ["osaka", "oslo"]]);
  expect(answer.cost.trips).toBeLessThanOrEqual(2);
  expect((await ask(token, { scope: "inventory", name: "site" })).json()).toEqual([
    "Oslo",
    "o",
    "osaka",
    "oslo",
    "paris",
  ]);
  expect((await ask(token, { scope: "tags", name: "site" })).json()).toEqual([]);
});

it("tells twenty at most, however many there are", async () => {
  const { token } = await aUser(server);
  await inventoryOf(
    server,
    sites(Array.from({ length: 30 }, (_, i) => `site-${String(i).padStart(2, "0")}`)),
  );
  const answer = await ask(token, { scope: "inventory", name: "site", prefix: "site-" });
  expect(answer.json<string[]>()).toHaveLength(20);
  expect(answer.json<string[]>()[19]).toBe("site-19");
});

it("is for who sees all devices, and of an attribute", async () => {
  const user = await aUser(server);
  const ci = await aUser(server, { roles: ["RBAC_ROLE_CI"] });
  const device = await aDevice(server);
  const query = { scope: "inventory", name: "site" };
  expect((await ask(ci.token, query)).status).toBe(403);
  expect((await ask(device.token, query)).status).toBe(401);
  expect(refusal(await ask(user.token, { scope: "nowhere", name: "site" }))[0]).toBe(400);
  expect(refusal(await ask(user.token, { scope: "inventory", name: "" }))[0]).toBe(400);
  expect(refusal(await ask(user.token, { ...query, prefix: "x".repeat(257) }))[0]).toBe(400);
});
