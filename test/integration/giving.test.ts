import { beforeEach, describe, expect, it } from "vitest";
import { aUser, type TestUser } from "../support/actors.ts";
import { refusal, rowsOf } from "../support/answers.ts";
import { Server } from "../support/server.ts";

const V1 = "/api/management/v1/useradm";
const V2 = "/api/management/v2/useradm";
const BEYOND = [403, "forbidden: nobody gives, or takes over, rights that they do not have themselves"];
const ADMIN = "RBAC_ROLE_PERMIT_ALL";

type Grant = readonly [set: string, ...groups: string[]];
const roleOf = (name: string, ...grants: Grant[]) => ({
  name,
  permission_sets_with_scope: grants.map(([set, ...groups]) => ({
    name: set,
    ...(groups.length > 0 && { scope: { type: "DeviceGroups", value: groups } }),
  })),
});
const SERVER = {
  issuer: "https://id.example.com",
  authorization_endpoint: "https://id.example.com/auth",
  token_endpoint: "https://id.example.com/token",
  jwks_uri: "https://id.example.com/jwks",
};
const http = (value: string, type = "any") => [{ action: "http", object: { type, value } }];
const confining = (name: string, ...groups: string[]) => ({
  name,
  permissions: groups.map((value) => ({ action: "VIEW_DEVICE", object: { type: "DEVICE_GROUP", value } })),
});

let server: Server;
let admin: TestUser;
/** Manages users, sees the devices of two groups, and may do what one permission set names. */
let manager: TestUser;

const call = async (by: TestUser, method: string, path: string, json?: unknown) => {
  const answer = await server.call(method, path, { token: by.token, ...(json !== undefined && { json }) });
  return answer.status < 300 ? answer.status : refusal(answer);
};
const make = async (role: { name: string }) =>
  expect(await call(admin, "POST", `${V2}/roles`, role)).toBe(201);
const rolesOf = async ({ id }: TestUser) =>
  (await server.call("GET", `${V1}/users/${id}`, { token: admin.token })).json<{ roles: string[] }>().roles;
const give = (by: TestUser, to: TestUser, ...roles: string[]) =>
  call(by, "PUT", `${V1}/users/${to.id}`, { roles });

beforeEach(async () => {
  server = await Server.start();
  admin = await aUser(server);
  const looks = { name: "looks", permissions: http("^/api/management/v1/reporting/", "GET") };
  expect(await call(admin, "POST", `${V2}/permission_sets`, looks)).toBe(201);
  await make(roleOf("manager", ["ManageUsers"], ["ReadDevices", "a", "b"], ["looks"]));
  await make(roleOf("less", ["ReadDevices", "a"], ["ReadUsers"], ["looks"]));
  await make(roleOf("wider", ["ReadDevices", "a", "c"]));
  await make(roleOf("other", ["ConnectToDevices", "a"]));
  manager = await aUser(server, { roles: ["manager"] });
});

describe("who manages users and has not all rights [differs: rights-given]", () => {
  it("gives no user, and not itself, more than it has", async () => {
    const user = await aUser(server, { roles: [] });
    for (const to of [user, manager])
      for (const role of [ADMIN, "RBAC_ROLE_OBSERVER", "wider", "other"])
        expect([role, await give(manager, to, "manager", role)]).toEqual([role, BEYOND]);
    expect(await rolesOf(user)).toEqual([]);
    expect(await give(manager, user, "less", "manager")).toBe(204);

    const created = (rest: object) =>
      call(manager, "POST", `${V1}/users`, {
        email: "new@example.com",
        password: "a long password",
        ...rest,
      });
    expect(await created({})).toEqual(BEYOND);
    expect(await created({ roles: ["less", "other"] })).toEqual(BEYOND);
    const invited = { email: "new@example.com", send_reset_password: true };
    expect(await call(manager, "POST", `${V1}/users`, invited)).toEqual(BEYOND);
    expect(await created({ roles: ["nothing"] })).toEqual([400, "roles: must be roles that exist."]);
    expect(await rowsOf("SELECT 1 FROM users WHERE email = 'new@example.com'")).toEqual([]);
    expect(await created({ roles: ["less"] })).toBe(201);
  });

  it("may take rights, and leave those that a user has from others", async () => {
    const user = await aUser(server, { roles: ["wider", "other"] });
    expect(await give(manager, user, "wider", "other", "less")).toBe(204);
    expect(await give(manager, user, "less")).toBe(204);
    expect(await give(manager, user, "less", "other")).toEqual(BEYOND);
    expect(await give(manager, admin, "less")).toEqual([
      422,
      "the last administrator must keep all permissions",
    ]);
    expect(await give(admin, user, ADMIN)).toBe(204);
  });

  it("does not get at the account of somebody with more, by its address", async () => {
    const email = (to: TestUser) =>
      call(manager, "PUT", `${V1}/users/${to.id}`, { email: `${to.id}@mine.example.com` });
    expect(await email(admin)).toEqual(BEYOND);
    expect(await email(await aUser(server, { roles: ["other"] }))).toEqual(BEYOND);
    expect(await email(await aUser(server, { roles: ["less"] }))).toBe(204);
  });

  it("invites no guest with more", async () => {
    const [guest, tenant] = [await aUser(server, { tenant: "home" }), "default"];
    const assign = (rest: object) =>
      call(manager, "POST", `${V1}/users/${guest.id}/assign`, { tenant_ids: [tenant], ...rest });
    expect(await assign({})).toEqual(BEYOND);
    expect(await assign({ role: ADMIN })).toEqual(BEYOND);
    expect(await assign({ role: "less" })).toBe(200);
    expect(await give(manager, guest, "less", "other")).toEqual(BEYOND);
    expect(await give(manager, guest, "manager")).toBe(204);
    expect(await rolesOf(guest)).toEqual(["manager"]);
  });

  it("writes no role and no permission set that holds more", async () => {
    for (const path of [`${V1}/roles`, `${V2}/roles`]) {
      const own = `${path}/manager`;
      expect(await call(manager, "PUT", own, roleOf("manager", ["SuperUser"]))).toEqual(BEYOND);
      expect(await call(manager, "POST", path, roleOf("mine", ["ReadDevices"]))).toEqual(BEYOND);
      expect(await call(manager, "POST", path, { name: "mine", permissions: http("/") })).toEqual(BEYOND);
      const all = [{ action: "any", object: { type: "any", value: "any" } }];
      expect(await call(manager, "POST", path, { name: "mine", permissions: all })).toEqual(BEYOND);
    }
    const roles = `${V2}/roles`;
    expect(await call(manager, "POST", roles, roleOf("mine", ["ReadDevices", "b"], ["looks"]))).toBe(201);
    expect(await call(manager, "PUT", `${roles}/mine`, roleOf("mine", ["ReadDevices", "b", "c"]))).toEqual(
      BEYOND,
    );
    expect(await call(manager, "DELETE", `${roles}/mine`)).toBe(204);

    const sets = `${V2}/permission_sets`;
    const looks = (...permissions: object[]) => ({ name: "looks", permissions });
    const [known] = http("^/api/management/v1/reporting/", "GET");
    const [wider] = http("^/api/management/v1/reporting/");
    expect(await call(manager, "PUT", `${sets}/looks`, looks(known!, wider!))).toEqual(BEYOND);
    expect(await call(manager, "POST", sets, { ...looks(wider!), name: "own" })).toEqual(BEYOND);
    expect(await call(manager, "POST", sets, { ...looks(known!), name: "own" })).toBe(201);
    expect(await call(manager, "PUT", `${sets}/looks`, looks())).toBe(200);
    // What is gone from the set is nobody's to give any more.
    expect(await call(manager, "PUT", `${sets}/looks`, looks(known!))).toEqual(BEYOND);
  });

  it("widens what somebody reads of the audit log by no role that it weakens", async () => {
    const all = [{ action: "any", object: { type: "any", value: "any" } }];
    const some = { name: "some", permissions: all, supported_scope_types: ["DeviceGroups"] };
    expect(await call(admin, "POST", `${V2}/permission_sets`, some)).toBe(201);
    await make(roleOf("auditor", ["ReadAuditLogs"]));
    await make(roleOf("part", ["some", "a"]));
    const friend = await aUser(server, { roles: ["auditor", "less"] });
    await aUser(server, { roles: ["auditor", "part"] });
    const roles = `${V2}/roles`;
    expect(await give(manager, friend, "auditor")).toEqual(BEYOND);
    expect(await call(manager, "DELETE", `${roles}/less`)).toEqual(BEYOND);
    for (const path of [`${V1}/roles`, roles])
      expect(await call(manager, "PUT", `${path}/less`, roleOf("less", ["ReadUsers"]))).toEqual(BEYOND);
    expect(await call(manager, "PUT", `${roles}/less`, roleOf("less", ["ReadDevices", "a", "b"]))).toEqual(
      BEYOND,
    );
    expect(await call(manager, "DELETE", `${V2}/permission_sets/some`)).toEqual(BEYOND);
    expect(await call(manager, "PUT", `${V2}/permission_sets/some`, { ...some, permissions: [] })).toEqual(
      BEYOND,
    );
    expect(await call(manager, "PUT", `${roles}/less`, roleOf("less", ["ReadDevices", "a"]))).toBe(200);
    expect(await give(admin, friend, "less")).toBe(204);
    expect(await call(manager, "DELETE", `${roles}/less`)).toBe(204);
  });

  it("makes no token by which a provider gives any role", async () => {
    const path = `${V1}/settings/scim/tokens`;
    const told = "forbidden: making a token that gives any role takes all permissions, for everything";
    expect(await call(manager, "POST", path, { name: "mine" })).toEqual([403, told]);
    expect(await call(admin, "POST", path, { name: "ours" })).toBe(201);
  });

  it("names nobody who vouches for users, although an expression opens the address", async () => {
    const permissions = http("^/api/management/v1/useradm/");
    await call(admin, "POST", `${V2}/permission_sets`, { name: "useradm", permissions });
    await make(roleOf("by address", ["useradm"]));
    const user = await aUser(server, { roles: ["by address"] });
    const told =
      "forbidden: naming who vouches for users, and with which roles, takes all permissions, for everything";
    const id = "3f8a1f0e-3f5f-4f0a-9d43-5b1ff4a2b001";
    const path = `${V1}/sso/idp/metadata`;
    const document = { name: "mine", client_id: "x", settings: SERVER };
    for (const [method, rest, json] of [
      ["POST", "", document],
      ["PUT", `/${id}`, document],
      ["PUT", `/${id}/mapping`, { create_users: true, default_roles: [ADMIN] }],
    ] as const)
      expect([method, await call(user, method, path + rest, json)]).toEqual([method, [403, told]]);
    // The expression lets it manage users at these addresses, which is not the permission to do so anywhere.
    const another = await aUser(server, { roles: [] });
    expect(await give(user, another, "manager")).toEqual(BEYOND);
    expect(await give(user, another, "by address")).toBe(204);
  });
});

it("whoever is confined by a role of the older form does not free itself", async () => {
  await make(confining("confined", "a"));
  const user = await aUser(server, { roles: [ADMIN, "confined"] });
  const told = "forbidden: a role that confines users to some devices takes all permissions, for everything";
  for (const roles of [[ADMIN], [ADMIN, "confined", "wider"], ["RBAC_ROLE_OBSERVER"]])
    expect([roles, await give(user, user, ...roles)]).toEqual([
      roles,
      roles.includes("wider") ? 204 : BEYOND,
    ]);
  for (const version of [V1, V2]) {
    const path = `${version}/roles/confined`;
    expect(await call(user, "DELETE", path)).toEqual([403, told]);
    for (const role of [{ name: "confined" }, confining("confined", "a", "b")])
      expect(await call(user, "PUT", path, role)).toEqual([403, told]);
  }
  expect(await call(user, "POST", `${V2}/roles`, confining("another", "b"))).toEqual([403, told]);
  expect(await call(admin, "DELETE", `${V2}/roles/confined`)).toBe(204);
});
