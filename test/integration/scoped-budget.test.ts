import { beforeAll, describe, expect, it } from "vitest";
import { aUser, type TestUser } from "../support/actors.ts";
import { LONG } from "../support/form.ts";
import { env, Server, type Cost } from "../support/server.ts";

const SEARCH = "/api/management/v2/inventory/filters/search";
const GROUPS = 100;
const MINE = [7, 42, 99].map((i) => `group-${i}`);
const PER_PAGE = 20;
const ROWS_ALLOWED = 50 * PER_PAGE;

let server: Server;
let user: TestUser;

/** A device in each of the groups, again and again, and a fleet of mixed states. */
const growTo = (devices: number) =>
  env.DB.prepare(
    `WITH RECURSIVE n(i) AS (SELECT (SELECT count(*) FROM inventory_devices) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
     INSERT INTO inventory_devices (tenant_id, device_id, status, group_name, created_ms, updated_ms, check_in_ms)
     SELECT 'default', printf('%08x-0000-4000-8000-%012x', (i * 2654435761) & 0xffffffff, i),
       iif(i % 37 = 0, 'pending', 'accepted'), 'group-' || (i % ${GROUPS}), i, i, (i * 2654435761) & 0xffffffff FROM n`,
  )
    .bind(devices)
    .run();

interface Found {
  ids: string[];
  total: string | null;
  cost: Cost;
}

async function search(json: object): Promise<Found> {
  const answer = await server.call("POST", SEARCH, {
    token: user.token,
    json: { per_page: PER_PAGE, ...json },
  });
  const ids = answer.json<{ id: string }[]>().map(({ id }) => id);
  return { ids, total: answer.headers.get("x-total-count"), cost: answer.cost };
}

const accepted = { scope: "identity", attribute: "status", type: "$eq", value: "accepted" };

const ASKED: Record<string, object> = {
  all: {},
  "the accepted": { filters: [accepted] },
  "the second page of the accepted": { filters: [accepted], page: 2 },
};

describe("a user who sees 3 of 100 groups", () => {
  beforeAll(async () => {
    server = await Server.start();
    const admin = await aUser(server);
    const set = { name: "ReadDevices", scope: { type: "DeviceGroups", value: MINE } };
    const json = { name: "three", permission_sets_with_scope: [set] };
    await server.call("POST", "/api/management/v2/useradm/roles", { token: admin.token, json });
    user = await aUser(server, { roles: ["three"] });
  });

  it("reads for a page no more rows of a great fleet than of a small one", async () => {
    const [small, great] = LONG ? [10_000, 100_000] : [4200, 5600];
    await growTo(small);
    const before = await askAll();
    await growTo(great);
    const after = await askAll();
    for (const [what, { ids, total, cost }] of Object.entries(after)) {
      expect([what, ids.length, ids.toSorted(), cost.trips]).toEqual([what, PER_PAGE, ids, 2]);
      expect([what, Math.max(cost.read, ROWS_ALLOWED)]).toEqual([what, ROWS_ALLOWED]);
      expect([what, cost.read]).toEqual([what, Math.min(cost.read, before[what]!.cost.read + PER_PAGE)]);
      if (what === "all") expect(total).toBe(String((great * MINE.length) / GROUPS));
    }
    const latest = await search({ sort: [{ scope: "system", attribute: "check_in_time", order: "desc" }] });
    console.log(`of ${great} devices those heard of last: ${latest.cost.read} rows`);
    expect([latest.ids.length, latest.cost.trips]).toEqual([PER_PAGE, 2]);
    expect(Math.max(latest.cost.read, ROWS_ALLOWED)).toBe(ROWS_ALLOWED);
  });

  async function askAll(): Promise<Record<string, Found>> {
    const found: Record<string, Found> = {};
    for (const [what, json] of Object.entries(ASKED)) found[what] = await search(json);
    return found;
  }
});
