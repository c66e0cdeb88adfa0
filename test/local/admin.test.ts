import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Operator } from "./operator.ts";
import { cleanUp, LocalServer, newFolder, run, type Ended } from "./server-process.ts";

const data = newFolder();
let server: LocalServer;

beforeAll(async () => {
  server = await LocalServer.start(data);
});

afterAll(cleanUp);

const admin = (...args: string[]) => run("admin", ["--data", data, ...args]);

/** The one line of a command that did what it was told. */
function lineOf(ended: Ended): string {
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(ended.stdout).toMatch(/^[^\n]+\n$/);
  return ended.stdout.trim();
}

const objectOf = (ended: Ended): unknown => JSON.parse(lineOf(ended));

describe("npm run admin", () => {
  test("creates a user and sets its password", async () => {
    const flags = [
      "--email",
      "ada@example.com",
      "--password",
      "first password",
      "--id",
      "ada",
      "--roles",
      "RBAC_ROLE_CI",
    ];
    expect(lineOf(await admin("create-user", ...flags))).toBe("ada");
    const ada = await Operator.login(server, "first password", "ada@example.com");
    expect(await ada.get("/v1/useradm/users/me")).toMatchObject({ id: "ada", roles: ["RBAC_ROLE_CI"] });
    const change = ["--email", "ada@example.com", "--password", "second password"];
    expect(lineOf(await admin("set-password", ...change))).toBe("ada");
    await Operator.login(server, "second password", "ada@example.com");
    await expect(Operator.login(server, "first password", "ada@example.com")).rejects.toThrow("401");
  });

  test("creates, lists, limits and suspends tenants", async () => {
    const flags = [
      "--name",
      "Acme",
      "--user",
      "boss@acme.example",
      "--password",
      "boss password",
      "--plan",
      "os",
    ];
    const id = lineOf(await admin("create-tenant", ...flags));
    const boss = await Operator.login(server, "boss password", "boss@acme.example");
    const { tenants } = objectOf(await admin("list-tenants")) as { tenants: { id: string }[] };
    expect(tenants.map((tenant) => tenant.id).toSorted()).toEqual(["default", id].toSorted());
    const acme = {
      id,
      name: "Acme",
      plan: "os",
      status: "active",
      tenant_token: expect.stringMatching(/.{16,}/),
    };
    expect(objectOf(await admin("show-tenant", "--tenant", id))).toMatchObject(acme);
    const limit = ["--id", id, "--name", "max_devices", "--value", "7"];
    expect(objectOf(await admin("set-limit", ...limit))).toMatchObject({ id, limits: { max_devices: 7 } });
    const off = ["--tenant", id, "--status", "suspended"];
    expect(objectOf(await admin("set-tenant-status", ...off))).toMatchObject({ id, status: "suspended" });
    expect((await boss.call("GET", "/v1/useradm/users/me")).status).toBe(401);
  });

  test("shows the default tenant with the token that devices join it by", async () => {
    const { tenantToken } = server.ready;
    expect(objectOf(await admin("show-tenant"))).toMatchObject({ id: "default", tenant_token: tenantToken });
  });

  test("migrates, and does nothing twice", async () => {
    expect(objectOf(await admin("migrate"))).toEqual({ applied: [] });
  });

  test("mints a token with the claims it is given", async () => {
    const { token } = objectOf(await admin("mint-token", "--claims", '{"sub":"me","n":1}')) as {
      token: string;
    };
    const claims = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
    expect(JSON.parse(claims)).toEqual({ sub: "me", n: 1 });
  });

  test("reaches a server by URL and token alone", async () => {
    const { url, operatorToken } = server.ready;
    const named = ["--url", url, "--operator-token", operatorToken, "--data", "/nowhere"];
    expect(objectOf(await run("admin", ["show-tenant", ...named]))).toMatchObject({ id: "default" });
    const wrong = await run("admin", ["show-tenant", "--url", url, "--operator-token", "not the token"]);
    expect(wrong).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/^[^\n]+\n$/) });
  });

  test.each([
    ["the server's refusal", ["show-tenant", "--tenant", "none"], /^tenant not found\n$/],
    [
      "a server that is not there",
      ["migrate", "--url", "http://127.0.0.1:9", "--operator-token", "x"],
      /^http:\/\/127\.0\.0\.1:9 cannot be reached/,
    ],
    ["a folder without a server", ["migrate", "--data", "/nowhere"], /^no server runs on \/nowhere/],
    ["an unknown verb", ["frobnicate"], /^unknown verb frobnicate\n\nusage: /],
    ["a missing verb", [], /^a verb is missing\n\nusage: /],
    ["an unknown option", ["migrate", "--fast"], /^Unknown option '--fast'\n\nusage: /],
    [
      "a missing option",
      ["create-user", "--email", "a@b.example"],
      /^create-user needs --password\n\nusage: /,
    ],
    ["claims that are none", ["mint-token", "--claims", "[1]"], /^--claims must be a JSON object\n\nusage: /],
    [
      "a limit that is none",
      ["set-limit", "--name", "max_devices", "--value", "many"],
      /^--value must be a whole number/,
    ],
    ["a reset without a yes", ["factory-reset"], /^factory-reset needs --yes\n\nusage: /],
  ])("fails with the reason on stderr for %s", async (_, args, reason) => {
    expect(await admin(...args)).toEqual({ code: 1, stdout: "", stderr: expect.stringMatching(reason) });
  });

  test("explains itself", async () => {
    const { code, stdout } = await run("admin", ["--help"]);
    expect(code).toBe(0);
    for (const verb of ["create-user", "set-password", "create-tenant", "mint-token", "factory-reset"])
      expect(stdout).toContain(`  ${verb} --`);
  });
});

test("npm run demo walks a device from its first request to a successful update", async () => {
  const { code, stdout, stderr } = await run("demo", ["--data", data]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/pending, with MAC[^]*device_type = demo-board[^]*reports: success\.[^]*success: 1/);
});

test("a factory reset leaves nothing but an empty default tenant", async () => {
  const admin_ = await Operator.login(server, server.ready.adminPassword!);
  expect(await admin_.get("/v1/deployments/artifacts")).toHaveLength(1);
  expect(objectOf(await admin("factory-reset", "--yes"))).toMatchObject({ objects: 1 });
  expect((await admin_.call("GET", "/v1/deployments/artifacts")).status).toBe(401);
  expect(objectOf(await admin("list-tenants"))).toMatchObject({ tenants: [{ id: "default" }] });
});
