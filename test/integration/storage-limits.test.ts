import { beforeEach, describe, expect, it } from "vitest";
import { aTenant, aUser, type TestUser } from "../support/actors.ts";
import { anArtifact, bucketObjects, idOf, upload } from "../support/artifacts.ts";
import { newSortableId } from "../../src/platform/ids.ts";
import { env, OPERATOR_TOKEN, Server, type Answer } from "../support/server.ts";

const LIMIT = "/api/management/v1/deployments/limits/storage";
const INTERNAL = "/api/internal/v1/deployments/tenants/default";
const SETTINGS = `${INTERNAL}/storage/settings`;

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
});

const get = (path: string) => server.call("GET", path, { token: user.token });
const operator = (method: string, path: string, json?: unknown): Promise<Answer> =>
  server.call(method, path, { token: OPERATOR_TOKEN, json });
const fault = (answer: Answer) => [answer.status, answer.json().error];

describe("the storage limit", () => {
  it("shows what is stored, without a limit at first [differs: storage-usage]", async () => {
    expect((await get(LIMIT)).json()).toEqual({ limit: -1, usage: 0 });
    const bytes = await anArtifact();
    const id = idOf(await upload(server, bytes, user));
    expect((await get(LIMIT)).json()).toEqual({ limit: -1, usage: bytes.length });
    await server.call("DELETE", `/api/management/v1/deployments/artifacts/${id}`, { token: user.token });
    expect((await get(LIMIT)).json()).toEqual({ limit: -1, usage: 0 });
  });

  it("is set by the operator for one tenant [differs: storage-usage]", async () => {
    const other = await aUser(server, { tenant: "t-other" });
    expect((await operator("PUT", `${INTERNAL}/limits/storage`, { limit: 1000 })).status).toBe(204);
    expect((await get(LIMIT)).json()).toEqual({ limit: 1000, usage: 0 });
    expect((await operator("GET", `${INTERNAL}/limits/storage`)).json()).toEqual({
      tenant_id: "default",
      limit: 1000,
      usage: 0,
    });
    expect((await server.call("GET", LIMIT, { token: other.token })).json()).toEqual({ limit: -1, usage: 0 });
    await operator("PUT", `${INTERNAL}/limits/storage`, { limit: -1 });
    expect((await get(LIMIT)).json()).toEqual({ limit: -1, usage: 0 });
  });

  it("of the micro tier is 5 MiB unless set", async () => {
    const path = `${INTERNAL}/limits/max_artifact_size_micro_device_tier`;
    expect((await operator("GET", path)).json()).toMatchObject({ limit: 5_242_880 });
    await operator("PUT", path, { limit: 100 });
    expect((await operator("GET", path)).json()).toMatchObject({ limit: 100 });
  });

  it("of another name is not supported", async () => {
    expect(fault(await get("/api/management/v1/deployments/limits/x"))).toEqual([400, "unsupported limit x"]);
    expect(fault(await operator("GET", `${INTERNAL}/limits/x`))).toEqual([400, "unsupported limit x"]);
  });

  it.each([{}, { limit: -2 }, { limit: "x" }, { limit: 1.5 }])("cannot be set to %j", async (json) => {
    expect((await operator("PUT", `${INTERNAL}/limits/storage`, json)).status).toBe(400);
  });

  it("is shown to no stranger", async () => {
    expect((await server.call("GET", LIMIT)).status).toBe(401);
    expect((await server.call("GET", `${INTERNAL}/limits/storage`, { token: user.token })).status).toBe(401);
  });
});

describe("storage settings", () => {
  const S3 = { region: "eu-west-1", bucket: "artifacts", key: "key-id", secret: "secret-key" };

  it("are null until they are set, and kept as they were given [differs: storage-settings]", async () => {
    expect((await operator("GET", SETTINGS)).json()).toBeNull();
    expect((await operator("PUT", SETTINGS, S3)).status).toBe(204);
    expect((await operator("GET", SETTINGS)).json()).toEqual(S3);
    await aTenant(server, "t-other");
    expect((await operator("GET", SETTINGS.replace("default", "t-other"))).json()).toBeNull();
  });

  it("move no object: uploads stay in the bucket of the installation [differs: storage-settings]", async () => {
    await operator("PUT", SETTINGS, S3);
    const bytes = await anArtifact();
    const id = idOf(await upload(server, bytes, user));
    expect(await bucketObjects()).toMatchObject([{ size: bytes.length }]);
    const { uri } = (await get(`/api/management/v1/deployments/artifacts/${id}/download`)).json<{
      uri: string;
    }>();
    expect(new URL(uri).origin).toBe("https://edgemend.test");
    expect((await server.call("GET", uri)).status).toBe(200);
  });

  it.each([{}, { container_name: "ignored" }])("are removed by %j", async (body) => {
    await operator("PUT", SETTINGS, S3);
    expect((await operator("PUT", SETTINGS, body)).status).toBe(204);
    expect((await operator("GET", SETTINGS)).json()).toBeNull();
  });

  it("take the words of Azure", async () => {
    const body = {
      type: "azure",
      container_name: "artifacts",
      account_name: "account",
      account_key: "secret",
    };
    expect((await operator("PUT", SETTINGS, body)).status).toBe(204);
    expect((await operator("GET", SETTINGS)).json()).toEqual({
      type: "azure",
      bucket: "artifacts",
      key: "account",
      secret: "secret",
    });
    const connected = { type: "azure", container_name: "artifacts", connection_string: "a=b" };
    expect((await operator("PUT", SETTINGS, connected)).status).toBe(204);
  });

  it.each([
    [{ region: "eu-west-1" }, "bucket: cannot be blank; key: cannot be blank; secret: cannot be blank."],
    [{ ...S3, region: "x" }, "region: the length must be between 5 and 20."],
    [{ ...S3, type: "ftp" }, "storage type invalid"],
    [{ ...S3, literal_bucket_uri: true }, "uri: required when 'literal_bucket_uri' is set."],
    [{ type: "azure", container_name: "artifacts" }, "key: cannot be blank; secret: cannot be blank."],
  ])("refuse %j", async (body, text) => {
    expect(fault(await operator("PUT", SETTINGS, body))).toEqual([400, `invalid settings schema: ${text}`]);
  });

  it("switch acceleration off when there is an address", async () => {
    await operator("PUT", SETTINGS, { ...S3, uri: "https://s3.example", use_accelerate: true });
    expect((await operator("GET", SETTINGS)).json()).toMatchObject({ use_accelerate: false });
  });

  it("leave no secret in the audit log", async () => {
    await operator("PUT", SETTINGS, S3);
    const { results } = await env.DB.prepare("SELECT * FROM audit_log").all();
    expect(results).toHaveLength(1);
    expect(JSON.stringify(results)).not.toContain(S3.secret);
  });

  it("are for operators alone", async () => {
    expect((await server.call("GET", SETTINGS, { token: user.token })).status).toBe(401);
    expect((await server.call("PUT", SETTINGS, { json: S3 })).status).toBe(401);
  });
});

describe("the sweep at the start of a server", () => {
  it("ends what was under way", async () => {
    await env.ARTIFACTS.put("default/x", "x");
    await env.DB.prepare(
      "INSERT INTO objects (tenant_id, object_key, state, alive_ms) VALUES ('default', 'default/x', 'writing', ?)",
    )
      .bind(server.now - 1)
      .run();
    expect((await operator("POST", "/api/operator/v1/sweep-uploads")).json()).toEqual({ removed: 1 });
    expect((await env.ARTIFACTS.list()).objects).toEqual([]);
  });

  it("takes up at once what jobs had begun, and leaves what is due later", async () => {
    await env.DB.batch([
      env.DB.prepare(
        `INSERT INTO uploads (tenant_id, upload_id, state, object_key, actor, attempts, leased_until_ms, expires_ms)
         VALUES ('default', 'u', 'verifying', 'default/u', '{}', 1, ?, ?)`,
      ).bind(server.now + 300_000, server.now + 300_000),
      ...[
        ["sent", 1],
        ["later", 0],
      ].map(([kind, attempts]) =>
        env.DB.prepare("INSERT INTO outbox VALUES (?, 'default', ?, 'u', '{}', ?, ?, ?)").bind(
          newSortableId(server.now),
          kind,
          server.now,
          server.now + 300_000,
          attempts,
        ),
      ),
    ]);
    await operator("POST", "/api/operator/v1/sweep-uploads");
    const lease = await env.DB.prepare("SELECT leased_until_ms FROM uploads").first("leased_until_ms");
    expect(lease).toBe(0);
    const { results } = await env.DB.prepare("SELECT kind, attempts FROM outbox ORDER BY kind").all();
    expect(results).toEqual([
      { kind: "later", attempts: 0 },
      { kind: "sent", attempts: 2 },
    ]);
  });

  it("is for operators alone", async () => {
    expect((await server.call("POST", "/api/operator/v1/sweep-uploads", { token: user.token })).status).toBe(
      401,
    );
  });
});
