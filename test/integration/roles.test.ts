import { beforeEach, describe, expect, it } from "vitest";
import { BUILT_IN_ROLES } from "../../src/platform/permissions.ts";
import { MAX_RIGHTS_BYTES } from "../../src/useradm/roles/store.ts";
import { aUser, type TestUser } from "../support/actors.ts";
import { env, Server, type Answer } from "../support/server.ts";

const V1 = "/api/management/v1/useradm";
const V2 = "/api/management/v2/useradm";
const FORBIDDEN = [403, "forbidden by role-based access control"];

let server: Server;
let admin: TestUser;
beforeEach(async () => {
  server = await Server.start();
  admin = await aUser(server);
});

const call = (user: TestUser, method: string, path: string, json?: unknown) =>
  server.call(method, path, json === undefined ? { token: user.token } : { token: user.token, json });
const refusal = (answer: Answer) => [answer.status, answer.text && answer.json().error];
const create = (json: object, by = admin) => call(by, "POST", `${V2}/roles`, json);
const sets = (...names: string[]) => names.map((name) => ({ name }));
const auditOf = async (object: string) =>
  (
    await env.DB.prepare(
      "SELECT action, object_type, change FROM audit_log WHERE object_id = ? ORDER BY time_ms, id",
    )
      .bind(object)
      .all<{ action: string; object_type: string; change: string }>()
  ).results;

const ROLE = {
  name: "test",
  description: "Sees devices in test",
  permission_sets_with_scope: [
    { name: "Basic" },
    { name: "ReadDevices", scope: { type: "DeviceGroups", value: ["test"] } },
  ],
};

describe("a role", () => {
  it("is made, read, replaced and removed, each on record", async () => {
    expect(refusal(await create(ROLE))).toEqual([201, ""]);
    const path = `${V2}/roles/test`;
    expect((await call(admin, "GET", path)).json()).toEqual(ROLE);
    const replaced = { ...ROLE, description: "Sees all", permission_sets_with_scope: sets("ReadDevices") };
    server.advance(1000);
    expect(refusal(await call(admin, "PUT", path, replaced))).toEqual([200, ""]);
    expect((await call(admin, "GET", path)).json()).toEqual(replaced);
    server.advance(1000);
    expect((await call(admin, "DELETE", path)).status).toBe(204);
    expect(refusal(await call(admin, "GET", path))).toEqual([404, "role not found"]);
    expect((await call(admin, "DELETE", path)).status).toBe(204);
    const entries = await auditOf("test");
    expect(entries.map(({ action, object_type }) => [action, object_type])).toEqual([
      ["create", "role"],
      ["update", "role"],
      ["delete", "role"],
    ]);
    expect(entries[1]!.change.split("\n")).toContain('- "description": "Sees devices in test",');
  });

  it("by the first version has a place, and raw permissions", async () => {
    const role = {
      name: "a b",
      permissions: [{ action: "VIEW_DEVICE", object: { type: "DEVICE_GROUP", value: "test" } }],
    };
    const made = await call(admin, "POST", `${V1}/roles`, role);
    expect([made.status, made.headers.get("location")]).toEqual([201, `${V1}/roles/a%20b`]);
    expect((await call(admin, "GET", made.headers.get("location")!)).json()).toEqual(role);
    expect((await call(admin, "PUT", `${V1}/roles/a%20b`, role)).status).toBe(202);
    expect((await call(admin, "DELETE", `${V1}/roles/a%20b`)).status).toBe(204);
  });

  it("is listed after the built-in ones, in pages, and seen by every user", async () => {
    await create({ name: "b" });
    await create({ name: "a" });
    const nobody = await aUser(server, { roles: [] });
    const elsewhere = await aUser(server, { tenant: "acme" });
    const names = async (user: TestUser, query: string) =>
      (await call(user, "GET", `${V2}/roles${query}`)).json<{ name: string }[]>().map(({ name }) => name);
    expect(await names(nobody, "?per_page=500")).toEqual([...BUILT_IN_ROLES, "a", "b"]);
    expect(await names(admin, "?per_page=2&page=3")).toEqual(["RBAC_ROLE_REMOTE_TERMINAL", "a"]);
    expect(await names(admin, "?per_page=2&page=4")).toEqual(["b"]);
    expect(await names(elsewhere, "")).toEqual([...BUILT_IN_ROLES]);
    expect((await call(elsewhere, "GET", `${V2}/roles/a`)).status).toBe(404);
  });

  it.each(["PUT", "DELETE"])(
    "is not changed by %s when built in [differs: built-in-roles]",
    async (method) => {
      for (const path of ["roles/RBAC_ROLE_CI", "permission_sets/Basic"]) {
        const name = path.split("/")[1]!;
        const answer = await call(admin, method, `${V2}/${path}`, { name, permissions: [] });
        expect(answer.status).toBe(422);
      }
      expect((await create({ name: "RBAC_ROLE_CI" })).status).toBe(409);
    },
  );

  it.each([
    [{}, "name: cannot be blank."],
    [{ name: "" }, "name: cannot be blank."],
    [{ name: "x".repeat(257) }, "name: the length must be no more than 256."],
    [{ name: "a", permission_sets_with_scope: sets("Nothing") }, "permission set Nothing does not exist"],
    [
      {
        name: "a",
        permission_sets_with_scope: [{ name: "ReadReleases", scope: { type: "DeviceGroups", value: ["a"] } }],
      },
      "permission set ReadReleases does not support the scope DeviceGroups",
    ],
    [
      { name: "a", permission_sets_with_scope: sets(...Array.from({ length: 16 }, () => "Basic")) },
      "permission_sets_with_scope: the length must be no more than 15.",
    ],
    [
      { name: "a", permissions: [{ action: "http", object: { type: "GET", value: "(?=x)" } }] },
      "permissions.0.object.value: uses look-around or an atomic group.",
    ],
    [{ name: "a", permissions: [{ action: "FLY", object: {} }] }, /^permissions.0.action: must be one of/],
  ])("is not made from %j", async (json, error) => {
    const answer = await create(json);
    expect(answer.status).toBe(400);
    expect(answer.json().error).toMatch(error);
    expect(await auditOf("a")).toEqual([]);
  });

  it("is not made twice, nor larger than its bound [differs: rights-size]", async () => {
    const answers = await Promise.all([create(ROLE), create(ROLE)]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
    const value = Array.from({ length: 30 }, (_, i) => `${i}`.padEnd(1000, "x"));
    const scope = { type: "DeviceGroups", value };
    const large = { name: "large", permission_sets_with_scope: [{ name: "ReadDevices", scope }] };
    expect(refusal(await create(large))).toEqual([400, "the role is larger than 16384 bytes"]);
    expect(refusal(await call(admin, "PUT", `${V2}/roles/test`, { name: "other" }))).toEqual([
      400,
      "name: a role keeps its name.",
    ]);
  });

  it("is written by who manages users alone", async () => {
    const user = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    for (const [method, path, json] of [
      ["POST", `${V2}/roles`, ROLE],
      ["PUT", `${V2}/roles/test`, ROLE],
      ["DELETE", `${V2}/roles/test`, undefined],
      ["POST", `${V2}/permission_sets`, { name: "x", permissions: [] }],
    ] as const)
      expect(refusal(await call(user, method, path, json))).toEqual(FORBIDDEN);
  });
});

describe("a permission set of the tenant", () => {
  const set = (value: string, type = "GET") => ({
    name: "Own",
    permissions: [{ action: "http", object: { type, value } }],
    supported_scope_types: ["DeviceGroups"],
  });

  it("is made, read, replaced and removed; the built-in ones are listed before it", async () => {
    const path = `${V2}/permission_sets`;
    expect((await call(admin, "POST", path, set("/a"))).status).toBe(201);
    expect((await call(admin, "POST", path, set("/a"))).status).toBe(409);
    expect((await call(admin, "GET", `${path}/Own`)).json()).toEqual(set("/a"));
    expect((await call(admin, "PUT", `${path}/Own`, set("/b"))).status).toBe(200);
    const nobody = await aUser(server, { roles: [] });
    const list = (await call(nobody, "GET", `${path}?per_page=500`)).json<{ name: string }[]>();
    expect([list[0]?.name, list.at(-1)]).toEqual(["Basic", set("/b")]);
    expect((await call(admin, "DELETE", `${path}/Own`)).status).toBe(204);
    expect((await call(admin, "GET", `${path}/Own`)).status).toBe(404);
  });

  it("opens the addresses that it names, from their beginning [differs: permission-expressions]", async () => {
    const user = await aUser(server, { roles: ["own"] });
    await call(admin, "POST", `${V2}/permission_sets`, set(`${V1}/users$`));
    await create({ name: "own", permission_sets_with_scope: sets("Own") });
    expect((await call(user, "GET", `${V1}/users`)).status).toBe(200);
    expect(refusal(await call(user, "GET", `${V1}/users/${admin.id}`))).toEqual(FORBIDDEN);
    expect(refusal(await call(user, "POST", `${V1}/users`, {}))).toEqual(FORBIDDEN);
    const other = "/api/management/v2/inventory/filters";
    expect(refusal(await call(user, "GET", `${other}?x=${V1}/users`))).toEqual(FORBIDDEN);
    await call(admin, "PUT", `${V2}/permission_sets/Own`, set(`${V1}/users\\?id=1$`));
    expect(refusal(await call(user, "GET", `${V1}/users`))).toEqual(FORBIDDEN);
    expect((await call(user, "GET", `${V1}/users?id=1`)).status).toBe(200);
  });

  it("does not hold up a request, whatever its expressions", async () => {
    const user = await aUser(server, { roles: ["slow"] });
    const permissions = Array.from({ length: 100 }, () => ({
      action: "http",
      object: { type: "any", value: "(((a|.)*)*)*(((b|.)*)*)*z" },
    }));
    expect((await create({ name: "slow", permissions })).status).toBe(201);
    const answer = await call(user, "GET", `${V1}/users?id=${"a".repeat(4000)}`);
    expect(answer.status).toBe(403);
  });
});

describe("a user's roles", () => {
  const give = (user: TestUser, ...roles: string[]) =>
    call(admin, "PUT", `${V1}/users/${user.id}`, { roles });

  it("must exist, and the rights made of them fit their bound", async () => {
    const user = await aUser(server, { roles: [] });
    expect(refusal(await give(user, "KING"))).toEqual([400, "roles: must be roles that exist."]);
    const value = Array.from({ length: 14 }, (_, i) => `${i}`.padEnd(1000, "x"));
    const scope = { type: "DeviceGroups", value };
    for (const name of ["a", "b", "c"])
      await create({ name, permission_sets_with_scope: [{ name: "ReadDevices", scope }] });
    expect(refusal(await give(user, "a", "b", "c"))).toEqual([
      422,
      "the roles of a user are too large together",
    ]);
    expect((await give(user, "a", "b")).status).toBe(204);
    expect((await call(admin, "GET", `${V1}/users/${user.id}`)).json()).toMatchObject({ roles: ["a", "b"] });
    await create({ name: "d", description: "x".repeat(3000) });
    expect((await give(user, "a", "b", "d")).status).toBe(204);
    const large = {
      name: "b",
      description: "x".repeat(2000),
      permission_sets_with_scope: [{ name: "ReadDevices", scope }],
    };
    expect((await call(admin, "PUT", `${V2}/roles/b`, large)).status).toBe(422);
    const elsewhere = await aUser(server, { tenant: "acme" });
    expect((await call(elsewhere, "PUT", `${V1}/users/${elsewhere.id}`, { roles: ["a"] })).status).toBe(400);
  });

  it("are read to the last byte of their bound, and given no byte beyond it", async () => {
    const sized = (name: string, bytes: number) => {
      const value = Array.from({ length: 13 }, (_, i) => `${i}`.padEnd(1000, "x"));
      const scope = { type: "DeviceGroups", value };
      const granted = [{ name: "ReadDevices", scope }, { name: name === "b" ? "ReadUsers" : "Basic" }];
      const role = { name, description: "", permission_sets_with_scope: granted };
      return { ...role, description: "x".repeat(bytes - JSON.stringify(role).length) };
    };
    const half = MAX_RIGHTS_BYTES / 2;
    expect(refusal(await create(sized("a", half + 1)))).toEqual([400, "the role is larger than 16384 bytes"]);
    for (const name of ["a", "b"]) expect((await create(sized(name, half))).status).toBe(201);
    await create({ name: "c" });
    const user = await aUser(server, { roles: [] });
    expect((await give(user, "a", "b", "c")).status).toBe(422);
    expect((await give(user, "a", "b")).status).toBe(204);
    const again = await aUser(server, { roles: ["a", "b"] });
    expect((await call(again, "GET", `${V1}/users`)).status).toBe(200);
  });

  it("hold at once on issued tokens, also when the role is changed or gone", async () => {
    const user = await aUser(server, { roles: ["test"] });
    const devices = () => call(user, "GET", "/api/management/v2/devauth/devices");
    expect(refusal(await devices())).toEqual(FORBIDDEN);
    await create({ name: "test", permission_sets_with_scope: sets("ReadDevices") });
    expect((await devices()).status).toBe(200);
    await call(admin, "PUT", `${V2}/roles/test`, {
      name: "test",
      permission_sets_with_scope: sets("ReadUsers"),
    });
    expect(refusal(await devices())).toEqual(FORBIDDEN);
    expect((await call(user, "GET", `${V1}/users`)).status).toBe(200);
    await call(admin, "DELETE", `${V2}/roles/test`);
    expect(refusal(await call(user, "GET", `${V1}/users`))).toEqual(FORBIDDEN);
    expect((await call(user, "GET", `${V1}/users/me`)).json()).toMatchObject({ roles: ["test"] });
  });

  it("cost no round trip, and no more rows in a tenant of 10,000 roles", async () => {
    const user = await aUser(server, { roles: ["r00042"] });
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
       INSERT INTO roles SELECT 'default', printf('r%05d', i),
         json_object('name', printf('r%05d', i), 'permission_sets_with_scope', json('[{"name":"ReadUsers"}]')) FROM n`,
    ).run();
    const costOf = async (one: TestUser) => (await call(one, "GET", `${V1}/users/me`)).cost;
    const [plain, ofRoles] = [await costOf(admin), await costOf(user)];
    expect(ofRoles.trips).toBe(plain.trips);
    expect(ofRoles.read - plain.read).toBeLessThanOrEqual(15);
    expect(refusal(await create({ name: "one more" }))).toEqual([422, "the tenant has too many roles"]);
    const page = await call(user, "GET", `${V2}/roles?per_page=500&page=3`);
    expect(page.json()).toHaveLength(500);
    // One user with all of them: not by a request, and what came otherwise is read up to the bound.
    const roles = Array.from({ length: 10_000 }, (_, i) => `r${String(i).padStart(5, "0")}`);
    expect((await call(admin, "PUT", `${V1}/users/${user.id}`, { roles })).status).toBe(400);
    await env.DB.prepare("UPDATE users SET roles = ? WHERE user_id = ?")
      .bind(JSON.stringify(roles), user.id)
      .run();
    expect((await call(user, "GET", `${V1}/users`)).status).toBe(200);
    expect(refusal(await call(user, "GET", "/api/management/v2/devauth/devices"))).toEqual(FORBIDDEN);
  });
});
