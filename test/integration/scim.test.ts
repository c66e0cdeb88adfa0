import { beforeEach, describe, expect, it } from "vitest";
import { aUser, logIn, type TestUser } from "../support/actors.ts";
import { auditOf, refusal, rowsOf, statusesOf } from "../support/answers.ts";
import { Server } from "../support/server.ts";

const USERADM = "/api/management/v1/useradm";
const SCIM = `${USERADM}/scim/v2`;
const TOKENS = `${USERADM}/settings/scim/tokens`;
const PASSWORD = "correct horse battery";
const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

let server: Server;
let admin: TestUser;
let token: string;
beforeEach(async () => {
  server = await Server.start();
  admin = await aUser(server, { email: "ada@example.com" });
  token = await aToken();
});

async function aToken(who: TestUser = admin): Promise<string> {
  const made = await server.call("POST", TOKENS, { token: who.token, json: { name: "entra" } });
  expect(made.status).toBe(201);
  return made.json<{ token: string }>().token;
}

const call = (method: string, path: string, json?: unknown, as = token) =>
  server.call(method, SCIM + path, {
    token: as,
    ...(json !== undefined && {
      body: typeof json === "string" ? json : JSON.stringify(json),
      headers: { "Content-Type": "application/scim+json" },
    }),
  });
const patch = (path: string, ...Operations: unknown[]) =>
  call("PATCH", path, { schemas: [PATCH_OP], Operations });
const create = async (userName: string, more: object = {}) =>
  (await call("POST", "/Users", { userName, ...more })).json<{ id: string }>().id;
const errorOf = (status: string, scimType?: string) => ({
  schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"],
  status,
  ...(scimType !== undefined && { scimType }),
});
const rolesOf = async (id: string) =>
  JSON.parse(String((await rowsOf(`SELECT roles FROM users WHERE user_id = '${id}'`))[0]?.roles)) as string[];

describe("SCIM tokens", () => {
  it("are made, shown once, listed and revoked by who manages users", async () => {
    expect(token).toMatch(/^scim_[\w-]{43}$/);
    const listed = await server.call("GET", TOKENS, { token: admin.token });
    expect(listed.json()).toMatchObject([{ name: "entra" }]);
    expect(JSON.stringify([listed.text, await rowsOf("SELECT * FROM scim_tokens")])).not.toContain(
      token.slice(5),
    );
    const [{ id }] = listed.json<[{ id: string }]>();
    expect((await call("GET", "/Users")).status).toBe(200);
    expect((await server.call("DELETE", `${TOKENS}/${id}`, { token: admin.token })).status).toBe(204);
    const refused = await call("GET", "/Users");
    expect([refused.status, refused.headers.get("content-type")]).toEqual([401, "application/scim+json"]);
    expect(refused.json()).toMatchObject(errorOf("401"));
    expect((await auditOf(id)).map(({ action }) => action)).toEqual(["create", "delete"]);
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    const theirs = await server.call("POST", TOKENS, { token: observer.token, json: { name: "x" } });
    expect(theirs.status).toBe(403);
    for (const name of ["", " ", null, 1, "x".repeat(65)])
      expect((await server.call("POST", TOKENS, { token: admin.token, json: { name } })).status).toBe(400);
  });

  it("are no tokens of users, and those are none of these", async () => {
    for (const wrong of [admin.token, "", "scim_", `${token}x`, token.toUpperCase()])
      expect((await call("GET", "/Users", undefined, wrong)).status).toBe(401);
    expect((await server.call("GET", `${USERADM}/users`, { token })).status).toBe(401);
  });

  it("are at most five of a tenant, and need a plan with single sign-on", async () => {
    for (let n = 1; n < 5; n++) await aToken();
    const sixth = await server.call("POST", TOKENS, { token: admin.token, json: { name: "x" } });
    expect(sixth.status).toBe(422);
    await rowsOf("UPDATE tenants SET plan = 'os'");
    expect((await call("GET", "/Users")).status).toBe(403);
    await rowsOf("UPDATE tenants SET plan = 'enterprise', status = 'suspended'");
    expect((await call("GET", "/Users")).status).toBe(401);
  });

  it("may be used so often, and no more", async () => {
    const statuses = [];
    for (let n = 0; n < 251; n++) statuses.push((await call("GET", "/Schemas/none")).status);
    expect(statuses.slice(-2)).toEqual([404, 429]);
    const stranger = await aUser(server, { tenant: "acme" });
    expect((await call("GET", "/Users", undefined, await aToken(stranger))).status).toBe(200);
    server.advance(10_000);
    expect((await call("GET", "/Users")).status).toBe(200);
  });
});

describe("SCIM users", () => {
  it("are created, read, looked up, changed and removed [differs: scim]", async () => {
    const made = await call("POST", "/Users", {
      schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
      userName: "Bob@Example.com",
      externalId: "b-1",
      name: { givenName: "Bob" },
      active: true,
    });
    expect(made.status).toBe(201);
    const { id } = made.json<{ id: string }>();
    expect(made.headers.get("location")).toBe(`https://edgemend.test${SCIM}/Users/${id}`);
    expect(made.json()).toMatchObject({
      userName: "bob@example.com",
      externalId: "b-1",
      active: true,
      groups: [],
      emails: [{ value: "bob@example.com", primary: true }],
      meta: { resourceType: "User" },
    });
    for (const filter of [
      'userName eq "BOB@example.com"',
      'externalId eq "b-1"',
      `id eq "${id}"`,
      'emails[type eq "work"].value eq "bob@example.com"',
      'urn:ietf:params:scim:schemas:core:2.0:User:userName Eq "bob@example.com"',
    ]) {
      const found = (await call("GET", `/Users?filter=${encodeURIComponent(filter)}`)).json();
      expect(found).toMatchObject({ totalResults: 1, Resources: [{ id }] });
    }
    const none = (
      await call("GET", `/Users?filter=${encodeURIComponent('userName eq "no@example.com"')}`)
    ).json();
    expect(none).toMatchObject({ totalResults: 0, startIndex: 1, Resources: [] });
    const put = await call("PUT", `/Users/${id}`, { userName: "robert@example.com", active: "False" });
    expect(put.json()).toMatchObject({ id, userName: "robert@example.com", active: false });
    expect((await call("DELETE", `/Users/${id}`)).status).toBe(204);
    expect((await call("GET", `/Users/${id}`)).json()).toMatchObject(errorOf("404"));
    expect((await auditOf(id)).map(({ action, actor_id }) => [action, actor_id])).toEqual(
      ["create", "update", "update", "delete"].map((action) => [action, "system"]),
    );
  });

  it("come in pages", async () => {
    for (const name of ["b", "c", "d"]) await create(`${name}@example.com`);
    const page = async (query: string) =>
      (await call("GET", `/Users?${query}`)).json<{ Resources: unknown[] }>();
    expect(await page("startIndex=2&count=2")).toMatchObject({
      totalResults: 4,
      startIndex: 2,
      itemsPerPage: 2,
    });
    expect(await page("startIndex=0&count=0")).toMatchObject({
      totalResults: 4,
      startIndex: 1,
      Resources: [],
    });
    expect((await page("startIndex=5")).Resources).toEqual([]);
    expect((await call("GET", "/Users?count=many")).status).toBe(400);
  });

  it("have no rights and no password at first", async () => {
    const id = await create("bob@example.com");
    expect(await rolesOf(id)).toEqual([]);
    expect((await logIn(server, "bob@example.com", "")).status).toBe(401);
  });

  it.each([
    [
      "as Entra ID does",
      [{ op: "Replace", path: "active", value: "False" }],
      [{ op: "Add", path: "active", value: "True" }],
    ],
    [
      "as Okta does",
      [{ op: "replace", value: { active: false } }],
      [{ op: "replace", value: { active: true } }],
    ],
  ])("are suspended and let in again %s; that ends sessions and tokens", async (_, off, on) => {
    const bob = await aUser(server, { email: "bob@example.com", password: PASSWORD });
    const me = () => server.call("GET", `${USERADM}/users/me`, { token: bob.token });
    expect((await me()).status).toBe(200);
    expect((await patch(`/Users/${bob.id}`, ...off)).json()).toMatchObject({ active: false });
    expect((await me()).status).toBe(401);
    expect(await rowsOf(`SELECT token_id FROM user_tokens WHERE user_id = '${bob.id}'`)).toEqual([]);
    expect(await rowsOf(`SELECT subject FROM outbox WHERE kind = 'user.tokens_ended'`)).toEqual([
      { subject: bob.id },
    ]);
    expect(refusal(await logIn(server, bob.email, PASSWORD))).toEqual([401, "unauthorized"]);
    await patch(`/Users/${bob.id}`, ...on);
    expect((await logIn(server, bob.email, PASSWORD)).status).toBe(200);
  });

  it("that are guests elsewhere go on there, without what this provider says of them", async () => {
    const id = await create("bob@example.com", { externalId: "b", active: false });
    const acme = await aToken(await aUser(server, { tenant: "acme" }));
    await call("POST", "/Users", { userName: "carl@example.com", externalId: "b" }, acme);
    await rowsOf(
      `INSERT INTO memberships (tenant_id, user_id, home_id, roles, created_ms) VALUES ('acme', '${id}', 'default', '[]', 1)`,
    );
    expect((await call("GET", `/Users/${id}`, undefined, acme)).status).toBe(404);
    expect((await call("DELETE", `/Users/${id}`)).status).toBe(204);
    expect((await call("GET", `/Users/${id}`, undefined, acme)).json()).toMatchObject({ active: true });
  });

  it("keep the last administrator", async () => {
    const refusals = [
      await patch(`/Users/${admin.id}`, { op: "replace", value: { active: false } }),
      await patch("/Groups/RBAC_ROLE_PERMIT_ALL", { op: "remove", path: `members[value eq "${admin.id}"]` }),
    ];
    expect(statusesOf(refusals)).toEqual([409, 409]);
    const removal = await call("DELETE", `/Users/${admin.id}`);
    expect([removal.status, removal.json()]).toMatchObject([422, errorOf("422")]);
    const guest = await aUser(server, { tenant: "acme" });
    await rowsOf(
      `INSERT INTO memberships (tenant_id, user_id, home_id, roles, created_ms) VALUES ('default', '${guest.id}', 'acme', '["RBAC_ROLE_PERMIT_ALL"]', 1)`,
    );
    await rowsOf(`UPDATE users SET suspended_ms = 1 WHERE user_id = '${guest.id}'`);
    expect((await patch(`/Users/${admin.id}`, { op: "replace", value: { active: false } })).status).toBe(409);
    const second = await aUser(server);
    const off = (id: string) => patch(`/Users/${id}`, { op: "replace", path: "active", value: false });
    expect(statusesOf(await Promise.all([off(admin.id), off(second.id)]))).toEqual([200, 409]);
  });

  it("have names and ids of their own, also among those of other tenants", async () => {
    await create("bob@example.com", { externalId: "b" });
    const other = await create("eve@example.com", { externalId: "e" });
    for (const [method, path, body] of [
      ["POST", "/Users", { userName: "bob@example.com" }],
      ["POST", "/Users", { userName: "new@example.com", externalId: "b" }],
      ["PUT", `/Users/${other}`, { userName: "bob@example.com" }],
      ["PUT", `/Users/${other}`, { userName: "eve@example.com", externalId: "b" }],
    ] as const) {
      const answer = await call(method, path, body);
      expect([method, answer.status, answer.json()]).toMatchObject([
        method,
        409,
        errorOf("409", "uniqueness"),
      ]);
    }
    const acme = await aToken(await aUser(server, { tenant: "acme" }));
    expect((await call("GET", `/Users/${other}`, undefined, acme)).status).toBe(404);
    expect((await call("DELETE", `/Users/${other}`, undefined, acme)).status).toBe(404);
    expect(
      (await call("POST", "/Users", { userName: "carl@example.com", externalId: "b" }, acme)).status,
    ).toBe(201);
  });

  it.each([
    "",
    "null",
    "[]",
    "{",
    '"x"',
    '{"userName":1}',
    '{"userName":"bob"}',
    '{"userName":"b@example.com\\r\\nBcc: x@example.com"}',
    '{"userName":"b@example.com","active":"maybe"}',
    '{"userName":"b@example.com","externalId":{}}',
    `{"userName":"b@example.com","externalId":"${"x".repeat(257)}"}`,
  ])("are not made of %s", async (body) => {
    const answer = await call("POST", "/Users", body);
    expect([answer.status, answer.json()]).toMatchObject([400, errorOf("400")]);
    expect(await rowsOf("SELECT user_id FROM users")).toHaveLength(1);
  });

  it("are changed by all operations or by none", async () => {
    const id = await create("bob@example.com", { externalId: "b" });
    const rename = { op: "replace", path: "userName", value: "robert@example.com" };
    for (const wrong of [
      { op: "move", path: "active", value: true },
      { op: "replace", path: "active", value: "x" },
      { op: "remove", path: "userName" },
      { op: "remove" },
      { op: "replace", value: [] },
      { path: "active", value: true },
      null,
    ])
      expect((await patch(`/Users/${id}`, rename, wrong)).status).toBe(400);
    expect((await patch(`/Users/${id}`)).status).toBe(400);
    expect((await call("GET", `/Users/${id}`)).json()).toMatchObject({
      userName: "bob@example.com",
      externalId: "b",
    });
    const ignored = { op: "Add", path: 'emails[type eq "work"].value', value: "x@example.com" };
    const done = await patch(`/Users/${id}`, rename, ignored, { op: "Remove", path: "externalId" });
    expect(done.json()).toMatchObject({ userName: "robert@example.com" });
    expect(done.json()).not.toHaveProperty("externalId");
    const filters = [
      'userName co "b"',
      'userName eq "a" or id eq "b"',
      'password eq "x"',
      "userName eq b",
      '"',
    ];
    for (const filter of filters) {
      const answer = await call("GET", `/Users?filter=${encodeURIComponent(filter)}`);
      expect([filter, answer.json()]).toMatchObject([filter, errorOf("400", "invalidFilter")]);
    }
    const form = await server.call("POST", `${SCIM}/Users`, {
      token,
      body: "x",
      headers: { "Content-Type": "text/plain" },
    });
    expect(form.status).toBe(415);
  });
});

describe("SCIM groups", () => {
  const OBSERVER = "/Groups/RBAC_ROLE_OBSERVER";

  it("are the roles: members have the role, however providers say so", async () => {
    const [bob, eve] = [await create("bob@example.com"), await create("eve@example.com")];
    const members = async () =>
      (await call("GET", OBSERVER))
        .json<{ members: { value: string }[] }>()
        .members.map(({ value }) => value);
    await patch(OBSERVER, { op: "Add", path: "members", value: [{ value: bob }] });
    await patch(OBSERVER, { op: "add", value: { members: [{ value: eve }] } });
    expect((await members()).toSorted()).toEqual([bob, eve].toSorted());
    expect((await call("GET", `/Users/${bob}`)).json()).toMatchObject({
      groups: [{ value: "RBAC_ROLE_OBSERVER" }],
    });
    await patch(OBSERVER, { op: "remove", path: `members[value eq "${bob}"]` });
    expect(await rolesOf(bob)).toEqual([]);
    await patch(OBSERVER, { op: "Remove", path: "members", value: [{ value: eve }] });
    expect(await members()).toEqual([]);
    await call("PUT", OBSERVER, { displayName: "RBAC_ROLE_OBSERVER", members: [{ value: eve }] });
    expect(await rolesOf(eve)).toEqual(["RBAC_ROLE_OBSERVER"]);
    await patch(OBSERVER, { op: "replace", path: "members", value: [] });
    expect(await rolesOf(eve)).toEqual([]);
  });

  it("are looked up by name, with members or without", async () => {
    const json = { name: "Line 1", permission_sets_with_scope: [{ name: "ReadDevices" }] };
    await server.call("POST", "/api/management/v2/useradm/roles", { token: admin.token, json });
    const list = async (query: string) =>
      (await call("GET", `/Groups?${query}`)).json<{ totalResults: number; Resources: object[] }>();
    expect((await list("")).totalResults).toBe(6);
    const filter = `filter=${encodeURIComponent('displayName eq "Line 1"')}`;
    expect(await list(filter)).toMatchObject({ Resources: [{ id: "Line 1", members: [] }] });
    expect((await list(`${filter}&excludedAttributes=members`)).Resources[0]).not.toHaveProperty("members");
    expect((await call("GET", "/Groups/Line%201")).json()).toMatchObject({ displayName: "Line 1" });
    const acme = await aToken(await aUser(server, { tenant: "acme" }));
    expect((await call("GET", "/Groups/Line%201", undefined, acme)).status).toBe(404);
  });

  it("take users of the tenant only, and change as a whole or not at all", async () => {
    const bob = await create("bob@example.com");
    const stranger = await aUser(server, { tenant: "acme", roles: [] });
    const add = (...ids: string[]) =>
      patch(OBSERVER, { op: "add", path: "members", value: ids.map((value) => ({ value })) });
    expect((await add(bob, stranger.id)).json()).toMatchObject(errorOf("400", "invalidValue"));
    expect((await add(bob, "nobody")).status).toBe(400);
    expect((await add(...Array.from({ length: 51 }, (_, n) => `u${n}`))).json()).toMatchObject(
      errorOf("400", "tooMany"),
    );
    expect([await rolesOf(bob), await rolesOf(stranger.id)]).toEqual([[], []]);
    expect((await patch("/Groups/none", { op: "add", path: "members", value: [] })).status).toBe(404);
    for (const wrong of [
      { op: "replace", path: "displayName", value: "Other" },
      { op: "add", path: "members", value: "x" },
      { op: "add", path: "members", value: [{}] },
      { op: "add" },
    ])
      expect((await patch(OBSERVER, wrong)).status).toBe(400);
  });
});

describe("SCIM groups that a provider makes", () => {
  const make = (displayName: string, more: object = {}) => call("POST", "/Groups", { displayName, ...more });
  const roleOf = (name: string) =>
    server.call("GET", `/api/management/v2/useradm/roles/${name}`, { token: admin.token });

  it("are roles without rights, which get some where roles are written", async () => {
    const bob = await create("bob@example.com");
    const made = await make("Line 1", { externalId: "g-1", members: [{ value: bob }] });
    expect([made.status, made.headers.get("location")]).toEqual([
      201,
      `https://edgemend.test${SCIM}/Groups/Line%201`,
    ]);
    expect(made.json()).toMatchObject({ id: "Line 1", externalId: "g-1", members: [{ value: bob }] });
    expect(await rolesOf(bob)).toEqual(["Line 1"]);
    expect((await roleOf("Line%201")).json()).toMatchObject({ permission_sets_with_scope: [] });
    const filter = `filter=${encodeURIComponent('externalId eq "g-1"')}`;
    expect((await call("GET", `/Groups?${filter}`)).json()).toMatchObject({ totalResults: 1 });
    expect((await auditOf("Line 1")).map(({ action, actor_id }) => [action, actor_id])).toEqual([
      ["create", "system"],
    ]);
    for (const taken of ["Line 1", "RBAC_ROLE_OBSERVER"]) {
      const again = await make(taken, { members: [{ value: admin.id }] });
      expect([again.status, again.json()]).toMatchObject([409, errorOf("409", "uniqueness")]);
    }
    expect(await rolesOf(admin.id)).toEqual(["RBAC_ROLE_PERMIT_ALL"]);
    const stranger = await aUser(server, { tenant: "acme", roles: [] });
    expect((await make("Line 2", { members: [{ value: stranger.id }] })).status).toBe(400);
    expect((await roleOf("Line%202")).status).toBe(404);
  });

  it("are renamed, while the role keeps its name; those made here keep theirs", async () => {
    await make("Line 1");
    await make("Line 2");
    const rename = (id: string, value: unknown) =>
      patch(`/Groups/${encodeURIComponent(id)}`, { op: "replace", path: "displayName", value });
    expect((await rename("Line 1", "Hall 1")).json()).toMatchObject({ id: "Line 1", displayName: "Hall 1" });
    const put = await call("PUT", "/Groups/Line%201", { displayName: "Hall 2", externalId: "h" });
    expect(put.json()).toMatchObject({ id: "Line 1", displayName: "Hall 2", externalId: "h", members: [] });
    const filter = `filter=${encodeURIComponent('displayName eq "Hall 2"')}`;
    expect((await call("GET", `/Groups?${filter}`)).json()).toMatchObject({ Resources: [{ id: "Line 1" }] });
    for (const taken of ["Line 2", "RBAC_ROLE_OBSERVER"])
      expect((await rename("Line 1", taken)).json()).toMatchObject(errorOf("409", "uniqueness"));
    expect((await rename("Line 2", "Hall 2")).json()).toMatchObject(errorOf("409", "uniqueness"));
    expect((await rename("RBAC_ROLE_CI", "Other")).json()).toMatchObject(errorOf("400", "mutability"));
    for (const wrong of ["", null, 1, "x\ny", "x".repeat(257)])
      expect([wrong, (await rename("Line 1", wrong)).status]).toEqual([wrong, 400]);
    expect((await call("GET", "/Groups/Line%201")).json()).toMatchObject({ displayName: "Hall 2" });
  });

  it("are removed with what their members had by them; those made here are not", async () => {
    const bob = await create("bob@example.com");
    await make("Line 1", { members: [{ value: bob }] });
    expect((await call("DELETE", "/Groups/Line%201")).status).toBe(204);
    expect((await roleOf("Line%201")).status).toBe(404);
    expect(await rolesOf(bob)).toEqual([]);
    expect((await call("DELETE", "/Groups/Line%201")).status).toBe(404);
    await server.call("POST", "/api/management/v2/useradm/roles", {
      token: admin.token,
      json: { name: "ours", permissions: [] },
    });
    for (const name of ["ours", "RBAC_ROLE_OBSERVER"])
      expect((await call("DELETE", `/Groups/${name}`)).json()).toMatchObject(errorOf("400", "mutability"));
    // Made by hand again, the role is nobody else's to remove.
    await make("Line 1");
    const role = { token: admin.token, json: { name: "Line 1", permissions: [] } };
    await server.call("DELETE", "/api/management/v2/useradm/roles/Line%201", { token: admin.token });
    expect((await server.call("POST", "/api/management/v2/useradm/roles", role)).status).toBe(201);
    expect((await call("DELETE", "/Groups/Line%201")).status).toBe(400);
  });
});

describe("what a provider changes at once", () => {
  it("happens as a whole: members, the name and whether the user is active", async () => {
    const bob = await create("bob@example.com", { externalId: "b" });
    await create("eve@example.com", { externalId: "e" });
    const both = (value: object) => patch(`/Users/${bob}`, { op: "replace", value });
    expect((await both({ userName: "robert@example.com", externalId: "e" })).json()).toMatchObject(
      errorOf("409", "uniqueness"),
    );
    expect((await call("GET", `/Users/${bob}`)).json()).toMatchObject({ userName: "bob@example.com" });
    const done = await both({ userName: "robert@example.com", active: false });
    expect(done.json()).toMatchObject({ userName: "robert@example.com", active: false });
    const second = await aUser(server);
    const admins = (await call("GET", "/Groups/RBAC_ROLE_PERMIT_ALL")).json<{ members: object[] }>().members;
    expect(admins).toHaveLength(2);
    const none = await patch("/Groups/RBAC_ROLE_PERMIT_ALL", {
      op: "replace",
      path: "members",
      value: [{ value: bob }],
    });
    // An administrator who may not sign in is none.
    expect(none.json()).toMatchObject(errorOf("409", "mutability"));
    expect([await rolesOf(bob), await rolesOf(second.id)]).toEqual([[], ["RBAC_ROLE_PERMIT_ALL"]]);
  });

  it("shows in the list of users who may not sign in [differs: user-suspended]", async () => {
    await create("bob@example.com", { active: false });
    const listed = await server.call("GET", `${USERADM}/users`, { token: admin.token });
    const users = listed.json<{ email: string; suspended?: boolean }[]>();
    // Made in one moment, they come in the order of their ids.
    expect(Object.fromEntries(users.map(({ email, suspended }) => [email, suspended]))).toEqual({
      "ada@example.com": undefined,
      "bob@example.com": true,
    });
  });
});

describe("SCIM discovery", () => {
  it("tells what there is", async () => {
    const config = (await call("GET", "/ServiceProviderConfig")).json();
    expect(config).toMatchObject({ patch: { supported: true }, bulk: { supported: false } });
    expect((await call("GET", "/ResourceTypes")).json()).toMatchObject({ totalResults: 2 });
    expect((await call("GET", "/ResourceTypes/Group")).json()).toMatchObject({ endpoint: "/Groups" });
    const [schema] = (await call("GET", "/Schemas")).json<{ Resources: { id: string }[] }>().Resources;
    expect((await call("GET", `/Schemas/${schema!.id}`)).json()).toMatchObject({ id: schema!.id });
    expect((await call("GET", "/Schemas/none")).status).toBe(404);
  });
});
