import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fieldOf } from "../../src/deployments/store/report-fields.ts";
import { STATUSES } from "../../src/deployments/status.ts";
import {
  countExamined,
  countOfDevices,
  reportBuckets,
  reportPage,
  reportTotal,
  survey,
  surveyDevices,
  type Scope,
} from "../../src/deployments/store/device-status-history.ts";
import type { Statement } from "../../src/platform/database.ts";
import { DEFAULT_TENANT, newId } from "../../src/platform/ids.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { anArtifact, deploy, MANAGEMENT, poll, report } from "../support/deployments.ts";
import { env, Server, type Answer } from "../support/server.ts";

const BASE = "/api/management/v1/reporting/deployments/devices";

interface Shown extends Record<string, unknown> {
  id: string;
  device_id: string;
}

let server: Server;
let user: TestUser;

const start = async () => {
  server = await Server.start();
  user = await aUser(server);
};

const search = (json: unknown, token = user.token) => server.call("POST", `${BASE}/search`, { token, json });
const aggregate = (json: unknown, token = user.token) =>
  server.call("POST", `${BASE}/aggregate`, { token, json });

const shown = (answer: Answer): Shown[] => {
  expect(answer.status, answer.text).toBe(200);
  return answer.json<Shown[]>();
};
const where = (attribute: string, type: string, value: unknown) => ({ attribute, type, value });
const by = (attribute: string, more: object = {}) => ({ name: attribute, attribute, ...more });

const devices = (count: number, tenant = "default"): Promise<TestDevice[]> =>
  Promise.all(Array.from({ length: count }, () => aDevice(server, { tenant })));

describe("a device in a deployment", () => {
  beforeEach(start);

  it("is shown with its deployment and its artifact [differs: deployments-attributes]", async () => {
    const artifact = await anArtifact(server, { depends: { checksum: "x" } });
    const [device] = await devices(1);
    const id = await deploy(server, user, [device!], { name: "first", force_installation: true });
    const created = new Date(server.now).toISOString();
    await poll(server, device!, { checksum: "x" });
    server.advance(90_500);
    await report(server, device!, id, "success");
    expect(shown(await search({}))).toEqual([
      {
        id: id + device!.id,
        tenant_id: "default",
        device_id: device!.id,
        deployment_id: id,
        deployment_name: "first",
        deployment_artifact_name: "release-2",
        deployment_type: "software",
        deployment_created: created,
        deployment_all_devices: false,
        deployment_force_installation: true,
        deployment_phased: false,
        deployment_retries: 0,
        deployment_max_devices: 1,
        deployment_autogenerate_deta: false,
        device_created: created,
        device_finished: new Date(server.now).toISOString(),
        device_elapsed_seconds: 90,
        device_status: "success",
        device_is_log_available: false,
        device_retries: 0,
        device_attempts: expect.any(Number),
        image_id: artifact,
        image_artifact_name: "release-2",
        image_device_types: ["pi4"],
        image_signed: false,
        image_artifact_info_format: "mender",
        image_artifact_info_version: 3,
        image_provides: { artifact_name: "release-2" },
        image_depends: { checksum: "x", device_type: ["pi4"] },
        image_size: 1000,
      },
    ]);
    const chosen = await search({ attributes: [{ attribute: "device_status" }, { attribute: "nothing" }] });
    expect(chosen.json()).toEqual([{ id: id + device!.id, device_status: "success" }]);
  });

  it("appears with its first check and at once, and is aborted with the deployment [differs: reports-at-once]", async () => {
    await anArtifact(server);
    const two = await devices(2);
    const id = await deploy(server, user, two);
    expect(shown(await search({}))).toEqual([]);
    await poll(server, two[0]!);
    const states = async (...filters: unknown[]) =>
      shown(await search({ filters })).map(({ device_status }) => device_status);
    expect(await states()).toEqual(["pending"]);
    await server.call("PUT", `${MANAGEMENT}/${id}/status`, {
      token: user.token,
      json: { status: "aborted" },
    });
    expect(await states()).toEqual(["aborted"]);
    expect(await states(where("device_status", "$eq", "aborted"))).toEqual(["aborted"]);
    expect(await states(where("device_status", "$eq", "pending"))).toEqual([]);
    // A job has yet to write that into the rows of a large deployment.
    await env.DB.prepare("UPDATE device_deployments SET active = 1, status = 2304 WHERE active = 0").run();
    expect(await states()).toEqual(["aborted"]);
    expect(await states(where("device_status", "$in", ["aborted", "success"]))).toEqual(["aborted"]);
    expect(await states(where("device_status", "$eq", "pending"))).toEqual([]);
  });

  it("comes by page, with one Link header of this service's form", async () => {
    await anArtifact(server);
    const five = await devices(5);
    await deploy(server, user, five);
    for (const device of five) await poll(server, device);
    const page = async (number: number, sort: unknown[] = []) => {
      const answer = await search({ page: number, per_page: 2, sort });
      expect(answer.headers.get("x-total-count")).toBe("5");
      return { link: answer.headers.get("link"), ids: shown(answer).map(({ device_id }) => device_id) };
    };
    const of = (number: number, rel: string) => `<${BASE}/search?page=${number}&per_page=2>;rel="${rel}"`;
    const pages = [await page(1), await page(2), await page(3), await page(4)];
    const ids = five.map(({ id }) => id).toSorted();
    expect(pages.flatMap((one) => one.ids)).toEqual(ids);
    expect(pages[1]!.link).toBe([of(1, "first"), of(1, "previous"), of(3, "next")].join(", "));
    const last = await page(3, [{ attribute: "device_id", order: "desc" }]);
    expect(last.ids).toEqual(ids.slice(0, 1));
  });
});

const WORDS = ["one", "two", "two-b", "release-2", "success", "failure", "pending", "pi4", "pi5", ""];

/** Deployments in all states, of three devices each, two of them with another artifact. */
async function furnish(): Promise<TestDevice[]> {
  await anArtifact(server, { deviceTypes: ["pi4"], size: 10 });
  await anArtifact(server, { deviceTypes: ["pi5", "pi6"], size: 20 });
  const fleet = await devices(4);
  for (const [i, name] of ["one", "two", "two", "two-b"].entries()) {
    const id = await deploy(server, user, fleet.slice(i % 2, 3 + (i % 2)), {
      name,
      force_installation: true,
    });
    server.advance(60_000);
    for (const [j, device] of fleet.entries()) {
      const type = i === 1 ? "pi9" : j < 2 ? "pi4" : "pi5";
      await poll(server, device, { device_type: type });
      // Whoever is in the middle of a deployment is not given another.
      const status = i < 3 ? ["success", "failure"][(i + j) % 2] : [undefined, "downloading"][j % 2];
      if (status) await report(server, device, id, status);
      server.advance(1_000);
    }
  }
  return fleet;
}

/** How a condition reads on the document that is shown. */
function holds(document: Shown, { attribute, type, value }: ReturnType<typeof where>): boolean {
  const field = document[attribute] ?? (attribute === "deployment_groups" ? [] : undefined);
  const present = field !== undefined && field !== "" && !(Array.isArray(field) && field.length === 0);
  const members = !present ? [] : Array.isArray(field) ? (field as unknown[]) : [field];
  const any = (test: (member: unknown) => boolean) => members.some(test);
  const sameType = (member: unknown) => typeof member === typeof value && typeof value !== "boolean";
  switch (type) {
    case "$eq":
      return any((member) => member === value);
    case "$ne":
      return !any((member) => member === value);
    case "$in":
      return any((member) => (value as unknown[]).includes(member));
    case "$nin":
      return !any((member) => (value as unknown[]).includes(member));
    case "$exists":
      return present === value;
    case "$regex":
      return any((member) => typeof member === "string" && new RegExp(`^(?:${String(value)})$`).test(member));
    default:
      return any((member) => {
        if (!sameType(member)) return false;
        const [a, b] = [member as string, value as string];
        if (a === b) return type === "$gte" || type === "$lte";
        return type.startsWith("$g") === a > b;
      });
  }
}

describe("a search of devices in deployments", () => {
  let everything: Shown[];
  let fleet: TestDevice[];
  beforeAll(async () => {
    await start();
    fleet = await furnish();
    everything = shown(await search({ per_page: 500 }));
  });

  const attribute = fc.constantFrom(
    "deployment_name",
    "deployment_artifact_name",
    "deployment_type",
    "deployment_force_installation",
    "deployment_max_devices",
    "deployment_groups",
    "deployment_created",
    "device_status",
    "device_id",
    "device_elapsed_seconds",
    "device_finished",
    "image_device_types",
    "image_artifact_name",
    "image_size",
    "image_signed",
    "unheard_of",
  );
  const values = () => [
    ...WORDS,
    ...fleet.map(({ id }) => id),
    ...everything.map((one) => one.deployment_created as string),
    ...everything.map((one) => one.deployment_id as string),
  ];
  const scalar = fc.oneof(
    fc.nat().map((n) => values()[n % values().length]!),
    fc.constantFrom<string | number | boolean>(0, 3, 10, 20, 61.5, true, false),
  );
  const filter = fc.oneof(
    fc.tuple(attribute, fc.constantFrom("$eq", "$ne", "$gt", "$gte", "$lt", "$lte"), scalar),
    fc.tuple(attribute, fc.constantFrom("$in", "$nin"), fc.array(scalar, { maxLength: 4 })),
    fc.tuple(attribute, fc.constant("$exists"), fc.boolean()),
    fc.tuple(
      attribute,
      fc.constant("$regex"),
      fc.constantFrom("two.*", "(one|success)", "pi[5-9]", ".*e.*", "x"),
    ),
  );

  it("finds what reading every document would find", async () => {
    expect(everything).toHaveLength(12);
    const request = fc.array(filter, { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(request, fc.boolean(), async (conditions, fewDevices) => {
        const filters = conditions.map(([name, type, value]) => where(name, type, value));
        const ids = fewDevices ? fleet.slice(0, 2).map(({ id }) => id) : [];
        const answer = await search({ filters, per_page: 500, device_ids: ids });
        const expected = everything.filter(
          (one) =>
            (ids.length === 0 || ids.includes(one.device_id)) && filters.every((one_) => holds(one, one_)),
        );
        const found = shown(answer).map(({ id }) => id);
        expect(found.toSorted()).toEqual(expected.map(({ id }) => id).toSorted());
        expect(answer.headers.get("x-total-count")).toBe(String(expected.length));
        const counted = await aggregate({ filters, device_ids: ids, aggregations: [by("device_status")] });
        const [buckets] = counted.json<{ items: { count: number }[]; other_count: number }[]>();
        const sum = buckets!.items.reduce((total, { count }) => total + count, buckets!.other_count);
        expect(sum).toBe(expected.length);
      }),
      { numRuns: 100, seed: 4711 },
    );
  });

  it("takes times in any zone, and lists of deployments", async () => {
    const ids = [...new Set(everything.map((one) => one.deployment_id as string))];
    const second = everything.find((one) => one.deployment_id === ids.at(-2))!;
    const utc = Date.parse(second.deployment_created as string);
    const elsewhere = new Date(utc + 3_600_000).toISOString().replace("Z", "+01:00");
    const same = shown(await search({ filters: [where("deployment_created", "$eq", elsewhere)] }));
    expect(new Set(same.map((one) => one.deployment_id))).toEqual(new Set([second.deployment_id]));
    const two = shown(await search({ deployment_ids: [ids[0], ids[2], newId()] }));
    expect(new Set(two.map((one) => one.deployment_id))).toEqual(new Set([ids[0], ids[2]]));
  });

  it("sorts by any field, what lacks it last", async () => {
    const column = async (name: string, order: string) =>
      shown(await search({ per_page: 500, sort: [{ attribute: name, order }] })).map((one) => one[name]);
    for (const name of ["device_finished", "deployment_name", "device_status", "image_size"]) {
      const present = everything.map((one) => one[name] as string | number | undefined);
      const up = present
        .filter((value) => value !== undefined)
        .toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
      const missing = present.filter((value) => value === undefined);
      expect(await column(name, "asc")).toEqual([...up, ...missing]);
      expect(await column(name, "desc")).toEqual([...up.toReversed(), ...missing]);
    }
  });

  it("counts by deployment and status without looking at devices, nested", async () => {
    const request = {
      aggregations: [by("deployment_name", { aggregations: [by("device_status", { limit: 1 })] })],
    };
    const answer = await aggregate(request);
    const [names] = answer.json<{ items: { key: string; count: number; aggregations: unknown[] }[] }[]>();
    expect(names!.items.map(({ key, count }) => [key, count])).toEqual([
      ["two", 6],
      ["one", 3],
      ["two-b", 3],
    ]);
    const two = everything.filter((one) => one.deployment_name === "two");
    const counts = [...Map.groupBy(two, (one) => one.device_status)].map(([key, of]) => ({
      key,
      count: of.length,
    }));
    const most = Math.max(...counts.map(({ count }) => count));
    expect(names!.items[0]!.aggregations).toEqual([
      {
        name: "device_status",
        items: [{ key: expect.any(String), count: most }],
        other_count: 6 - most,
      },
    ]);
    expect(answer.cost.trips).toBeLessThanOrEqual(5);
  });

  it("counts those of some devices and deployments only [differs: aggregates-of-some]", async () => {
    const count = async (of: object) => {
      const answer = await aggregate({ ...of, aggregations: [by("device_status")] });
      const [{ items, other_count }] = answer.json<[{ items: { count: number }[]; other_count: number }]>();
      return items.reduce((sum, item) => sum + item.count, other_count);
    };
    const { device_id: device, deployment_id: deployment } = everything[0]!;
    const of = (test: (one: Shown) => boolean) => everything.filter(test).length;
    expect(await count({ device_ids: [device] })).toBe(of((one) => one.device_id === device));
    expect(await count({ deployment_ids: [deployment] })).toBe(of((one) => one.deployment_id === deployment));
    expect(await count({ device_ids: [device], deployment_ids: [deployment] })).toBe(1);
  });

  it("counts by fields of devices and by members of lists", async () => {
    const answer = await aggregate({
      aggregations: [
        by("image_device_types"),
        by("device_id", { limit: 1 }),
        by("image_size"),
        by("unheard_of"),
      ],
    });
    const count = (type: string) =>
      everything.filter((one) => (one.image_device_types as string[]).includes(type)).length;
    const most = Math.max(...fleet.map(({ id }) => everything.filter((one) => one.device_id === id).length));
    const types = ["pi4", "pi5", "pi6"].map((key) => ({ key, count: count(key) }));
    expect(answer.json()).toEqual([
      {
        name: "image_device_types",
        items: types.toSorted((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1)),
        other_count: 0,
      },
      {
        name: "device_id",
        items: [{ key: expect.any(String), count: most }],
        other_count: everything.length - most,
      },
      { name: "image_size", items: [], other_count: 0 },
      { name: "unheard_of", items: [], other_count: 0 },
    ]);
  });
});

describe("bad input to reports of deployments", () => {
  beforeAll(start);

  const SEARCHES: [unknown, string][] = [
    ["nonsense", "Invalid input"],
    [{ filters: [where("", "$eq", "a")] }, "attribute: cannot be blank (filters[0])."],
    [
      { filters: [where("device_id", "$ltne", "a")] },
      "type: must be a valid value: $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $regex (filters[0]).",
    ],
    [{ filters: [where("device_id", "$eq", null)] }, "value: is required (filters[0])."],
    [
      { filters: [where("device_id", "$eq", ["a"])] },
      "filter doesn't support array values (filters[0]: device_id $eq).",
    ],
    [{ filters: [where("device_id", "$in", "a")] }, "filter supports only array values"],
    [{ filters: [where("device_id", "$eq", { a: 1 })] }, "unknown attribute value type"],
    [{ filters: [where("device_id", "$in", [["a"]])] }, "unknown attribute value type"],
    [{ filters: [where("device_id", "$exists", "yes")] }, "filter supports only boolean values"],
    [{ filters: [where("device_id", "$regex", 5)] }, "filter supports only string values"],
    [{ filters: [where("device_id", "$regex", "(")] }, "value: the regular expression"],
    [{ filters: [where("device_id", "$in", Array.from({ length: 5001 }, String))] }, "no more than 5000"],
    [
      { filters: Array.from({ length: 16 }, () => where("a", "$eq", "a")) },
      "the length must be no more than 15",
    ],
    [
      { sort: [{ attribute: "device_id", order: "up" }] },
      "order: must be a valid value: asc, desc (sort[0]).",
    ],
    [{ page: 101, per_page: 100 }, "page * per_page must be no greater than 10000"],
  ];
  it.each(SEARCHES)("%#: is refused", async (body, text) => {
    const answer = await search(body);
    expect([answer.status, answer.json().error]).toEqual([400, expect.stringContaining(text)]);
    expect(answer.json().error).toMatch(/^malformed request body: |^page/);
  });

  it.each([
    [{}, "aggregations: cannot be blank."],
    [{ aggregations: [{ name: "a" }] }, "aggregations: (0: (attribute: cannot be blank.).)."],
    [{ aggregations: [by("a", { limit: -1 })] }, "aggregations: (0: (limit: must be no less than 0.).)."],
  ])("%#: an aggregate is refused", async (body, text) => {
    const answer = await aggregate(body);
    expect([answer.status, answer.json().error]).toEqual([400, `malformed request body: ${text}`]);
  });

  it("is never part of a statement, nor fails the server", async () => {
    const hostile = [
      "'",
      '"',
      "'; DROP TABLE deployments; --",
      "$.x",
      "\\",
      "\u0000",
      "𝒳",
      "__proto__",
      "constructor",
    ];
    for (const text of hostile) {
      const filters = [
        where(text, "$eq", text),
        where("device_id", "$ne", text),
        where("image_id", "$gt", text),
      ];
      expect(
        (await search({ filters, device_ids: [text], sort: [{ attribute: text, order: "asc" }] })).status,
      ).toBe(200);
      expect((await aggregate({ filters, aggregations: [by(text)] })).json()).toEqual([
        { name: text, items: [], other_count: 0 },
      ]);
    }
  });
});

describe("who may report on deployments", () => {
  beforeEach(start);

  it.each(["/search", "/aggregate"])("%s is for users who may read deployments", async (path) => {
    const json = { aggregations: [by("device_status")] };
    const as = async (token: string | undefined) =>
      (await server.call("POST", BASE + path, { token, json })).status;
    const withRole = async (role: string) => (await aUser(server, { roles: [role] })).token;
    const [device] = await devices(1);
    expect([
      await as(undefined),
      await as(device!.token),
      await as(await withRole("RBAC_ROLE_CI")),
      await as(await withRole("RBAC_ROLE_OBSERVER")),
    ]).toEqual([401, 401, 403, 200]);
  });

  it("sees the deployments of the own tenant only", async () => {
    const stranger = await aUser(server, { tenant: "other" });
    await anArtifact(server);
    const [device] = await devices(1);
    const id = await deploy(server, user, [device!]);
    await poll(server, device!);
    const requests = [{}, { device_ids: [device!.id] }, { deployment_ids: [id] }];
    for (const request of requests) {
      expect(shown(await search(request))).toHaveLength(1);
      expect(shown(await search(request, stranger.token))).toEqual([]);
      const foreign = await aggregate({ ...request, aggregations: [by("deployment_name")] }, stranger.token);
      expect(foreign.json()).toEqual([{ name: "deployment_name", items: [], other_count: 0 }]);
    }
  });
});

describe("the cost of reports", () => {
  beforeEach(start);

  /** Puts devices that have asked into a deployment, as many as told. */
  async function many(count: number): Promise<string> {
    await anArtifact(server);
    const [device] = await devices(1);
    const id = await deploy(server, user, [device!]);
    await poll(server, device!);
    await env.DB.batch([
      env.DB.prepare(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
         INSERT INTO device_deployments (tenant_id, device_id, seq, status, active, opens_ms)
         SELECT tenant_id, printf('device-%06d', i), seq, CASE i % 10 WHEN 0 THEN 256 ELSE 2560 END, 0, 0
         FROM n CROSS JOIN deployments`,
      ).bind(count - 1),
      env.DB.prepare(
        `UPDATE deployment_counters SET failure = (SELECT count(*) FROM device_deployments WHERE status = 256),
           success = (SELECT count(*) FROM device_deployments WHERE status = 2560)`,
      ),
    ]);
    return id;
  }

  it("does not grow with the deployment where its counters know the answer", async () => {
    const id = await many(3_000);
    const first = await search({ deployment_ids: [id], filters: [where("device_status", "$eq", "failure")] });
    expect(first.headers.get("x-total-count")).toBe("299");
    expect(shown(first)).toHaveLength(20);
    expect([first.cost.trips, first.cost.written]).toEqual([3, 0]);
    expect(first.cost.read).toBeLessThan(50 * 20);
    const all = await search({});
    expect(all.headers.get("x-total-count")).toBe("3000");
    expect(all.cost.read).toBeLessThan(50 * 20);
    const counted = await aggregate({ aggregations: [by("device_status")] });
    expect(counted.json()).toMatchObject([
      { items: [{ key: "success" }, { key: "failure", count: 299 }, {}] },
    ]);
    expect(counted.cost.read).toBeLessThan(100);
  });

  it("is bounded where devices must be looked at one by one [differs: reports-too-many]", async () => {
    await many(10);
    await env.DB.prepare("UPDATE deployment_counters SET success = 100000").run();
    const error = async (answer: Promise<Answer>) => [(await answer).status, (await answer).json().error];
    const refused = [
      400,
      "malformed request body: more than 100000 device deployments to look at: " +
        "narrow it by deployment_ids, device_ids or deployment_created",
    ];
    expect(await error(search({ sort: [{ attribute: "device_id", order: "asc" }] }))).toEqual(refused);
    expect(await error(search({ filters: [where("image_size", "$gt", 1)] }))).toEqual(refused);
    expect(await error(search({ filters: [where("image_id", "$regex", "a.*")] }))).toEqual(refused);
    expect(await error(aggregate({ aggregations: [by("device_id")] }))).toEqual(refused);
    expect((await search({})).status).toBe(200);
    const some = await search({
      device_ids: ["device-000001"],
      filters: [where("image_id", "$exists", false)],
    });
    expect(some.headers.get("x-total-count")).toBe("1");
  });

  it("is bounded where deployments must be looked at one by one", async () => {
    await many(2);
    await env.DB.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)
       INSERT INTO deployments (tenant_id, seq, deployment_id, kind, name, artifact_name, created_ms, scope, fingerprint)
       SELECT tenant_id, n.i, 'd-' || n.i, kind, 'old', artifact_name, n.i, scope, 'f' FROM n CROSS JOIN deployments`,
    ).run();
    const request = { filters: [where("deployment_force_installation", "$eq", false)] };
    const answer = await search(request);
    expect([answer.status, answer.json().error]).toEqual([
      400,
      expect.stringContaining("more than 10000 deployments to look at"),
    ]);
    const recent = where("deployment_created", "$gte", new Date(server.now - 1000).toISOString());
    const some = await search({ filters: [...request.filters, recent] });
    expect(shown(some)).toHaveLength(2);
    expect(some.cost.read).toBeLessThan(100);
    for (const narrow of [where("deployment_name", "$in", ["to 1"]), where("deployment_id", "$eq", "d-1")])
      expect((await search({ filters: [narrow] })).cost.read).toBeLessThan(100);
  });
});

describe("statements of reports", () => {
  beforeAll(start);

  const tenant = DEFAULT_TENANT;
  const wanted = { tenant, keys: [], createdFromMs: undefined, conditions: [], statuses: STATUSES };
  const named = { ...wanted, keys: [{ column: "name" as const, values: ["a"] }] };
  const scope: Scope = { tenant, seqs: [1, 2], devices: undefined, statuses: undefined, conditions: [] };
  const page = { page: 1, perPage: 20 };
  const text = [fieldOf("deployment_name")];
  const levels = [{ key: "deployment_name" }, { key: "device_status" }];
  const STATEMENTS: [string, Statement<unknown>][] = [
    ["count deployments", countExamined(wanted, 10)],
    ["count deployments of a name", countExamined(named, 10)],
    ["survey", survey(wanted, text, 10)],
    ["survey since", survey({ ...wanted, createdFromMs: 5 }, text, 10)],
    ["survey by name", survey(named, text, 10)],
    ["survey by id", survey({ ...wanted, keys: [{ column: "deployment_id", values: ["a"] }] }, text, 10)],
    ["count of devices", countOfDevices(tenant, ["a"], 10)],
    ["survey of devices", surveyDevices(wanted, ["a"], text, 10)],
    ["page", reportPage(scope, [], page)],
    ["page of a status", reportPage({ ...scope, statuses: ["failure", "aborted"] }, [], page)],
    ["page of devices", reportPage({ ...scope, devices: ["a"] }, [], page)],
    ["total", reportTotal({ ...scope, statuses: ["failure"] })],
    ["buckets by counters", reportBuckets(scope, STATUSES, { levels, limit: 10, byCounters: true })],
    ["buckets by rows", reportBuckets(scope, STATUSES, { levels, limit: 10, byCounters: false })],
  ];

  it.each(STATEMENTS)("%s look rows up by an index that begins with the tenant", async (name, statement) => {
    const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${statement.sql}`)
      .bind(...statement.params)
      .all<{ detail: string }>();
    const plan = results.map(({ detail }) => detail);
    expect(
      plan.filter((line) => /^SCAN (d|c|dd|a|deploy|device_dep)\b/.test(line) && line !== "SCAN d"),
    ).toEqual([]);
    for (const line of plan.filter((one) => /^SEARCH (dd|c|a|deployments|device_deployments)\b/.test(one)))
      expect(line).toMatch(/tenant_id=\?/);
    const inOrder = name === "page" || name === "page of a status";
    expect(plan.some((line) => line.includes("TEMP B-TREE FOR ORDER BY")) && inOrder).toBe(false);
  });
});
