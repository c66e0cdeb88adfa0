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

  test("lists and shows the mails that the server would send", async () => {
    const invite = { email: "bob@example.com", send_reset_password: true };
    const boss = await Operator.login(server, server.ready.adminPassword!);
    expect((await boss.call("POST", "/v1/useradm/users", invite)).status).toBe(201);
    const list = async () =>
      (
        objectOf(await admin("mail")) as { mails: { id: string; to: string; subject: string }[] }
      ).mails.filter(({ to }) => to === invite.email);
    await expect.poll(list, { timeout: 20_000 }).toMatchObject([{ subject: "You are invited" }]);
    const [mail] = await list();
    const { code, stdout } = await admin("mail", "--id", mail!.id);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^To: bob@example.com$[^]*^http:\/\/localhost:\d+\/ui\/password\/[0-9a-f-]{36}$/m);
    expect((await admin("mail", "--id", "last")).stdout).toBe(stdout);
    expect(await admin("mail", "--id", "none")).toMatchObject({ code: 1, stdout: "" });
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
    const verified = objectOf(await admin("verify-audit", "--tenant", id));
    expect(verified).toMatchObject({ intact: true, tenants: [{ id, findings: [] }] });
    const off = ["--tenant", id, "--status", "suspended"];
    expect(objectOf(await admin("set-tenant-status", ...off))).toMatchObject({ id, status: "suspended" });
    expect((await boss.call("GET", "/v1/useradm/users/me")).status).toBe(401);
  });

  test("lists and deletes users", async () => {
    const eve = ["--email", "eve@example.com"];
    const id = lineOf(await admin("create-user", ...eve, "--password", "eves password"));
    const operator = await Operator.login(server, "eves password", "eve@example.com");
    const { users } = objectOf(await admin("list-users")) as { users: unknown[] };
    expect(users).toContainEqual({
      id,
      email: "eve@example.com",
      tenant: "default",
      roles: ["RBAC_ROLE_PERMIT_ALL"],
      created_at: expect.any(String),
      login_at: expect.any(String),
    });
    expect(lineOf(await admin("delete-user", ...eve))).toBe(id);
    expect((await operator.call("GET", "/v1/useradm/users/me")).status).toBe(401);
    const { users: left } = objectOf(await admin("list-users")) as { users: { id: string }[] };
    expect(left.map((user) => user.id)).not.toContain(id);
  });

  test("deletes a tenant, whose users and names are free again", async () => {
    const flags = ["--name", "Gone", "--user", "x@gone.example", "--password", "any password"];
    const id = lineOf(await admin("create-tenant", ...flags));
    expect(objectOf(await admin("delete-tenant", "--tenant", id, "--yes"))).toMatchObject({ id });
    expect(await admin("show-tenant", "--tenant", id)).toMatchObject({
      code: 1,
      stderr: "tenant not found\n",
    });
    expect(lineOf(await admin("create-tenant", ...flags))).not.toBe(id);
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
    ["an unknown verb", ["frobnicate"], /^unknown verb frobnicate; npm run admin -- --help lists them\n$/],
    ["a missing verb", [], /^a verb is missing; npm run admin -- --help lists them\n$/],
    ["an unknown option", ["migrate", "--fast"], /^Unknown option '--fast'\n$/],
    [
      "a limit that does not exist",
      ["set-limit", "--name", "bogus", "--value", "1"],
      /^--name must be one of max_devices, [a-z_, ]+\n$/,
    ],
    ["a tenant to list users of that is none", ["list-users", "--tenant", "none"], /^tenant not found\n$/],
    ["a user to delete that is none", ["delete-user", "--email", "no@b.example"], /^user not found\n$/],
    [
      "a tenant to delete without a yes",
      ["delete-tenant", "--tenant", "x"],
      /^delete-tenant needs --yes; usage: delete-tenant --tenant ID --yes\n$/,
    ],
    [
      "the default tenant, which stays",
      ["delete-tenant", "--tenant", "default", "--yes"],
      /^the default tenant cannot be removed\n$/,
    ],
    [
      "a missing option",
      ["create-user", "--email", "a@b.example"],
      /^create-user needs --password; usage: create-user --email EMAIL --password PASSWORD [^\n]+\n$/,
    ],
    ["claims that are none", ["mint-token", "--claims", "[1]"], /^--claims must be a JSON object\n$/],
    [
      "a limit that is none",
      ["set-limit", "--name", "max_devices", "--value", "many"],
      /^--value must be a whole number\n$/,
    ],
    [
      "a reset without a yes",
      ["factory-reset"],
      /^factory-reset needs --yes; usage: factory-reset --yes \[--confirm HOST\]\n$/,
    ],
  ])("fails with the reason on stderr for %s", async (_, args, reason) => {
    expect(await admin(...args)).toEqual({ code: 1, stdout: "", stderr: expect.stringMatching(reason) });
  });

  test("explains itself", async () => {
    const { code, stdout } = await run("admin", ["--help"]);
    expect(code).toBe(0);
    for (const verb of ["create-user", "set-password", "create-tenant", "mint-token", "factory-reset"])
      expect(stdout).toContain(`  ${verb} --`);
    const one = await run("admin", ["delete-tenant", "--help"]);
    expect(one.stdout).toMatch(/^ {2}delete-tenant --tenant ID --yes\n {6}delete a tenant [^\n]+\n$/);
  });
});

test("npm run demo walks a device from its first request to a successful update", async () => {
  const { code, stdout, stderr } = await run("demo", ["--data", data]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/pending, with MAC[^]*device_type = demo-board[^]*reports: success\.[^]*success: 1/);
});

test("a factory reset leaves nothing but an empty default tenant, and says how to make a user", async () => {
  const admin_ = await Operator.login(server, server.ready.adminPassword!);
  expect(await admin_.get("/v1/deployments/artifacts")).toHaveLength(1);
  const { code, stdout, stderr } = await admin("factory-reset", "--yes");
  // The artifact, and what the minute's duty has kept of the audit log.
  expect([code, JSON.parse(stdout)]).toEqual([
    0,
    { tables: expect.any(Number), objects: expect.any(Number) },
  ]);
  const next = `npm run admin -- --data ${data} create-user --email EMAIL --password PASSWORD`;
  expect(stderr).toBe(`Nobody can log in now. Next: ${next}\n`);
  expect((await admin_.call("GET", "/v1/deployments/artifacts")).status).toBe(401);
  expect(objectOf(await admin("list-tenants"))).toMatchObject({ tenants: [{ id: "default" }] });
  expect(objectOf(await admin("list-users"))).toEqual({ users: [] });
});

test("the start after a factory reset makes an admin with a new password", async () => {
  const before = server.ready.adminPassword;
  expect(await server.stop()).toBe(0);
  server = await LocalServer.start(data);
  expect(server.ready.adminPassword).toMatch(/.{16,}/);
  expect(server.ready.adminPassword).not.toBe(before);
  await Operator.login(server, server.ready.adminPassword!);
});
