import { beforeAll, describe, expect, it } from "vitest";
import { makeGateway } from "../../src/gateway/gateway.ts";
import { aDevice, aUser, type TestUser } from "../support/actors.ts";
import { refusal } from "../support/answers.ts";
import { anArtifact, ARTIFACTS, idOf, upload } from "../support/artifacts.ts";
import { inInventory } from "../support/deployments.ts";
import { env, Server, type Answer } from "../support/server.ts";

const M1 = "/api/management/v1";
const TOKENS = `${M1}/useradm/settings/tokens`;
const RELEASES = "/api/management/v2/deployments/deployments/releases";
const FORBIDDEN = [403, "forbidden by role-based access control"];

let server: Server;
let admin: TestUser;
let made = 0;

/** A token that its user may make any number of. */
async function tokenOf(limits: object, user = admin): Promise<string> {
  await env.DB.prepare("UPDATE user_tokens SET name = NULL").run();
  const answer = await server.call("POST", TOKENS, {
    token: user.token,
    json: { name: `token ${made++}`, ...limits },
  });
  expect(answer.status).toBe(200);
  return answer.text;
}

const get = (token: string, path: string, address?: string) => server.call("GET", path, { token, address });
const ids = (answer: Answer) => answer.json<{ id: string }[]>().map(({ id }) => id);
const sets = (...names: string[]) => ({ permission_sets_with_scope: names.map((name) => ({ name })) });

/** A user with the one set for devices of `here`. */
async function confined(): Promise<TestUser> {
  const json = {
    name: "here",
    permission_sets_with_scope: [
      { name: "ReadDevices", scope: { type: "DeviceGroups", value: ["here"] } },
      { name: "ManageTokens" },
    ],
  };
  await server.call("POST", "/api/management/v2/useradm/roles", { token: admin.token, json });
  return aUser(server, { roles: ["here"] });
}

describe("a personal token that may do less than its user [differs: limited-tokens]", () => {
  beforeAll(async () => {
    server = await Server.start();
    admin = await aUser(server);
  });

  it("may do what its sets allow within their scopes, as far as its user may", async () => {
    const [here, there] = [await aDevice(server), await aDevice(server)];
    await inInventory(server, [here], "here");
    await inInventory(server, [there], "there");
    const devices = `${M1}/inventory/devices`;
    const users = await tokenOf(sets("ReadUsers"));
    expect((await get(users, `${M1}/useradm/users`)).status).toBe(200);
    expect(refusal(await get(users, devices))).toEqual(FORBIDDEN);
    const scope = (...value: string[]) => ({ type: "DeviceGroups", value });
    const set = (...value: string[]) => ({
      permission_sets_with_scope: [{ name: "ReadDevices", scope: scope(...value) }],
    });
    const ofThere = await tokenOf(set("there"));
    expect(ids(await get(ofThere, devices))).toEqual([there.id]);
    expect(refusal(await get(ofThere, `${devices}/${here.id}`))).toEqual(FORBIDDEN);
    const user = await confined();
    expect(ids(await get(await tokenOf(set("here", "there"), user), devices))).toEqual([here.id]);
    expect(ids(await get(await tokenOf(set("there"), user), devices))).toEqual([]);
    const all = await tokenOf(sets("SuperUser"), user);
    expect(ids(await get(all, devices))).toEqual([here.id]);
    expect(refusal(await get(all, `${M1}/useradm/users`))).toEqual(FORBIDDEN);
  });

  it("is good from its networks only", async () => {
    const token = await tokenOf({ addresses: ["192.0.2.0/24", "198.51.100.7", "2001:db8:7::/48"] });
    const from = async (address?: string) => refusal(await get(token, `${M1}/useradm/users/me`, address));
    const elsewhere = [403, "the token is not for use from this address"];
    for (const address of ["192.0.2.200", "198.51.100.7", "2001:db8:7:1::5", "::ffff:192.0.2.1"])
      expect([address, (await from(address))[0]]).toEqual([address, 200]);
    for (const address of ["192.0.3.1", "198.51.100.8", "2001:db8:8::1", undefined])
      expect(await from(address)).toEqual(elsewhere);
    const claimed = await server.call("GET", `${M1}/useradm/users/me`, {
      token,
      address: "203.0.113.9",
      headers: { "X-Forwarded-For": "192.0.2.1", "CF-Connecting-IP": "192.0.2.1" },
    });
    expect(refusal(claimed)).toEqual(elsewhere);
  });

  it("gives nobody rights and changes nothing of its user, whatever its sets", async () => {
    const token = await tokenOf(sets("SuperUser"));
    const giving = ["users:manage", "tokens:manage", "settings:manage", "tenants:manage"];
    const open: string[] = [];
    let closed = 0;
    for (const { method, path, access } of makeGateway().declarations()) {
      if (access.caller !== "user") continue;
      const needs = typeof access.needs === "function" ? ["users:manage"] : [access.needs].flat();
      const gives = needs.every((one) => giving.includes(one) || (one === "basic" && method !== "GET"));
      if (!gives && !path.endsWith("/2faqr")) continue;
      // A read of a user is for whoever may read users.
      if (typeof access.needs === "function" && method === "GET") continue;
      closed++;
      const url = path.replaceAll(/:\w+/g, admin.id);
      const { status } = await server.call(method, url, { token, ...(method !== "GET" && { json: {} }) });
      if (status !== 403 && status !== 401) open.push(`${method} ${path}: ${status}`);
    }
    expect(open).toEqual([]);
    expect(closed).toBeGreaterThan(30);
    expect((await get(token, `${M1}/useradm/users/me`)).status).toBe(200);
  });

  it("is told with its limits in the list, and refused with limits that mean nothing [differs: token-members]", async () => {
    const addresses = ["192.0.2.0/24"];
    const scope = { type: "ReleaseTags", value: ["stable"] };
    const limits = { addresses, permission_sets_with_scope: [{ name: "ReadReleases", scope }] };
    const user = await aUser(server);
    const make = (json: object) =>
      server.call("POST", TOKENS, { token: user.token, json: { name: "narrow", ...json } });
    expect((await make(limits)).status).toBe(200);
    server.advance(1000);
    expect((await make({ name: "wide" })).status).toBe(200);
    const listed = (await get(user.token, TOKENS)).json<Record<string, unknown>[]>();
    expect(listed).toMatchObject([{ name: "narrow", ...limits }, { name: "wide" }]);
    expect(listed[1]).not.toHaveProperty("addresses");
    const value = Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(1000, "x"));
    for (const json of [
      { permission_sets_with_scope: [{ name: "Nothing" }] },
      {
        permission_sets_with_scope: [{ name: "ReadReleases", scope: { type: "DeviceGroups", value: ["a"] } }],
      },
      { permission_sets_with_scope: [{ name: "ReadDevices", scope: { type: "DeviceGroups", value } }] },
      { permission_sets_with_scope: Array.from({ length: 16 }, () => ({ name: "Basic" })) },
      { addresses: [] },
      { addresses: ["192.0.2.0/33"] },
      { addresses: ["2001:db8::/65"] },
      { addresses: ["300.0.2.1"] },
      { addresses: ["example.com"] },
      { addresses: "192.0.2.1" },
      { addresses: [null] },
      // A limit whose name is mistyped must not make a token without it.
      { address: ["192.0.2.1"] },
      { permission_sets: [{ name: "ReadReleases" }] },
      { permission_sets_with_scope: [{ name: "ReadReleases", scopes: scope }] },
      { addresses: Array.from({ length: 21 }, (_, i) => `192.0.2.${i}`) },
    ])
      expect([json, (await make({ name: "bad", ...json })).status]).toEqual([json, 400]);
    expect((await get(user.token, TOKENS)).json()).toHaveLength(2);
  });
});

describe("the link to an artifact of a user whose sets are for tags", () => {
  it("is dead once the release has none of them [differs: link-revoked]", async () => {
    server = await Server.start();
    admin = await aUser(server);
    const id = idOf(await upload(server, await anArtifact({ name: "foo" }), admin));
    const tag = (...tags: string[]) =>
      server.call("PUT", `${RELEASES}/foo/tags`, { token: admin.token, json: tags });
    await tag("mine");
    const scope = { type: "ReleaseTags", value: ["mine"] };
    const token = await tokenOf({ permission_sets_with_scope: [{ name: "ReadReleases", scope }] });
    const { uri } = (await get(token, `${ARTIFACTS}/${id}/download`)).json<{ uri: string }>();
    expect((await server.call("GET", uri)).status).toBe(200);
    await tag("other");
    server.advance(5000);
    expect(refusal(await server.call("GET", uri))).toEqual([403, "URL revoked"]);
    expect((await get(token, `${ARTIFACTS}/${id}/download`)).status).toBe(404);
  });
});
