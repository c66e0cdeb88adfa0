import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { makeGateway } from "../../src/gateway/gateway.ts";
import type { Declaration } from "../../src/platform/app-env.ts";
import { ROLE_PERMISSIONS, type Permission } from "../../src/platform/permissions.ts";
import { BUILT_IN_SETS } from "../../src/useradm/roles/built-in.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { anArtifact as anUpload, upload as uploadTo } from "../support/artifacts.ts";
import { anArtifact, idOf, inInventory, MANAGEMENT } from "../support/deployments.ts";
import { plausible, type Schema, type Schemas } from "../support/hostile-values.ts";
import { env, Server, type Answer } from "../support/server.ts";

const V2 = "/api/management/v2/useradm";
const M1 = "/api/management/v1";
const FORBIDDEN = "403 forbidden by role-based access control";

const app = makeGateway();
const document = app.getOpenAPI31Document({ openapi: "3.1.0", info: { title: "", version: "" } });
const schemas = (document.components?.schemas ?? {}) as Schemas;
interface Operation {
  requestBody?: { content: Record<string, { schema: Schema }> };
}

type UserRoute = Declaration & { access: { caller: "user" } };
const routes = app
  .declarations()
  .filter((route): route is UserRoute => route.access.caller === "user")
  // Reads first, and what removes last: what comes later finds everything in its place.
  .toSorted((a, b) => rank(a) - rank(b));
function rank({ method }: Declaration): number {
  return ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].indexOf(method);
}

const nameOf = ({ method, path }: Declaration) => `${method} ${path}`;
const told = (answer: Answer) =>
  `${answer.status} ${answer.text.startsWith("{") ? String(answer.json().error) : ""}`.trim();

function bodyOf({ method, path }: Declaration): object {
  const described = document.paths?.[path.replaceAll(/:(\w+)/g, "{$1}")] as
    | Record<string, Operation>
    | undefined;
  const schema = described?.[method.toLowerCase()]?.requestBody?.content["application/json"]?.schema;
  return schema ? { json: JSON.parse(plausible(schema, schemas)) as unknown } : {};
}

let server: Server;
let admin: TestUser;

interface Place {
  group: string;
  device: TestDevice;
  deployment: string;
}
let inside: Place;
let outside: Place;

async function place(group: string, { tenant, token } = admin): Promise<Place> {
  const device = await aDevice(server, { tenant });
  await inInventory(server, [device], group);
  const json = { name: group, artifact_name: "release-2" };
  const made = await server.call("POST", `${MANAGEMENT}/group/${group}`, { token, json });
  return { group, device, deployment: idOf(made) };
}

/** A place with a release that has its name for a tag, and with what else paths name. */
interface Stocked extends Place {
  release: string;
  artifact: string;
  /** Ids by the part of a path that is about them. */
  others: readonly (readonly [RegExp, string])[];
}

/** Things of a tenant that belong to no place. */
async function othersOf(group: string, { tenant, token }: TestUser): Promise<Stocked["others"]> {
  const make = async (path: string, json: object) => {
    const made = await server.call("POST", path, { token, json });
    expect([path, made.status]).toEqual([path, 201]);
    return made.headers.get("location")?.split("/").at(-1) ?? "";
  };
  const terms = [{ scope: "inventory", attribute: "mac", type: "$eq", value: "a" }];
  const filter = await make("/api/management/v2/inventory/filters", { name: group, terms });
  const role = `custom-${group}`;
  await make(`${V2}/roles`, { name: role, permissions: [] });
  await make(`${V2}/permission_sets`, { name: role, permissions: [] });
  const user = await aUser(server, { tenant, roles: [] });
  return [
    [/(filters|configurations\/filter)\/:id/, filter],
    [/useradm\/(roles|permission_sets)\/:id/, role],
    [/useradm\/users\/:id/, user.id],
  ];
}

async function stocked(at: Place, by = admin): Promise<Stocked> {
  const release = `release-of-${at.group}`;
  const artifact = idOf(await uploadTo(server, await anUpload({ name: release }), by));
  const tags = `/api/management/v2/deployments/deployments/releases/${release}/tags`;
  expect(told(await server.call("PUT", tags, { token: by.token, json: [at.group] }))).toBe("204");
  return { ...at, release, artifact, others: await othersOf(at.group, by) };
}

const marksOf = ({ device, deployment, release, artifact }: Stocked) => [
  device.id,
  deployment,
  release,
  artifact,
];

/** A call before may have moved it. */
const backInto = ({ group, device }: Place) =>
  env.DB.prepare("UPDATE inventory_devices SET group_name = ? WHERE device_id = ?")
    .bind(group, device.id)
    .run();

async function arrange(): Promise<void> {
  server = await Server.start();
  admin = await aUser(server);
  await anArtifact(server);
  inside = await place("test");
  outside = await place("other");
}

const scope = { type: "DeviceGroups", value: ["test"] };

let roles = 0;
/** A user with sets for the group `test`, or for what else has the name. */
async function scoped(...names: string[]): Promise<TestUser> {
  const name = `role ${roles++}`;
  const made = await server.call("POST", `${V2}/roles`, {
    token: admin.token,
    json: {
      name,
      permission_sets_with_scope: names.map((set) => ({
        name: set,
        scope: { ...scope, type: BUILT_IN_SETS[set]!.scopes![0] },
      })),
    },
  });
  expect(told(made)).toBe("201");
  return aUser(server, { roles: [name] });
}

/** The path with what is in a place. */
const filled = ({ path }: Declaration, at: Place & Partial<Stocked>): string =>
  (at.others ?? [])
    .reduce((text, [about, id]) => text.replace(about, (found) => found.replace(":id", id)), path)
    .replace(/\/groups?\/:name/, (text) => text.replace(":name", at.group))
    .replace(/\/group\/:name/, `/group/${at.group}`)
    .replace(/deployments\/:id/, `deployments/${at.deployment}`)
    .replace(/:device\b/, at.device.id)
    .replace(/:aid\b/, at.device.authSet)
    .replace(/(devices?)\/:id/, `$1/${at.device.id}`)
    .replace(/deployments\/artifacts\/:id/, `deployments/artifacts/${at.artifact}`)
    .replace(/configurations\/group\/:id/, `configurations/group/${at.group}`)
    .replace(":release_name", `${at.release}`);

const urlOf = (route: Declaration, at: Place): string =>
  filled(route, at).replace("*", "any").replaceAll(/:\w+/g, "3f8a1f0e-3f5f-4f0a-9d43-5b1ff4a2b001");

/** Whether all that a path names is in the place. */
const isNaming = (route: Declaration, at: Place): boolean => {
  const path = filled(route, at);
  return path !== route.path && !/[:*]/.test(path);
};

const needsOf = ({ access: { needs } }: UserRoute): readonly Permission[] => {
  if (typeof needs === "function") return ["users:manage"];
  return typeof needs === "string" ? [needs] : needs;
};

const SETS = ["ReadDevices", "ManageDevices", "DeployToDevices", "ConfigureDevices", "ConnectToDevices"];

/** Routes that need more than the permission: a log, a connected device, a query. */
const LACKING =
  /\/(log|log\/explain|delta\/status|state|connect|download|exists|presence|windows|live|attributes\/values)$|configurations\/(group|filter)\/:id$/;

/** What is about the caller's own account or decides who may call anything afterwards: tests of their own. */
const CHANGING_THE_REST =
  /useradm\/(auth|2fa|settings|sso|users\/me|limits)|useradm\/users\/:id\/|tenantadm|consent/;

/** Done where there is nothing to do: what is another's stays, as the last test sees. */
const IDEMPOTENT = /^DELETE |^PUT .*\/status$|\/tags$|^PATCH .*\/groups\/:name\/devices$/;

/** With a body that is made from the schema a write may still be about what is not so: a state, a name, a size. */
const isDone = (route: Declaration, { status }: Answer): boolean =>
  status < 300 ||
  (LACKING.test(route.path) && [400, 404].includes(status)) ||
  (route.method !== "GET" && [400, 404, 409, 415, 422].includes(status));

/** Routes that ask for the right to see the release as well, which no set for devices has. */
const NEEDING_RELEASES = /deployments\/:id\/(retry|revert)$/;

const ROLE_CELLS = [
  "inside",
  "inside 2xx",
  "inside write",
  "foreign",
  "foreign write",
  "list",
  "refused write",
];

const RELEASE_SETS = ["ReadReleases", "ManageReleases"];

describe("every route, by who calls it and where what it names is", () => {
  let places: Record<"inside" | "outside" | "foreign", Stocked>;
  let stranger: TestUser;
  const cells: Record<string, number> = {};
  const count = (cell: string) => (cells[cell] = (cells[cell] ?? 0) + 1);
  const ask = (user: TestUser, route: UserRoute, at: Place, call: object = {}) =>
    server.call(route.method, urlOf(route, at), { token: user.token, ...call });
  const permitted = (permits: "all" | readonly Permission[], route: UserRoute) => {
    const needed = needsOf(route);
    return permits === "all" || needed.some((one) => permits.includes(one));
  };
  const isBasic = (route: UserRoute) => needsOf(route).includes("basic");
  // The second factor of another user is refused in words of its own.
  const isForbidden = (answer: Answer) => [FORBIDDEN, "401 unauthorized"].includes(told(answer));
  /** Of lists about one thing that is not there. */
  const isUnknown = ({ status, text }: Answer) => [400, 404, 409].includes(status) || text === "[]";
  const shows = (answer: Answer, ...hidden: Stocked[]) =>
    hidden.flatMap(marksOf).filter((mark) => answer.text.includes(mark));

  beforeAll(async () => {
    await arrange();
    stranger = await aUser(server, { tenant: "elsewhere" });
    await anArtifact(server, { tenant: stranger.tenant });
    places = {
      inside: await stocked(inside),
      outside: await stocked(outside),
      foreign: await stocked(await place("foreign", stranger), stranger),
    };
  });

  it("as a built-in role allows: 2xx in the tenant, 403 for the rest, 404 for what is another's, nothing of it in lists", async () => {
    const wrong: string[] = [];
    for (const [role, permits] of Object.entries(ROLE_PERMISSIONS)) {
      const user = await aUser(server, { roles: [role] });
      // Writes of one role leave nothing in its place for the next.
      const own = await stocked(await place(role.toLowerCase().replaceAll("_", "-")));
      for (const route of routes) {
        if (isBasic(route) || CHANGING_THE_REST.test(route.path)) continue;
        const allowed = permitted(permits, route);
        for (const at of [own, places.foreign]) {
          const naming = isNaming(route, at);
          if (!naming && (at === places.foreign || /[:*]/.test(route.path))) continue;
          const answer = await ask(user, route, at, allowed ? bodyOf(route) : {});
          const where = at === own ? (naming ? "inside" : "list") : "foreign";
          count(`role ${allowed ? where : "refused"}${route.method === "GET" ? "" : " write"}`);
          if (allowed && answer.status < 300) count(`role ${where} 2xx`);
          const isRight = !allowed
            ? isForbidden(answer)
            : at === own
              ? isDone(route, answer)
              : isUnknown(answer) || IDEMPOTENT.test(nameOf(route));
          if (!isRight || (!naming && shows(answer, places.foreign).length > 0))
            wrong.push(`${role} ${where}: ${nameOf(route)}: ${told(answer)}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it("for releases of a tag: 404 for others, also those of another tenant", async () => {
    const wrong: string[] = [];
    for (const set of RELEASE_SETS) {
      const user = await scoped(set);
      for (const at of [places.foreign, places.outside, places.inside])
        for (const route of routes) {
          if (isBasic(route)) continue;
          const refused = !permitted(BUILT_IN_SETS[set]!.permits, route) || route.access.bounds === undefined;
          const naming = isNaming(route, at);
          if ((refused || !naming) && at !== places.inside) continue;
          if (!refused && !naming && route.method !== "GET") continue; // the query names: a test of its own
          const answer = await ask(user, route, at, refused ? {} : bodyOf(route));
          count(`tag ${refused ? "closed" : naming ? at.group : "list"}`);
          const isRight = refused
            ? isForbidden(answer)
            : naming && at !== places.inside
              ? answer.status === 404
              : answer.status < 300 || answer.status === 400;
          if (!isRight || (!refused && !naming && shows(answer, places.outside, places.foreign).length > 0))
            wrong.push(`${set} ${at.group}: ${nameOf(route)}: ${told(answer)}`);
        }
    }
    expect(wrong).toEqual([]);
  });

  it("for devices of a group: 403 for others, and no route forgets to ask [differs: scoped-closed]", async () => {
    const wrong: string[] = [];
    for (const set of SETS) {
      const user = await scoped(set);
      for (const at of [places.foreign, places.outside, places.inside])
        for (const route of routes) {
          if (isBasic(route)) continue;
          const { bounds } = route.access;
          const closed = !permitted(BUILT_IN_SETS[set]!.permits, route) || bounds === undefined;
          const names = typeof bounds === "object";
          if ((closed || !names) && at !== places.inside) continue;
          if (!closed && !names && route.method !== "GET") continue; // the body decides: tests of their own
          if (!closed && at !== places.foreign) await backInto(at);
          const answer = await ask(user, route, at, closed ? {} : bodyOf(route));
          count(`group ${closed ? "closed" : names ? at.group : "list"}`);
          // A group is known by its name alone; what else is another tenant's is nowhere, for such users too.
          const isOut = at === places.outside || (at === places.foreign && names && "group" in bounds);
          const refused = closed || (names && isOut);
          const bodyFirst = refused && !closed && answer.status === 400;
          if (NEEDING_RELEASES.test(route.path) && isForbidden(answer)) continue;
          const isFound = !refused && at === places.foreign && route.method === "GET" && !isUnknown(answer);
          if ((isForbidden(answer) !== refused && !bodyFirst) || isFound || answer.status >= 500)
            wrong.push(`${set} ${at.group}: ${nameOf(route)} (${JSON.stringify(bounds)}): ${told(answer)}`);
          if (!closed && !names && shows(answer, places.outside, places.foreign).length > 0)
            wrong.push(`${set}: ${nameOf(route)} shows what is out of reach`);
        }
    }
    expect(wrong).toEqual([]);
  });

  it("was asked in so many cells, and left what is another tenant's as it was", async () => {
    console.log(`${routes.length} routes: ${JSON.stringify(cells)}`);
    const kinds = { group: ["test", "foreign", "list"], tag: ["test", "foreign", "list"], role: ROLE_CELLS };
    for (const [kind, all] of Object.entries(kinds))
      for (const at of all) expect([kind, at, cells[`${kind} ${at}`]! > 5]).toEqual([kind, at, true]);
    const { device, deployment, artifact, others } = places.foreign;
    const [[, filter] = [], [, role] = [], [, user] = []] = others;
    for (const path of [
      `${M1}/inventory/devices/${device.id}`,
      `${M1}/deployments/deployments/${deployment}`,
      `${M1}/deployments/artifacts/${artifact}`,
      `${M1}/useradm/users/${user}`,
      `/api/management/v2/inventory/filters/${filter}`,
      `${V2}/roles/${role}`,
      `${V2}/permission_sets/${role}`,
    ])
      expect([path, (await server.call("GET", path, { token: stranger.token })).status]).toEqual([path, 200]);
  });
});

describe("lists and numbers", () => {
  beforeEach(arrange);

  const get = async (user: TestUser, path: string) => server.call("GET", path, { token: user.token });
  const post = async (user: TestUser, path: string, json: object) =>
    server.call("POST", path, { token: user.token, json });
  const ids = (answer: Answer, key = "id") => answer.json<Record<string, string>[]>().map((one) => one[key]);

  it("of devices hold those of the group only, and their totals", async () => {
    const user = await scoped("ReadDevices");
    const mine = [inside.device.id];
    const list = await get(user, `${M1}/inventory/devices`);
    expect([ids(list), list.headers.get("x-total-count")]).toEqual([mine, "1"]);
    const search = await post(user, "/api/management/v2/inventory/filters/search", { page: 1, per_page: 20 });
    expect([ids(search), search.headers.get("x-total-count")]).toEqual([mine, "1"]);
    const other = { filters: [{ scope: "system", attribute: "group", type: "$eq", value: "other" }] };
    const wider = await post(user, "/api/management/v2/inventory/filters/search", {
      page: 1,
      per_page: 20,
      ...other,
    });
    expect([ids(wider), wider.headers.get("x-total-count")]).toEqual([[], "0"]);
    const named = { page: 1, per_page: 20, device_ids: [outside.device.id] };
    expect(ids(await post(user, "/api/management/v2/inventory/filters/search", named))).toEqual([]);
    expect(ids(await get(user, "/api/management/v2/devauth/devices"))).toEqual(mine);
    const asked = { id: [outside.device.id, inside.device.id] };
    expect(ids(await post(user, "/api/management/v2/devauth/devices/search", asked))).toEqual(mine);
    expect((await get(user, "/api/management/v2/devauth/devices/count")).json()).toEqual({ count: 1 });
    expect((await get(user, `${M1}/inventory/groups`)).json()).toEqual(["test"]);
    const statistics = await get(user, "/api/management/v2/inventory/statistics");
    expect(statistics.json()).toMatchObject({ devices_by_status: { accepted: { standard: 1 } } });
    const reported = await post(user, `${M1}/reporting/devices/search`, {});
    expect([ids(reported), reported.headers.get("x-total-count")]).toEqual([mine, "1"]);
    const reporting = (name: string, device: TestDevice) =>
      server.call("PATCH", "/api/devices/v1/inventory/device/attributes", {
        token: device.token,
        json: [{ name, value: "x" }],
      });
    await reporting("mine", inside.device);
    await reporting("theirs", outside.device);
    for (const path of [
      "/api/management/v2/inventory/filters/attributes",
      `${M1}/reporting/devices/search/attributes`,
    ]) {
      const known = ids(await get(user, path), "name");
      expect([known.includes("mine"), known.includes("theirs")]).toEqual([true, false]);
      expect(known).toContain("group");
    }
    const table = await post(user, "/api/management/v2/inventory/filters/search/export", {});
    const [heading, ...lines] = table.text.trimEnd().split("\r\n");
    expect([heading!.includes("mine"), heading!.includes("theirs"), lines.length]).toEqual([true, false, 1]);
    const seen = await get(user, `${M1}/inventory/presence?id=${inside.device.id}&id=${outside.device.id}`);
    expect(seen.status).toBe(200);
    expect(ids(seen)).not.toContain(outside.device.id);
    const aggregations = [{ name: "g", scope: "system", attribute: "group" }];
    const counted = await post(user, `${M1}/reporting/devices/aggregate`, { aggregations });
    expect(counted.json()).toEqual([{ name: "g", items: [{ key: "test", count: 1 }], other_count: 0 }]);
  });

  it("of deployments hold those for the group, or for one of its devices", async () => {
    const user = await scoped("ReadDevices");
    const single = async (name: string, ...devices: string[]) =>
      idOf(await post(admin, MANAGEMENT, { name, artifact_name: "release-2", devices }));
    const mine = await single("mine", inside.device.id);
    const both = await single("both", inside.device.id, outside.device.id);
    await single("theirs", outside.device.id);
    for (const version of ["v1", "v2"]) {
      const list = await get(user, `/api/management/${version}/deployments/deployments`);
      expect([new Set(ids(list)), list.headers.get("x-total-count")]).toEqual([
        new Set([inside.deployment, mine]),
        "2",
      ]);
    }
    expect(told(await get(user, `${M1}/deployments/deployments/${both}`))).toBe(FORBIDDEN);
    const statistics = await post(user, `${M1}/deployments/deployments/statistics/list`, {
      deployment_ids: [inside.deployment, outside.deployment],
    });
    expect(ids(statistics)).toEqual([inside.deployment]);
    // The group counts in which the device is now.
    await server.call("PUT", `${M1}/inventory/devices/${inside.device.id}/group`, {
      token: admin.token,
      json: { group: "other" },
    });
    expect(told(await get(user, `${M1}/deployments/deployments/${mine}`))).toBe(FORBIDDEN);
  });
});

describe("what a scoped user does", () => {
  beforeEach(arrange);
  const call = (user: TestUser, method: string, path: string, json: object) =>
    server.call(method, path, { token: user.token, json });

  it("may take a device out of reach, and not bring one within it", async () => {
    const user = await scoped("ReadDevices", "ManageDevices");
    const group = (device: TestDevice, name: string) =>
      call(user, "PUT", `${M1}/inventory/devices/${device.id}/group`, { group: name });
    expect(told(await group(outside.device, "test"))).toBe(FORBIDDEN);
    const fill = await call(user, "PATCH", `${M1}/inventory/groups/test/devices`, [outside.device.id]);
    expect(told(fill)).toBe(FORBIDDEN);
    expect(told(await group(inside.device, "other"))).toBe("204");
    const path = `${M1}/inventory/devices/${inside.device.id}`;
    expect(told(await server.call("GET", path, { token: user.token }))).toBe(FORBIDDEN);
  });

  it("deploys to the group or to devices of it, and a release that it sees", async () => {
    const name = "deployer";
    const set = (one: string) => ({ name: one, scope });
    const json = { name, permission_sets_with_scope: [set("DeployToDevices"), { name: "ReadReleases" }] };
    await call(admin, "POST", `${V2}/roles`, json);
    const user = await aUser(server, { roles: [name] });
    const path = `${M1}/deployments/deployments`;
    let made = 0;
    const to = async (rest: object, by = user, at = path) =>
      told(await call(by, "POST", at, { name: `d${made++}`, artifact_name: "release-2", ...rest }));
    const [mine, theirs] = [inside.device.id, outside.device.id];
    expect(await to({ devices: [mine] })).toBe("201");
    expect(await to({ devices: [theirs] })).toBe(FORBIDDEN);
    expect(await to({ devices: [mine, theirs] })).toBe(FORBIDDEN);
    const second = await aDevice(server);
    await inInventory(server, [second], "test");
    expect(await to({ devices: [mine, second.id] })).toBe("201");
    expect(await to({ all_devices: true })).toBe(FORBIDDEN);
    expect(await to({ retries: 1 }, user, `${path}/group/test`)).toBe("201");
    expect(await to({ retries: 2 }, user, `${path}/group/other`)).toBe(FORBIDDEN);
    const blind = await scoped("DeployToDevices");
    expect(await to({ devices: [mine] }, blind)).toBe(FORBIDDEN);
  });

  it("is confined by a permission of the older form, whatever its other roles", async () => {
    await call(admin, "POST", `${M1}/useradm/roles`, {
      name: "confined",
      permissions: [{ action: "VIEW_DEVICE", object: { type: "DEVICE_GROUP", value: "test" } }],
    });
    const user = await aUser(server, { roles: ["RBAC_ROLE_PERMIT_ALL", "confined"] });
    const configure = (device: TestDevice) =>
      call(user, "PUT", `${M1}/deviceconfig/configurations/device/${device.id}`, { key: "value" });
    expect(told(await configure(inside.device))).toBe("204");
    expect(told(await configure(outside.device))).toBe(FORBIDDEN);
    const users = await server.call("GET", `${M1}/useradm/users`, { token: user.token });
    expect(users.status).toBe(200);
  });
});

describe("a user whose sets are for releases with a tag", () => {
  const RELEASES = "/api/management/v2/deployments/deployments/releases";
  const ARTIFACTS = `${M1}/deployments/artifacts`;

  it("sees and manages these, and knows no others", async () => {
    server = await Server.start();
    admin = await aUser(server);
    const [mine, theirs] = [await upload("foo"), await upload("other", "script")];
    const tag = (name: string, by: TestUser, ...tags: string[]) =>
      server.call("PUT", `${RELEASES}/${name}/tags`, { token: by.token, json: tags });
    expect(told(await tag("foo", admin, "foo", "bar"))).toBe("204");
    expect(told(await tag("other", admin, "other"))).toBe("204");
    const name = "tagged";
    const tagged = { type: "ReleaseTags", value: ["foo"] };
    await server.call("POST", `${V2}/roles`, {
      token: admin.token,
      json: { name, permission_sets_with_scope: [{ name: "ManageReleases", scope: tagged }] },
    });
    const user = await aUser(server, { roles: [name] });
    const call = (method: string, path: string, json?: unknown) =>
      server.call(method, path, json === undefined ? { token: user.token } : { token: user.token, json });
    const names = async (path: string, key = "name") => {
      const answer = await call("GET", path);
      return [
        answer.json<Record<string, string>[]>().map((one) => one[key]),
        answer.headers.get("x-total-count"),
      ];
    };
    expect(await names(RELEASES)).toEqual([["foo"], "1"]);
    expect(await names(`${ARTIFACTS}/list`)).toEqual([["foo"], "1"]);
    expect((await names(ARTIFACTS))[0]).toEqual(["foo"]);
    const tags = await call("GET", "/api/management/v2/deployments/releases/all/tags");
    expect(tags.json()).toEqual(["bar", "foo"]);
    const types = await call("GET", "/api/management/v2/deployments/releases/all/types");
    expect(types.json()).toEqual(["single-file"]);
    const unknown = "404 Resource not found";
    expect(told(await call("GET", `${ARTIFACTS}/${theirs}`))).toBe(unknown);
    expect(told(await call("GET", `${ARTIFACTS}/${theirs}/download`))).toBe(unknown);
    expect(told(await call("PUT", `${ARTIFACTS}/${theirs}`, { description: "x" }))).toBe(unknown);
    expect(told(await call("DELETE", `${ARTIFACTS}/${theirs}`))).toBe(unknown);
    expect((await call("GET", `${ARTIFACTS}/${mine}`)).status).toBe(200);
    expect(told(await call("PUT", `${ARTIFACTS}/${mine}`, { description: "x" }))).toBe("204");
    expect(told(await call("GET", `${RELEASES}/other`))).toBe("404 release not found");
    expect(told(await call("PATCH", `${RELEASES}/other`, { notes: "x" }))).toBe("404 release not found");
    expect(told(await call("PATCH", `${RELEASES}/foo`, { notes: "x" }))).toBe("204");
    expect(told(await tag("foo", user, "mine"))).toBe(FORBIDDEN);
    expect(told(await call("POST", ARTIFACTS, {}))).toBe(FORBIDDEN);
    expect(told(await call("DELETE", `${RELEASES}?name=foo&name=other`))).toBe("204");
    const left = await server.call("GET", RELEASES, { token: admin.token });
    expect(left.json<{ name: string }[]>().map((one) => one.name)).toEqual(["other"]);
  });

  const upload = async (name: string, payloadType = "single-file") =>
    idOf(await uploadTo(server, await anUpload({ name, payloadType }), admin));
});
