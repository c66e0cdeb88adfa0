import { beforeEach, describe, expect, it } from "vitest";
import { newId } from "../../src/platform/ids.ts";
import { artifactsOfType } from "../../src/releases/artifact-store.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { anArtifact, idOf, upload } from "../support/artifacts.ts";
import { afterStart, env, Server } from "../support/server.ts";

const BASE = "/api/devices/v1/deployments/artifacts";

let server: Server;
let user: TestUser;
let device: TestDevice;
beforeEach(async () => {
  server = await Server.start();
  [user, device] = [await aUser(server), await aDevice(server)];
});

const get = (path: string, of: TestDevice = device) =>
  server.call("GET", `${BASE}${path}`, { token: of.token });

const listed = async (release: string, type: string, of: TestDevice = device) => {
  const answer = await get(`?release_name=${release}&device_type=${type}`, of);
  expect(answer.status, answer.text).toBe(200);
  return answer.json<{ id: string }[]>().map(({ id }) => id);
};

describe("artifacts for devices", () => {
  it("are those of a release for a type, as users see them [differs: device-artifacts]", async () => {
    const id = idOf(await upload(server, await anArtifact({ deviceTypes: ["pi4", "pi5"] }), user));
    const other = idOf(await upload(server, await anArtifact({ deviceTypes: ["pi6"] }), user));
    expect(await listed("release-1", "pi5")).toEqual([id]);
    expect(await listed("release-1", "pi6")).toEqual([other]);
    expect(await listed("release-1", "pi")).toEqual([]);
    expect(await listed("release-2", "pi5")).toEqual([]);
    const seen = await get(`/${id}`);
    const byUser = await server.call("GET", `/api/management/v1/deployments/artifacts/${id}`, user);
    expect(seen.json()).toEqual(byUser.json());
    expect(seen.cost).toMatchObject({ trips: 1, written: 0 });
  });

  it("are downloaded by a link that works while the device is accepted [differs: device-artifacts]", async () => {
    const bytes = await anArtifact();
    const id = idOf(await upload(server, bytes, user));
    const link = (await get(`/${id}/download`)).json<{ uri: string; method: string; expire: string }>();
    expect(link).toMatchObject({ method: "GET", expire: afterStart(15 * 60_000) });
    const fetched = await server.fetch(new Request(link.uri));
    expect(new Uint8Array(await fetched.arrayBuffer())).toEqual(bytes);
    const stranger = link.uri.replace(device.id, newId());
    expect((await server.call("GET", stranger)).json().error).toBe("signature invalid");
    await env.DB.prepare("UPDATE devices SET status = 'rejected' WHERE device_id = ?").bind(device.id).run();
    server.advance(6_000);
    const answer = await server.call("GET", link.uri);
    expect([answer.status, answer.json().error]).toEqual([403, "URL revoked"]);
  });

  it("need a release and a type", async () => {
    const error = async (query: string) => {
      const answer = await get(query);
      return [answer.status, answer.json().error];
    };
    expect(await error("")).toEqual([400, "device_type: cannot be blank; release_name: cannot be blank."]);
    expect(await error("?release_name=a&device_type=")).toEqual([400, "device_type: cannot be blank."]);
    expect(await error("/nothing")).toEqual([400, "ID is not a valid UUID"]);
    for (const path of [`/${newId()}`, `/${newId()}/download`])
      expect(await error(path)).toEqual([404, "Resource not found"]);
  });

  it("are of the device's tenant, and for live devices only", async () => {
    const id = idOf(await upload(server, await anArtifact({ deviceTypes: ["pi4"] }), user));
    const foreign = await aDevice(server, { tenant: "other" });
    expect(await listed("release-1", "pi4", foreign)).toEqual([]);
    for (const path of [`/${id}`, `/${id}/download`]) expect((await get(path, foreign)).status).toBe(404);
    const rejected = await aDevice(server, { status: "rejected" });
    const query = "?release_name=release-1&device_type=pi4";
    for (const path of [query, `/${id}`, `/${id}/download`]) {
      const answer = await get(path, rejected);
      expect([answer.status, answer.text]).toEqual([401, ""]);
    }
  });

  it("are found by an index, a hundred at most", async () => {
    const { sql, params } = artifactsOfType(user.tenant, "release-1", "pi4", 100);
    const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .bind(...params)
      .all<{ detail: string }>();
    const plan = results.map(({ detail }) => detail).join("\n");
    expect(plan).not.toMatch(/SCAN|TEMP B-TREE/);
  });
});
