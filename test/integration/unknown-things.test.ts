import { beforeAll, describe, expect, it } from "vitest";
import { makeGateway } from "../../src/gateway/gateway.ts";
import { aUser, type TestUser } from "../support/actors.ts";
import { plausible, type Schema, type Schemas } from "../support/hostile-values.ts";
import { Server, type Answer } from "../support/server.ts";

interface Operation {
  parameters?: { in: string; name: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

const document = makeGateway().getOpenAPI31Document({ openapi: "3.1.0", info: { title: "", version: "" } });
const schemas = (document.components?.schemas ?? {}) as Schemas;

const MANAGEMENT = "/api/management/";
const ABOUT_UUIDS = /\/(deployments\/deployments|artifacts|generate)\/\{id\}/;

/** Management routes about a deployment or an artifact, whose ids are UUIDs. */
const routes = Object.entries(document.paths ?? {})
  .filter(([path]) => path.startsWith(MANAGEMENT) && ABOUT_UUIDS.test(path))
  .flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, { requestBody }]) => ({
      method: method.toUpperCase(),
      path,
      schema: requestBody?.content["application/json"]?.schema,
    })),
  );

/** What a made-up body would not do: its members depend on each other. */
const BODIES: readonly [ending: string, body: string][] = [
  ["/status", JSON.stringify({ status: "aborted" })],
  ["/rollout", JSON.stringify({ at_once: 1 })],
];

let server: Server;
let user: TestUser;
beforeAll(async () => {
  server = await Server.start();
  user = await aUser(server);
});

const fault = ({ status, text }: Answer) => [status, (JSON.parse(text) as { error: string }).error];

describe("an id that is no UUID", () => {
  it("is asked for by these routes at least", () => {
    const titles = routes.map(({ method, path }) => `${method} ${path.slice(MANAGEMENT.length)}`);
    const deployment = "v1/deployments/deployments/{id}";
    expect(titles).toEqual(
      expect.arrayContaining([
        `GET ${deployment}`,
        `GET ${deployment}/devices`,
        `GET ${deployment}/devices/list`,
        `GET ${deployment}/device_list`,
        `PUT ${deployment}/status`,
        "GET v1/deployments/artifacts/{id}",
      ]),
    );
  });

  it.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    "%s tells that, and an unknown UUID is unknown",
    async (_, { method, path, schema }) => {
      const known = BODIES.find(([ending]) => path.endsWith(ending))?.[1];
      const body = known ?? (schema && plausible(schema, schemas));
      const call = (id: string) =>
        server.call(method, path.replace("{id}", id).replace("{device}", "d"), {
          token: user.token,
          ...(body !== undefined && { body, headers: { "Content-Type": "application/json" } }),
        });
      expect(fault(await call("abc"))).toEqual([400, "ID is not a valid UUID"]);
      const unknown = await call("3f8a1f0e-3f5f-4f0a-9d43-5b1ff4a2b001");
      expect(unknown.status).toBe(404);
    },
  );
});

describe("a path of the original that is not there", () => {
  it.each([
    ["GET", "v1/useradm/oauth2/github"],
    ["POST", "v1/useradm/oauth2/link"],
    ["POST", "v1/tenantadm/tenants/signup"],
  ])("%s %s is 404 for whoever asks", async (method, path) => {
    for (const token of [undefined, "not.a.token", user.token])
      expect(fault(await server.call(method, MANAGEMENT + path, { token }))).toEqual([404, "not found"]);
  });

  it("is told from one that is there", async () => {
    const missing = "/api/devices/v1/deployments/nothing";
    const anyInventory = "/api/devices/v1/inventory/anything";
    expect((await server.call("GET", missing)).status).toBe(404);
    expect((await server.call("PUT", anyInventory)).status).toBe(401);
    expect((await server.call("GET", `${MANAGEMENT}v1/useradm/users`)).status).toBe(401);
    expect((await server.call("DELETE", `${MANAGEMENT}v1/useradm/users`)).status).toBe(401);
  });
});
