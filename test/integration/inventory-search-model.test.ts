import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { DeviceRow } from "../../src/inventory/device-view.ts";
import { searchOf } from "../../src/inventory/find.ts";
import { membersAmong } from "../../src/inventory/membership.ts";
import { SearchInput } from "../../src/inventory/search/schema.ts";
import { searchById, searchDevices } from "../../src/inventory/search/search.ts";
import type { Predicate } from "../../src/inventory/search/terms.ts";
import { rfc3339 } from "../../src/platform/clock.ts";
import { asDeviceId, asTenantId } from "../../src/platform/ids.ts";
import { aUser, type TestUser } from "../support/actors.ts";
import { inventoryOf, type InventoryOptions } from "../support/inventory.ts";
import {
  naiveMatch,
  naiveOrder,
  type NaiveDevice,
  type NaivePredicate,
  type NaiveSort,
} from "../support/naive-search.ts";
import { Server } from "../support/server.ts";

const DEVICES = 60;
const BASE_MS = Date.parse("2026-11-01T00:00:00.000Z");

/** Names that would break SQL, JSON paths or object keys if anything were put together as text. */
const NAMES = [
  "plain",
  "with.dot$",
  'quo"te\\',
  "it's; --",
  "a/b c",
  "__proto__",
  "7",
  "naïve-😀",
  "%41[0]",
  "\u0001",
];
const TEXTS = [
  "",
  "a",
  "ab",
  "b",
  "10",
  "Ä",
  "😀",
  "'; DROP TABLE inventory_devices; --",
  '"',
  "\uFFFD",
  "a\uFFFDb",
  "x".repeat(255),
  "x".repeat(256),
  "x".repeat(300),
  `${"x".repeat(299)}y`,
];
const NUMBERS = [0, 1, -1, 10, 2.5, 1e21, 1e-7];

const text = fc.constantFrom(...TEXTS);
const number = fc.constantFrom(...NUMBERS);
const reported = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 3, arbitrary: number },
  fc.array(text, { maxLength: 3 }),
  fc.array(number, { maxLength: 3 }),
);
const names = fc.constantFrom(...NAMES);
const time = fc.integer({ min: 0, max: 5 }).map((days) => BASE_MS + days * 86_400_000);

const anyDevice: fc.Arbitrary<InventoryOptions> = fc.record({
  id: fc.uuid(),
  status: fc.constantFrom("accepted", "pending", null),
  tier: fc.constantFrom("standard", "micro"),
  group: fc.constantFrom("g1", "g2", null),
  createdMs: time,
  updatedMs: time,
  checkInMs: fc.option(time, { nil: null }),
  attributes: fc.record({
    inventory: fc.dictionary(names, reported, { maxKeys: 5, noNullPrototype: true }),
    tags: fc.dictionary(names, reported, { maxKeys: 2, noNullPrototype: true }),
    identity: fc.dictionary(fc.constantFrom("mac", "serial"), reported, {
      maxKeys: 2,
      noNullPrototype: true,
    }),
    monitor: fc.dictionary(fc.constantFrom("alerts", "alert_count"), fc.oneof(fc.boolean(), number), {
      maxKeys: 2,
      noNullPrototype: true,
    }),
  }),
});

const own: fc.Arbitrary<[string, string]> = fc.constantFrom(
  ["identity", "status"],
  ["identity", "id"],
  ["identity", "mac"],
  ["identity", "serial"],
  ["system", "group"],
  ["system", "tier"],
  ["monitor", "alerts"],
  ["monitor", "alert_count"],
  ["inventory", "nobody-has-this"],
);
const times: fc.Arbitrary<[string, string]> = fc.constantFrom(
  ["system", "created_ts"],
  ["system", "updated_ts"],
  ["system", "check_in_time"],
);
const reportedName: fc.Arbitrary<[string, string]> = fc.tuple(fc.constantFrom("inventory", "tags"), names);
const attribute = fc.oneof({ weight: 4, arbitrary: reportedName }, own, times);

const EXPRESSIONS = [
  "a",
  "^a",
  "b$",
  "^x+y?$",
  "[0-9]",
  "^$",
  "acc|pend",
  "^[[:digit:]]+$",
  "[[:alpha:]]",
  "^[^[:alnum:]]",
  "[[:punct:]]",
  "(?i)^A",
  "(?i)ä",
  "(?i)^[[:alpha:]]+$",
];

const comparable = fc.oneof(text, number, fc.constantFrom("accepted", "pending", "g1", "standard"));
const moment = time.map(rfc3339);

const predicateFor = ([scope, name]: [string, string], isTime: boolean): fc.Arbitrary<NaivePredicate> => {
  const value: fc.Arbitrary<unknown> = isTime ? moment : comparable;
  const scalar = isTime ? value : fc.oneof(value, fc.boolean());
  const of = (type: string, argument: fc.Arbitrary<unknown>) =>
    argument.map((chosen) => ({ scope, attribute: name, type, value: chosen }));
  return fc.oneof(
    of("$eq", scalar),
    of("$ne", scalar),
    ...["$gt", "$gte", "$lt", "$lte", "$ltne"].map((type) => of(type, value)),
    of("$in", fc.array(scalar, { maxLength: 4 })),
    of("$nin", fc.array(scalar, { maxLength: 4 })),
    of("$exists", fc.boolean()),
    ...(isTime ? [] : [of("$regex", fc.constantFrom(...EXPRESSIONS))]),
  );
};

const predicate = attribute.chain((chosen) =>
  predicateFor(chosen, chosen[1].endsWith("_ts") || chosen[1] === "check_in_time"),
);
const sortKey: fc.Arbitrary<NaiveSort> = fc
  .tuple(attribute, fc.constantFrom("asc" as const, "desc" as const))
  .map(([[scope, name], order]) => ({ scope, attribute: name, order }));

const naive = (device: InventoryOptions): NaiveDevice => {
  const attributes: NaiveDevice["attributes"] = {};
  for (const [scope, named] of Object.entries(device.attributes ?? {}))
    for (const [name, value] of Object.entries(named)) attributes[`${scope}/${name}`] = value;
  if (device.status) attributes["identity/status"] = device.status;
  if (device.group) attributes["system/group"] = device.group;
  attributes["system/tier"] = device.tier!;
  attributes["system/created_ts"] = rfc3339(device.createdMs!);
  attributes["system/updated_ts"] = rfc3339(device.updatedMs!);
  if (device.checkInMs) attributes["system/check_in_time"] = rfc3339(device.checkInMs);
  return { id: device.id!, attributes };
};

let server: Server;
let user: TestUser;
let devices: NaiveDevice[];

beforeAll(async () => {
  server = await Server.start();
  user = await aUser(server);
  const made = fc.sample(anyDevice, { numRuns: DEVICES, seed: 7 });
  // Another tenant with the same values must never be seen.
  const other = fc
    .sample(anyDevice, { numRuns: 20, seed: 8 })
    .map((device) => ({ ...device, tenant: "other" }));
  await inventoryOf(server, [...made, ...other]);
  devices = made.map(naive);
});

const search = (json: unknown) =>
  server.call("POST", "/api/management/v2/inventory/filters/search", { token: user.token, json });

async function expectSame(
  filters: NaivePredicate[],
  sort: NaiveSort[],
  page: number,
  perPage: number,
  ids?: string[],
  any?: NaivePredicate[][],
): Promise<void> {
  const answer = await search({ filters, sort, page, per_page: perPage, device_ids: ids, any });
  expect(answer.status, answer.text).toBe(200);
  const expected = devices
    .filter(
      (device) =>
        (!ids?.length || ids.includes(device.id)) &&
        filters.every((f) => naiveMatch(device, f)) &&
        (!any?.length || any.some((group) => group.every((f) => naiveMatch(device, f)))),
    )
    .toSorted(naiveOrder(sort));
  expect(answer.headers.get("x-total-count")).toBe(String(expected.length));
  const found = answer.json<{ id: string }[]>().map(({ id }) => id);
  expect(found).toEqual(expected.slice((page - 1) * perPage, page * perPage).map(({ id }) => id));
}

/** The same with plans of a large fleet: so few devices may be collected and sorted, and statements look at so many. */
async function expectSameInSlices(
  filters: NaivePredicate[],
  sort: NaiveSort[],
  page: number,
  perPage: number,
  stretch: number,
  collect = 0,
  ids?: string[],
) {
  const request = SearchInput.parse({ filters, sort, device_ids: ids });
  const found = await searchDevices(
    await server.deps(),
    asTenantId("default"),
    { ...searchOf(request), collect, stretch },
    { page, perPage },
  );
  const expected = devices
    .filter(
      (device) => (!ids?.length || ids.includes(device.id)) && filters.every((f) => naiveMatch(device, f)),
    )
    .toSorted(naiveOrder(sort));
  expect(found.total).toBe(expected.length);
  expect(found.rows.map((row) => row.device_id)).toEqual(
    expected.slice((page - 1) * perPage, page * perPage).map(({ id }) => id),
  );
}

const tagExists = { scope: "tags", attribute: "7", type: "$exists", value: true };

describe("search finds what a plain filter over all devices finds", () => {
  it("for one condition of any kind", async () => {
    await fc.assert(
      fc.asyncProperty(predicate, (one) => expectSame([one], [], 1, 100)),
      { numRuns: 150 },
    );
  }, 120_000);

  it("for several conditions, sort keys, pages and named devices", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(predicate, { maxLength: 4 }),
        fc.array(sortKey, { maxLength: 3 }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(1, 7, 20, 100),
        fc.option(fc.subarray([...Array(DEVICES).keys()]), { nil: undefined, freq: 5 }),
        (filters, sort, page, perPage, named) =>
          expectSame(
            filters,
            sort,
            page,
            perPage,
            named?.map((i) => devices[i]!.id),
          ),
      ),
      { numRuns: 150 },
    );
  }, 120_000);

  it("for groups of conditions, of which one is enough", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(predicate, { maxLength: 2 }),
        fc.array(fc.array(predicate, { minLength: 1, maxLength: 3 }), { maxLength: 3 }),
        fc.array(sortKey, { maxLength: 2 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(7, 20, 100),
        (filters, any, sort, page, perPage) => expectSame(filters, sort, page, perPage, undefined, any),
      ),
      { numRuns: 150 },
    );
  }, 120_000);

  it("with the plans of a large fleet", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(predicate, { maxLength: 3 }),
        fc.array(sortKey, { maxLength: 2 }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(3, 20),
        fc.constantFrom(1, 2, 5, 2000),
        fc.constantFrom(0, 10),
        fc.option(fc.subarray([...Array(DEVICES).keys()]), { nil: undefined, freq: 5 }),
        (filters, sort, page, perPage, stretch, collect, named) =>
          expectSameInSlices(
            filters,
            sort,
            page,
            perPage,
            stretch,
            collect,
            named?.map((i) => devices[i]!.id),
          ),
      ),
      {
        numRuns: 250,
        // One of the devices has an empty list there.
        // Others have the number 10 and the text.
        examples: [
          [[tagExists], [{ scope: "tags", attribute: "7", order: "asc" }], 1, 3, 2000, 0, undefined],
          [[], [{ scope: "tags", attribute: "naïve-😀", order: "desc" }], 1, 20, 1, 0, undefined],
          // Devices known by their ids are collected, however far away the page is.
          [[{ scope: "identity", attribute: "id", type: "$regex", value: "a" }], [], 1, 3, 1, 0, undefined],
          [[], [], 2, 3, 1, 0, [...Array(10).keys()]],
        ],
      },
    );
  }, 120_000);

  it("and so does reading all of them by id, some at a time", async () => {
    const deps = await server.deps();
    await fc.assert(
      fc.asyncProperty(
        fc.array(predicate, { maxLength: 3 }),
        fc.constantFrom(3, 20),
        fc.constantFrom(1, 2, 5, 2000),
        fc.constantFrom(0, 10),
        async (filters, limit, stretch, collect) => {
          const { terms } = searchOf(SearchInput.parse({ filters }));
          const read = await searchById(deps, asTenantId("default"), { terms, collect, stretch });
          const found: string[] = [];
          for (
            let rows: DeviceRow[] | undefined;
            rows?.length !== 0;
            found.push(...rows.map((row) => row.device_id))
          )
            rows = await read({ after: found.map(asDeviceId).at(-1), limit });
          const expected = devices.filter((device) => filters.every((f) => naiveMatch(device, f)));
          expect(found).toEqual(expected.map(({ id }) => id).toSorted());
        },
      ),
      { numRuns: 100 },
    );
  }, 120_000);

  it("and so does the membership of some devices in saved filters", async () => {
    const deps = await server.deps();
    const some = fc.subarray([...Array(DEVICES).keys()], { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(predicate, { maxLength: 3 }), { minLength: 1, maxLength: 4 }),
        some,
        async (searches, chosen) => {
          const among = chosen.map((i) => devices[i]!);
          const filters = searches.map((terms, i) => ({
            id: `f${i}`,
            name: "",
            terms: terms as Predicate[],
          }));
          const ids = among.map(({ id }) => asDeviceId(id));
          const found = await membersAmong(deps, asTenantId("default"), filters, ids);
          for (const [i, terms] of searches.entries()) {
            const expected = among.filter((device) => terms.every((term) => naiveMatch(device, term)));
            expect([...found.get(`f${i}`)!].toSorted()).toEqual(expected.map(({ id }) => id).toSorted());
          }
        },
      ),
      { numRuns: 150 },
    );
  }, 120_000);
});
