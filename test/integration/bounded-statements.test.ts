import { beforeEach, describe, expect, it } from "vitest";
import { exportEntries, listEntries } from "../../src/audit/entries.ts";
import type { AuditFilter } from "../../src/audit/store.ts";
import { beginRecount, recountSome } from "../../src/deployments/index.ts";
import { STATUS_CODES } from "../../src/deployments/status.ts";
import { listSessions } from "../../src/deviceconnect/sessions.ts";
import { forgetGoneAlerts } from "../../src/devicemonitor/index.ts";
import { listMembers } from "../../src/inventory/groups.ts";
import type { Deps } from "../../src/platform/deps.ts";
import { asTenantId } from "../../src/platform/ids.ts";
import { inventoryOf } from "../support/inventory.ts";
import { env, Server } from "../support/server.ts";

/** What is done in stretches: the answer is that of one great stretch, and no statement reads more in a larger fleet. */
const tenant = asTenantId("default");
const actor = { kind: "system", tenant, name: "test" } as never;
let server: Server;
beforeEach(async () => {
  server = await Server.start();
});

/** The most rows that one statement reads meanwhile. */
async function mostRead(work: (deps: Deps) => Promise<unknown>): Promise<number> {
  const deps = await server.deps();
  await work(deps);
  return deps.cost.mostRowsRead;
}

/** One row for each number from 1 on. */
const insert = (into: string, values: string, count: number) =>
  env.DB.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) INSERT INTO ${into} SELECT ${values} FROM n`,
  )
    .bind(count)
    .run();

/** A multiple of another number of rows. */
const SMALL = 60;
const GREAT = 240;

describe("the audit log", () => {
  const fill = (count: number) =>
    insert(
      "audit_log (tenant_id, time_ms, id, actor_type, actor_id, actor_email, action, object_type, object_id, object)",
      `'default', 1000 + i / 3, printf('%d-%05d', ?1, i), 'user', 'u' || (i % 4), 'e' || (i % 7), 'reject', 'device', 'd', '{}'`,
      count,
    );
  const filter = (further: Partial<AuditFilter> = {}): AuditFilter => ({
    extended: true,
    order: "desc",
    ...further,
  });
  const rare = filter({ actorId: "u1", actorEmail: "e3" });
  const nobody = filter({ actorId: "nobody" });

  it("is listed in stretches", async () => {
    await fill(SMALL);
    const deps = await server.deps();
    for (const order of ["asc", "desc"] as const)
      for (const wanted of [{}, rare, nobody, { extended: false }, { fromMs: 1005, toMs: 1011 }])
        for (const page of [1, 2, 9].map((number) => ({ page: number, perPage: 7 }))) {
          const asked = filter({ ...wanted, order });
          const expected = await listEntries(deps, actor, asked, page);
          for (const size of [1, 3, 7])
            expect(await listEntries(deps, actor, asked, page, size)).toEqual(expected);
        }
  });

  it("is exported in stretches", async () => {
    await fill(SMALL);
    const deps = await server.deps();
    const line = (entry: { time: string }) => `${JSON.stringify(entry)}\n`;
    for (const wanted of [filter(), rare, nobody])
      for (const limit of [undefined, 2]) {
        const textOf = (lookedAtOnce?: number) => {
          const options = { line, limit, ...(lookedAtOnce && { lookedAtOnce }) } as never;
          return new Response(exportEntries(deps, actor, wanted, options)).text();
        };
        const expected = await textOf();
        for (const size of [1, 4]) expect(await textOf(size)).toBe(expected);
      }
  });

  it("is not read by one statement when hardly anything matches or the page is far", async () => {
    const read = async () => [
      await mostRead((deps) => listEntries(deps, actor, nobody, { page: 1, perPage: 5 }, 10)),
      await mostRead((deps) => listEntries(deps, actor, filter(), { page: 11, perPage: 5 }, 10)),
    ];
    await fill(SMALL);
    const small = await read();
    await fill(GREAT);
    expect(await read()).toEqual(small);
  });
});

describe("alerts about devices that are gone", () => {
  const fill = (count: number) =>
    insert(
      "server_alerts (tenant_id, raised_ms, kind, object, level, text)",
      `'default', i, 'silent', printf('gone-%d-%d', ?1, i), 'CRITICAL', ''`,
      count,
    );
  const left = async () =>
    (await env.DB.prepare("SELECT object FROM server_alerts ORDER BY object").all()).results.map(
      ({ object }) => object,
    );

  it("are forgotten in stretches, and no others", async () => {
    await env.DB.prepare(
      `INSERT INTO devices (tenant_id, device_id, identity_hash, identity, status, revision, created_ms, updated_ms)
       VALUES ('default', 'there', 'h', '{}', 'accepted', 1, 1, 1), ('default', 'refused', 'i', '{}', 'rejected', 1, 1, 1)`,
    ).run();
    await insert(
      "server_alerts (tenant_id, raised_ms, kind, object, level, text)",
      `'default', i, CASE i WHEN 4 THEN 'deployment' ELSE 'silent' END, CASE i WHEN 2 THEN 'there' WHEN 3 THEN 'refused' ELSE 'gone' END, 'CRITICAL', ''`,
      20,
    );
    await forgetGoneAlerts(await server.deps(), { lookedAtOnce: 3, forgottenAtOnce: 2 });
    expect(await left()).toEqual(["gone", "there"]);
  });

  it("are looked for by statements that read no more in a larger fleet", async () => {
    const read = () => mostRead((deps) => forgetGoneAlerts(deps, { lookedAtOnce: 20, forgottenAtOnce: 10 }));
    await fill(SMALL);
    const small = await read();
    await fill(GREAT);
    expect(await read()).toBeLessThanOrEqual(small);
    expect(await left()).toEqual([]);
  });
});

describe("devices of a deployment that are counted again", () => {
  const codes = Object.values(STATUS_CODES);
  const fill = async (count: number, seq: number) => {
    await env.DB.batch([
      env.DB.prepare(
        `INSERT INTO deployment_counters (tenant_id, seq, opens_ms, max_devices, remaining, unseen, downloading)
         VALUES ('default', ?1, 1, ?2, 7, 7, 7)`,
      ).bind(seq, count + 10),
      env.DB.prepare(
        "INSERT INTO deployment_budgets (tenant_id, seq, value, devices) VALUES ('default', ?1, 'north', 99)",
      ).bind(seq),
    ]);
    await insert(
      "device_deployments (tenant_id, device_id, seq, status, active, opens_ms, budget_value)",
      `'default', printf('d%05d', i), ${seq}, ${JSON.stringify(codes)} ->> (i % ${codes.length}),
       (${JSON.stringify(codes)} ->> (i % ${codes.length})) BETWEEN 768 AND 2304, 1, CASE i % 3 WHEN 0 THEN 'north' WHEN 1 THEN 'south' END`.replaceAll(
        JSON.stringify(codes),
        `'${JSON.stringify(codes)}'`,
      ),
      count,
    );
  };
  const recount = async (deps: Deps, seq: number, size?: number) => {
    let at: Parameters<typeof recountSome>[2] | undefined = beginRecount(seq);
    while (at) {
      const some: Awaited<ReturnType<typeof recountSome>> = await recountSome(
        deps.db(tenant),
        tenant,
        at,
        size,
      );
      await deps.db(tenant).batch(some.statements);
      at = some.next;
    }
  };
  const counted = async (seq: number) => ({
    counters: (
      await env.DB.prepare("SELECT * FROM deployment_counters WHERE seq = ?1").bind(seq).all()
    ).results.map((row) => ({ ...row, seq: 0 })),
    budgets: (
      await env.DB.prepare("SELECT value, devices FROM deployment_budgets WHERE seq = ?1 ORDER BY value")
        .bind(seq)
        .all()
    ).results,
  });

  it("come to the same in stretches of any size", async () => {
    const deps = await server.deps();
    await fill(SMALL, 1);
    await recount(deps, 1);
    const expected = await counted(1);
    const ended = env.DB.prepare("SELECT count(*) AS devices FROM device_deployments WHERE status = ?1").bind(
      STATUS_CODES.success,
    );
    expect(expected.counters[0]).toMatchObject({
      success: (await ended.first<{ devices: number }>())?.devices,
    });
    for (const [i, size] of [1, 2, 7, SMALL].entries()) {
      await env.DB.prepare("DELETE FROM device_deployments").run();
      await fill(SMALL, i + 2);
      await recount(deps, i + 2, size);
      expect(await counted(i + 2)).toEqual(expected);
    }
  });

  it("are read by statements that read no more of a larger deployment", async () => {
    await fill(SMALL, 1);
    const small = await mostRead((deps) => recount(deps, 1, 20));
    await env.DB.prepare("DELETE FROM device_deployments").run();
    await fill(GREAT, 2);
    // Rows of budgets that are there already are looked up.
    expect(await mostRead((deps) => recount(deps, 2, 20))).toBeLessThanOrEqual(small + 4);
  });
});

describe("a page far behind", () => {
  it("of a group's devices is found in steps", async () => {
    const ids = (
      await inventoryOf(
        server,
        Array.from({ length: 60 }, () => ({ group: "g" })),
      )
    ).toSorted();
    for (const [page, perPage] of [
      [1, 7],
      [4, 7],
      [9, 7],
      [30, 7],
    ] as const) {
      const deps = await server.deps();
      const found = await listMembers(deps, actor, "g", { page, perPage }, 10);
      expect(found).toEqual({ ids: ids.slice((page - 1) * perPage, page * perPage), total: 60 });
      expect(deps.cost.mostRowsRead).toBeLessThan(30);
    }
  });

  it("of sessions is found in steps", async () => {
    await insert(
      "device_sessions (tenant_id, session_id, device_id, user_id, user_email, kind, started_ms)",
      `'default', printf('s%05d', i), 'd', 'u', 'e', 'terminal', 1000 + i / 3`,
      100,
    );
    const whole = await listSessions(await server.deps(), actor, { page: 1, perPage: 100 });
    expect(whole.sessions).toHaveLength(100);
    for (const page of [1, 3, 9, 30]) {
      const deps = await server.deps();
      const { sessions } = await listSessions(deps, actor, { page, perPage: 7 }, 10);
      expect(sessions).toEqual(whole.sessions.slice((page - 1) * 7, page * 7));
      expect(deps.cost.mostRowsRead).toBeLessThan(45);
    }
  });
});
