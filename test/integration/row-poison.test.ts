import { beforeEach, describe, expect, it } from "vitest";
import { EVERY_MINUTE, EVERY_NIGHT, runSweeps } from "../../src/app/sweeps.ts";
import type { Deps } from "../../src/platform/deps.ts";
import { aTenant } from "../support/actors.ts";
import { rowsOf } from "../support/answers.ts";
import { env, Server } from "../support/server.ts";
import { asOperator, JOBS } from "../support/workflows.ts";

const DAY_MS = 86_400_000;
const [BAD, GOOD] = ["t-bad", "t-good"];

let server: Server;
beforeEach(async () => {
  server = await Server.start();
  for (const tenant of [BAD, GOOD]) await aTenant(server, tenant);
});

const run = (sql: string, ...values: unknown[]) =>
  env.DB.prepare(sql)
    .bind(...values)
    .run();

/** Work of a duty: a row of a tenant that is due, and the table it lies in. */
interface Case {
  table: string;
  seed: (tenant: string) => Promise<unknown>;
  /** What the duty does to the row, and what keeps it from that. */
  happens: "DELETE" | "UPDATE";
  sweeps: typeof EVERY_MINUTE;
  isLeft?: string;
}

const CASES: Record<string, Case> = {
  "remove-object": {
    table: "objects",
    happens: "DELETE",
    sweeps: EVERY_MINUTE,
    seed: async (tenant) => {
      const key = `${tenant}/object`;
      await env.ARTIFACTS.put(key, "bytes");
      await run(
        "INSERT INTO objects (tenant_id, object_key, state, alive_ms) VALUES (?, ?, 'doomed', 0)",
        tenant,
        key,
      );
    },
  },
  "end-upload": {
    table: "uploads",
    happens: "UPDATE",
    sweeps: EVERY_MINUTE,
    isLeft: "state = 'open'",
    seed: (tenant) =>
      run(
        `INSERT INTO uploads (tenant_id, upload_id, state, object_key, actor, expires_ms)
         VALUES (?, ?, 'open', 'k', '{}', ?)`,
        tenant,
        `upload-of-${tenant}`,
        server.now - 3_600_000,
      ),
  },
  "expire-waiting": {
    table: "auth_sets",
    happens: "DELETE",
    sweeps: EVERY_MINUTE,
    seed: async (tenant) => {
      await run("INSERT INTO admission_settings (tenant_id, pending_life_ms) VALUES (?, ?)", tenant, DAY_MS);
      await run(
        `INSERT INTO devices (tenant_id, device_id, identity_hash, identity, status, revision, created_ms, updated_ms)
         VALUES (?, ?, ?, '{"mac":"m"}', 'pending', 1, 0, 0)`,
        tenant,
        `d-${tenant}`,
        tenant,
      );
      await run(
        `INSERT INTO auth_sets (tenant_id, auth_set_id, device_id, key_hash, pubkey, status, created_ms)
         VALUES (?, ?, ?, ?, 'key', 'pending', 0)`,
        tenant,
        `s-${tenant}`,
        `d-${tenant}`,
        tenant,
      );
    },
  },
  "remove-recording": {
    table: "device_sessions",
    happens: "DELETE",
    sweeps: EVERY_NIGHT,
    seed: async (tenant) => {
      await env.ARTIFACTS.put(`recordings/${tenant}/session-${tenant}/000000`, "bytes");
      await run(
        `INSERT INTO device_sessions (tenant_id, session_id, device_id, user_id, user_email, kind, started_ms)
         VALUES (?, ?, 'd', 'u', 'e', 'terminal', 0)`,
        tenant,
        `session-${tenant}`,
      );
    },
  },
  "forget-audit": {
    table: "audit_log",
    happens: "DELETE",
    sweeps: EVERY_NIGHT,
    isLeft: "time_ms = 0",
    seed: (tenant) =>
      run(
        `INSERT INTO audit_log (tenant_id, time_ms, id, actor_type, actor_id, action, object_type, object_id, object)
         VALUES (?, 0, 'entry', 'user', 'u', 'create', 'device', 'd', '{}')`,
        tenant,
      ),
  },
  "forget-generation": {
    table: "artifact_generations",
    happens: "DELETE",
    sweeps: EVERY_NIGHT,
    seed: (tenant) =>
      run(
        `INSERT INTO artifact_generations
           (tenant_id, artifact_id, name, device_types, payload, actor, source_key, size, sha256, created_ms)
         VALUES (?, ?, 'n', '[]', '{}', '{}', 'k', 1, 's', 0)`,
        tenant,
        `artifact-of-${tenant}`,
      ),
  },
};

const quiet = async (): Promise<Deps> => {
  const deps = await server.deps();
  return { ...deps, log: { ...deps.log, error: () => {} } };
};

interface Shown {
  id: string;
  workflow: string;
  failure: string;
  tenant_id?: string;
}
const failed = async () => (await asOperator(server, "GET", `${JOBS}?status=failed`)).json<Shown[]>();

describe.each(Object.entries(CASES))(
  "a row that fails %s",
  (duty, { table, seed, happens, sweeps, isLeft }) => {
    const sweep = async () => runSweeps(await quiet(), sweeps);
    const left = async () =>
      (
        await rowsOf(
          `SELECT DISTINCT tenant_id FROM ${table} WHERE tenant_id IN ('${BAD}', '${GOOD}') AND ${isLeft ?? "TRUE"}`,
        )
      ).map(({ tenant_id }) => tenant_id);
    const tries = async () => (await rowsOf("SELECT attempt, leased_ms FROM jobs"))[0]!;

    beforeEach(async () => {
      for (const tenant of [BAD, GOOD]) await seed(tenant);
      await run(
        `CREATE TRIGGER poison BEFORE ${happens} ON ${table} WHEN old.tenant_id = '${BAD}'
       BEGIN SELECT RAISE(ABORT, 'poisoned row'); END`,
      );
    });

    it("is shown and retried apart, for longer each time, and the row of another tenant is done", async () => {
      await sweep();
      expect(await left()).toEqual([BAD]);
      expect(await failed()).toMatchObject([
        { workflow: `row:${duty}`, failure: expect.stringContaining("poisoned row") },
      ]);
      await sweep();
      expect(await tries()).toMatchObject({ attempt: 1, leased_ms: server.now + 60_000 });
      for (const pauseMs of [60_000, 120_000]) {
        server.advance(pauseMs);
        await sweep();
      }
      expect(await tries()).toMatchObject({ attempt: 3, leased_ms: server.now + 240_000 });

      await run("DROP TRIGGER poison");
      server.advance(240_000);
      await sweep();
      expect([await left(), await failed()]).toEqual([[], []]);
    });

    it("is taken again at once when the operator says so", async () => {
      await sweep();
      await run("DROP TRIGGER poison");
      const [job] = await failed();
      expect((await asOperator(server, "POST", `${JOBS}/${job!.id}/retry`)).status).toBe(202);
      await sweep();
      expect([await left(), await failed()]).toEqual([[], []]);
    });
  },
);

describe("rows that fail", () => {
  it("fill no page: those behind them are done in the same run", async () => {
    const rows = Array.from({ length: 130 }, (_, i) => `${BAD}/${String(i).padStart(3, "0")}`);
    await env.DB.batch(
      [...rows, `${GOOD}/x`].map((key) =>
        env.DB.prepare(
          "INSERT INTO objects (tenant_id, object_key, state, alive_ms) VALUES (?, ?, 'doomed', 0)",
        ).bind(key.split("/")[0], key),
      ),
    );
    await run(
      `CREATE TRIGGER poison BEFORE DELETE ON objects WHEN old.tenant_id = '${BAD}' BEGIN SELECT RAISE(ABORT, 'no'); END`,
    );
    await runSweeps(await quiet(), EVERY_MINUTE);
    expect(await rowsOf(`SELECT * FROM objects WHERE tenant_id = '${GOOD}'`)).toEqual([]);
  });

  it("of objects that the storage cannot hold are no work", async () => {
    const tenant = "t".repeat(1000);
    const insert = "INSERT INTO objects (tenant_id, object_key, state, alive_ms) VALUES (?, ?, 'writing', 0)";
    await run(insert, tenant, `${tenant}/${"0".repeat(36)}`);
    await run(insert, GOOD, `${GOOD}/x`);
    const swept = await asOperator(server, "POST", "/api/operator/v1/sweep-uploads");
    expect([swept.status, swept.json()]).toEqual([200, { removed: 2 }]);
    expect(await rowsOf("SELECT * FROM objects")).toEqual([]);
  });

  it("among objects without a record leave those of other tenants to be removed", async () => {
    const key = (tenant: string) => `${tenant}/11111111-1111-4111-8111-111111111111`;
    for (const tenant of [BAD, GOOD]) await env.ARTIFACTS.put(key(tenant), "bytes");
    const { uploaded } = (await env.ARTIFACTS.head(key(BAD)))!;
    server.now = uploaded.getTime() + 3 * DAY_MS;
    const deps = await quiet();
    const bucket = new Proxy(deps.bucket, {
      get: (target, name) =>
        name === "delete"
          ? async (keys: string[]) => {
              if (keys.includes(key(BAD))) throw new Error("the storage refuses");
              await target.delete(keys);
            }
          : Reflect.get(target, name).bind(target),
    });
    await runSweeps({ ...deps, bucket }, EVERY_NIGHT);
    expect((await env.ARTIFACTS.list()).objects.map((object) => object.key)).toEqual([key(BAD)]);
    expect(await failed()).toMatchObject([
      { workflow: "row:remove-orphans", failure: "the storage refuses" },
    ]);
  });
});
