import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { folderOf } from "../../src/audit/checkpoints.ts";
import { hashOf, type PlacedEntry } from "../../src/audit/chain.ts";
import { forgetOldEntries, sealLogs } from "../../src/audit/index.ts";
import { sealTenant } from "../../src/audit/seal.ts";
import { addAudit } from "../../src/platform/audit.ts";
import { asTenantId } from "../../src/platform/ids.ts";
import { aTenant } from "../support/actors.ts";
import { refusal, rowsOf } from "../support/answers.ts";
import { Crash, crashingDeps, Moments } from "../support/crashing.ts";
import { env, OPERATOR_TOKEN, Server, tenantsIn } from "../support/server.ts";

const ACME = asTenantId("acme");
const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

let server: Server;
beforeEach(async () => {
  server = await Server.start();
  await aTenant(server, ACME);
});

/** Entries of a second each, about the objects e1, e2, … */
async function record(count: number, tenant = ACME, first = 1) {
  const database = tenantsIn(await server.deps());
  const entries = Array.from({ length: count }, (_, i) =>
    addAudit(
      { kind: "operator", tenant },
      { action: "update", object: { type: "device", id: `e${first + i}` }, change: "why" },
      server.now + i * 1000,
    ),
  );
  for (let i = 0; i < count; i += 100) await database.batch(entries.slice(i, i + 100));
}

const seal = async () => sealLogs(await server.deps());

interface Verified {
  entries: number;
  findings: { problem: string; position?: number; to?: number; id?: string; time?: string }[];
  next?: number;
  sealed?: number;
  unsealed?: number;
}

const page = (tenant: string, query = "") =>
  server.call("GET", `/api/operator/v1/tenants/${tenant}/audit/verification${query}`, {
    token: OPERATOR_TOKEN,
  });

/** All pages of the verification in one. */
async function verify(tenant: string = ACME): Promise<Verified> {
  const all: Verified = { entries: 0, findings: [] };
  for (let after: number | undefined = 0; after !== undefined;) {
    const answer = await page(tenant, `?after=${after}`);
    expect(answer.status).toBe(200);
    const found: Verified = answer.json<Verified>();
    after = found.next;
    Object.assign(all, found, {
      entries: all.entries + found.entries,
      findings: [...all.findings, ...found.findings],
    });
  }
  return all;
}

const problems = async (tenant?: string) =>
  (await verify(tenant)).findings.map(({ problem, position, to }) =>
    [problem, position, to].filter((part) => part !== undefined).join(" "),
  );

const sql = (text: string) => env.DB.prepare(text).run();

const whole = { findings: [], unsealed: 0 };

describe("the chain of the audit log", () => {
  it("holds for what nobody has touched, page after page, apart for each tenant", async () => {
    await aTenant(server, "other");
    await record(1203);
    await record(2, asTenantId("other"));
    await seal();
    await record(1, ACME, 1204);
    expect(await verify()).toMatchObject({ entries: 1000, sealed: 1000, unsealed: 204, findings: [] });
    await seal();
    expect(await verify()).toMatchObject({ ...whole, entries: 1204, sealed: 1204 });
    expect(await verify("other")).toMatchObject({ ...whole, entries: 2, sealed: 2 });
    await aTenant(server, "empty");
    expect(await verify("empty")).toMatchObject({ ...whole, entries: 0, sealed: 0 });
  });

  it.each([
    ["time_ms = time_ms + 1"],
    ["id = id || '0'"],
    ["actor_type = 'user'"],
    ["actor_id = 'somebody'"],
    ["actor_email = 'a@example.com'"],
    ["action = 'delete'"],
    ["object_type = 'user'"],
    ["object_id = 'e9'"],
    [`object = '{"device":{}}'`],
    ["change = NULL"],
    [`meta = '{}'`],
  ])("finds an entry of which %s", async (set) => {
    await record(5);
    await seal();
    await sql(`UPDATE audit_log SET ${set} WHERE tenant_id = 'acme' AND position = 3`);
    expect(await problems()).toEqual(["changed 3"]);
  });

  it("finds entries that were removed, with and without their seals, at each end and between", async () => {
    await record(9);
    await seal();
    await sql("DELETE FROM audit_log WHERE tenant_id = 'acme' AND position IN (1, 4, 5, 9)");
    expect(await problems()).toEqual(["removed 1", "removed 4", "removed 5", "removed 9"]);
    await sql("DELETE FROM audit_seals WHERE tenant_id = 'acme' AND position IN (4, 5)");
    expect(await problems()).toEqual(["removed 1", "removed 4 5", "removed 9"]);
    await sql("DELETE FROM audit_seals WHERE tenant_id = 'acme' AND position = 9");
    expect(await problems()).toEqual([
      "removed 1",
      "removed 4 5",
      "removed 9",
      "checkpoint differs 9",
      "head not signed 9",
    ]);
  });

  it("finds entries that changed places", async () => {
    await record(5);
    await seal();
    for (const [from, to] of [
      [2, 99],
      [4, 2],
      [99, 4],
    ] as const)
      await sql(`UPDATE audit_log SET position = ${to} WHERE tenant_id = 'acme' AND position = ${from}`);
    expect(await problems()).toEqual(["changed 2", "changed 4"]);
  });

  it("finds entries that were put in by hand", async () => {
    await record(5);
    await seal();
    const put = (position: string, timeMs: number, id: string) =>
      sql(`INSERT INTO audit_log (tenant_id, time_ms, id, actor_type, actor_id, action, object_type, object_id, object, position)
        VALUES ('acme', ${timeMs}, '${id}', 'user', 'u', 'update', 'device', 'd', '{}', ${position})`);
    await put("NULL", server.now + 500, "forged");
    await put("NULL", server.now - YEAR_MS, "older");
    expect((await verify()).findings).toEqual([
      { problem: "inserted", id: "older", time: expect.any(String) },
      { problem: "inserted", id: "forged", time: expect.any(String) },
    ]);
    await sql("DELETE FROM audit_log WHERE position IS NULL");
    await put("6", server.now - 2 * HOUR_MS, "late");
    await seal();
    expect(await problems()).toEqual(["backdated 6"]);
  });

  it("finds a chain that was made anew from a change on, with a checkpoint and before the first one", async () => {
    await record(3);
    await seal();
    await sql("UPDATE audit_log SET change = 'other' WHERE tenant_id = 'acme' AND position = 2");
    let [{ hash }] = (await rowsOf("SELECT hash FROM audit_seals WHERE position = 1")) as [{ hash: string }];
    const entries = await rowsOf(
      "SELECT * FROM audit_log WHERE tenant_id = 'acme' AND position > 1 ORDER BY position",
    );
    for (const entry of entries as unknown as PlacedEntry[]) {
      hash = hashOf(ACME, hash, entry);
      await sql(`UPDATE audit_seals SET hash = '${hash}' WHERE position = ${entry.position}`);
    }
    expect(await problems()).toEqual(["checkpoint differs 3", "head not signed 3"]);
    await sql(`UPDATE audit_chains SET hash = '${hash}'`);
    expect(await problems()).toEqual(["checkpoint differs 3", "head not signed 3"]);
    const { objects } = await env.ARTIFACTS.list({ prefix: folderOf(ACME) });
    await env.ARTIFACTS.delete(objects.map(({ key }) => key));
    expect(await problems()).toEqual(["head not signed 3"]);
  });

  it("finds an end that was cut off to an earlier head that the installation had signed, and a head that is gone", async () => {
    await record(2);
    await seal();
    const [earlier] = await rowsOf("SELECT position, hash, signature FROM audit_chains");
    server.advance(HOUR_MS);
    await record(3, ACME, 3);
    await seal();
    await sql("DELETE FROM audit_log WHERE tenant_id = 'acme' AND position > 2");
    await sql("DELETE FROM audit_seals WHERE position > 2");
    await sql(
      `UPDATE audit_chains SET position = 2, hash = '${earlier?.hash as string}', signature = '${earlier?.signature as string}'`,
    );
    expect(await problems()).toEqual(["removed 3 5"]);
    await sql("DELETE FROM audit_chains");
    expect(await problems()).toContain("head missing");
  });

  it("finds a checkpoint that was not signed here", async () => {
    await record(2);
    await seal();
    const { objects } = await env.ARTIFACTS.list({ prefix: folderOf(ACME) });
    await env.ARTIFACTS.put(objects[0]!.key, "x", { customMetadata: { signature: "a.b.c" } });
    expect(await problems()).toEqual(["checkpoint not signed 2"]);
  });

  it("finds just what was done, whatever it was", async () => {
    await record(12);
    await seal();
    const before = await rowsOf(
      "SELECT time_ms, id, change, position FROM audit_log WHERE tenant_id = 'acme'",
    );
    const place = fc.integer({ min: 1, max: 12 });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(place), fc.uniqueArray(place), async (changed, removed) => {
        const places = (list: number[]) => `tenant_id = 'acme' AND position IN (${list.join()})`;
        await sql(`UPDATE audit_log SET change = 'x' WHERE ${places(changed)}`);
        await sql(`UPDATE audit_log SET position = -position WHERE ${places(removed)}`);
        const found = await problems();
        await sql("UPDATE audit_log SET position = abs(position), change = 'why' WHERE tenant_id = 'acme'");
        const expected = Array.from({ length: 12 }, (_, i) => i + 1).flatMap((at) =>
          removed.includes(at) ? [`removed ${at}`] : changed.includes(at) ? [`changed ${at}`] : [],
        );
        expect(found).toEqual(expected);
      }),
      { numRuns: 25 },
    );
    expect(
      await rowsOf("SELECT time_ms, id, change, position FROM audit_log WHERE tenant_id = 'acme'"),
    ).toEqual(before);
  });
});

describe("sealing the audit log", () => {
  it("counts places on when the last entries are gone", async () => {
    await record(2);
    await seal();
    await sql("DELETE FROM audit_log WHERE tenant_id = 'acme'");
    await record(1, ACME, 3);
    await seal();
    expect(await problems()).toEqual(["removed 1", "removed 2"]);
    expect(await verify()).toMatchObject({ sealed: 3 });
  });

  it("lets one of two at once win", async () => {
    await record(5);
    const deps = await server.deps();
    await Promise.all([sealTenant(deps, ACME), sealTenant(deps, ACME), record(3, ACME, 6)]);
    await seal();
    expect(await verify()).toMatchObject({ ...whole, entries: 8, sealed: 8 });
  });

  it("can be cut off at any moment", async () => {
    await record(3);
    let stopAt = 1;
    for (let done = false; !done; stopAt += 1) {
      await sql("DELETE FROM audit_seals");
      await sql("DELETE FROM audit_chains");
      await env.ARTIFACTS.delete((await env.ARTIFACTS.list()).objects.map(({ key }) => key));
      done = await sealTenant(crashingDeps(await server.deps(), new Moments(stopAt)), ACME).then(
        () => true,
        (cause: unknown) => {
          if (!(cause instanceof Crash)) throw cause;
          return false;
        },
      );
      await seal();
      expect(await verify()).toMatchObject({ ...whole, entries: 3, sealed: 3 });
    }
    expect(stopAt).toBeGreaterThan(6);
  });

  it("keeps a signed head in the bucket at first and then once an hour while the log grows", async () => {
    const kept = async () => (await env.ARTIFACTS.list({ prefix: folderOf(ACME) })).objects.length;
    await record(1);
    await seal();
    expect(await kept()).toBe(1);
    await record(1);
    await seal();
    expect(await kept()).toBe(1);
    server.advance(HOUR_MS);
    await seal();
    expect(await kept()).toBe(1);
    await record(1);
    await seal();
    expect(await kept()).toBe(2);
    expect(await verify()).toMatchObject(whole);
  });

  it("lets old entries go from the beginning, and the rest still holds", async () => {
    await record(5);
    await seal();
    server.advance(YEAR_MS + 3500);
    await record(2, ACME, 6);
    await seal();
    await forgetOldEntries(await server.deps());
    expect(
      await rowsOf("SELECT object_id FROM audit_log WHERE tenant_id = 'acme' ORDER BY position"),
    ).toEqual(["e5", "e6", "e7"].map((object_id) => ({ object_id })));
    expect(await verify()).toMatchObject({ ...whole, entries: 3, sealed: 7 });
    await sql("UPDATE audit_log SET change = 'x' WHERE tenant_id = 'acme' AND position = 5");
    expect(await problems()).toEqual(["changed 5"]);
    await sql("UPDATE audit_log SET change = 'why' WHERE tenant_id = 'acme' AND position = 5");
    await sql(
      "UPDATE audit_chains SET anchor_position = 5, anchor_hash = (SELECT hash FROM audit_seals WHERE position = 5)",
    );
    expect(await problems()).toEqual(["head not signed 7"]);
  });

  it("begins with the entries of its own time where there are older ones", async () => {
    await record(2);
    await sql("UPDATE audit_log SET position = NULL WHERE tenant_id = 'acme'");
    server.advance(HOUR_MS);
    await record(2, ACME, 3);
    await seal();
    expect(await verify()).toMatchObject({ ...whole, entries: 2, sealed: 2 });
    server.advance(YEAR_MS + HOUR_MS);
    await forgetOldEntries(await server.deps());
    expect(await verify()).toMatchObject({ ...whole, entries: 0, sealed: 2 });
    expect(await rowsOf("SELECT 1 FROM audit_log WHERE tenant_id = 'acme'")).toEqual([]);
    await record(1, ACME, 5);
    await seal();
    expect(await verify()).toMatchObject({ ...whole, entries: 1, sealed: 3 });
  });

  it("costs a row for the place and a row for the seal of an entry", async () => {
    const deps = await server.deps();
    await record(1);
    await seal();
    deps.cost.rowsWritten = 0;
    const entry = { action: "update", object: { type: "device", id: "d" } };
    await tenantsIn(deps).batch(
      Array.from({ length: 20 }, () => addAudit({ kind: "operator", tenant: ACME }, entry, server.now)),
    );
    expect(deps.cost.rowsWritten).toBe(40);
    await sealTenant(deps, ACME);
    expect(deps.cost.rowsWritten).toBe(61);
  });
});

describe("the route of the verification", () => {
  it("knows its tenants and takes places", async () => {
    expect(refusal(await page("nobody"))).toEqual([404, "tenant not found"]);
    expect((await page("acme", "?after=x")).status).toBe(400);
    expect((await page("acme", "?after=-1")).status).toBe(400);
  });
});
