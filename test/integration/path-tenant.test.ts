import { beforeEach, describe, expect, it } from "vitest";
import { aTenant, aUser } from "../support/actors.ts";
import { anArtifact } from "../support/artifacts.ts";
import { rowsOf } from "../support/answers.ts";
import { env, OPERATOR_TOKEN, Server } from "../support/server.ts";
import { asOperator, WORKFLOW } from "../support/workflows.ts";

let server: Server;
beforeEach(async () => {
  server = await Server.start();
});

interface Operation {
  method: string;
  path: string;
}

/** Every operation of the internal API that names a tenant in its path, by the server's own document. */
async function operations(): Promise<Operation[]> {
  const { paths } = (await server.call("GET", "/api/openapi.json")).json<{
    paths: Record<string, Record<string, unknown>>;
  }>();
  return Object.entries(paths)
    .filter(([path]) => /^\/api\/internal\/.*\/tenants?\/\{/.test(path))
    .flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
    )
    .filter(({ method }) => method !== "DELETE");
}

const pathOf = (path: string, tenant: string) =>
  path.replace(/(\/tenants?)\/\{[^}]+\}/, `$1/${tenant}`).replaceAll(/\{[^}]+\}/g, "x");

/** How many rows of the database belong to a tenant. */
async function rowsOfTenant(tenant: string): Promise<number> {
  const tables = await rowsOf(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%tenant_id TEXT%' AND sql NOT LIKE '%VIRTUAL%'",
  );
  const counts = tables.map(({ name }) =>
    env.DB.prepare(`SELECT count(*) AS n FROM "${String(name)}" WHERE tenant_id = ?`).bind(tenant),
  );
  const results = await env.DB.batch<{ n: number }>(counts);
  return results.reduce((sum, { results: [row] }) => sum + (row?.n ?? 0), 0);
}

describe("a tenant in the path of the internal API [differs: unknown-tenant]", () => {
  it.each([
    ["unknown", "nosuch"],
    ["of a thousand characters", "t".repeat(1000)],
    ["spelled with escapes", "%6Eosuch"],
  ])("that is %s is refused by every operation", async (_, tenant) => {
    const all = await operations();
    expect(all.length).toBeGreaterThan(25);
    for (const { method, path } of all) {
      const answer = await server.call(method, pathOf(path, tenant), {
        token: OPERATOR_TOKEN,
        ...(method !== "GET" && { json: {} }),
      });
      expect([method, path, answer.status, answer.json().error]).toEqual([
        method,
        path,
        404,
        "tenant not found",
      ]);
    }
    expect(await rowsOfTenant(decodeURIComponent(tenant))).toBe(0);
  });

  it("that no URL can mean is refused", async () => {
    const path = "/api/internal/v1/inventory/tenants/%ff/devices";
    const answer = await server.call("POST", path, { token: OPERATOR_TOKEN, json: {} });
    expect([answer.status, answer.json().error]).toEqual([400, "malformed path"]);
  });

  it.each(["nosuch", "t".repeat(1000)])("takes no upload for nobody: %s", async (tenant) => {
    const form = new FormData();
    form.set("artifact", new Blob([await anArtifact()]), "a.mender");
    const answer = await server.call("POST", `/api/internal/v1/deployments/tenants/${tenant}/artifacts`, {
      token: OPERATOR_TOKEN,
      body: form,
    });
    expect([answer.status, answer.json().error]).toEqual([404, "tenant not found"]);
    expect([await rowsOfTenant(tenant), (await env.ARTIFACTS.list()).objects]).toEqual([0, []]);
  });

  it("is the default one if it is empty, and may be any that exists", async () => {
    await aUser(server);
    await aTenant(server, "t1");
    for (const tenant of ["", "default", "t1"]) {
      const path = `/api/internal/v1/devauth/tenants/${tenant}/devices/count`;
      expect((await server.call("GET", path, { token: OPERATOR_TOKEN })).status).toBe(200);
    }
  });

  it("may be gone when its data are removed", async () => {
    const path = "/api/internal/v1/devauth/tenants/gone";
    expect((await server.call("DELETE", path, { token: OPERATOR_TOKEN })).status).toBe(204);
  });
});

describe("a tenant in the input of a workflow", () => {
  it("that does not exist starts nothing", async () => {
    const input = { request_id: "r", tenant_id: "nosuch", device_id: "d" };
    const one = await asOperator(server, "POST", `${WORKFLOW}/decommission_device`, input);
    expect([one.status, one.json().error]).toEqual([400, "tenant_id: tenant not found"]);
    expect([await rowsOf("SELECT * FROM jobs"), await rowsOf("SELECT * FROM outbox")]).toEqual([[], []]);
  });
});
