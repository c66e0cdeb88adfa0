import { beforeEach, describe, expect, it } from "vitest";
import { runSweeps } from "../../src/app/sweeps.ts";
import { asTenantId } from "../../src/platform/ids.ts";
import { keepJournals } from "../../src/tenantdata/index.ts";
import { flushJournal } from "../../src/tenantdata/journal/flush.ts";
import { DEPLOYMENTS_A_SLICE, KEYS_A_SLICE, SLICE_BYTES } from "../../src/tenantdata/journal/limits.ts";
import { segmentsOf } from "../../src/tenantdata/journal/read-journal.ts";
import { aTenant } from "../support/actors.ts";
import { aFilledTenant } from "../support/archives.ts";
import { Crash, crashingDeps, Moments } from "../support/crashing.ts";
import { poll, report } from "../support/deployments.ts";
import { begunJournal, keptNow, marks, replayed, restored } from "../support/journal.ts";
import { env, Server } from "../support/server.ts";
import { asOperator } from "../support/workflows.ts";

const ACME = asTenantId("acme");
const MINUTE = 60_000;

let server: Server;

beforeEach(async () => {
  server = await Server.start();
  await aTenant(server, ACME);
  await begunJournal(server, ACME);
});

const flush = async () => flushJournal(await server.deps(), ACME);

async function segments(): Promise<number[]> {
  const found: number[] = [];
  for await (const { cutMs } of segmentsOf(await server.deps(), ACME, 0, server.now * 2)) found.push(cutMs);
  return found;
}

/** Work that is stopped at one of its moments; answers whether it came to its end. */
async function stoppedAt(
  stop: number,
  work: (deps: Awaited<ReturnType<Server["deps"]>>) => Promise<unknown>,
) {
  const moments = new Moments(stop);
  try {
    await work(crashingDeps(await server.deps(), moments));
    return true;
  } catch (cause) {
    if (cause instanceof Crash) return false;
    throw cause;
  }
}

describe("a flush that is stopped at any moment", () => {
  it("loses nothing, and tells nothing of a later time than it was", async () => {
    const { devices, deployment } = await aFilledTenant(server, ACME);
    const [first, second] = devices;
    let state = "downloading";
    for (let stop = 1, ended = false; !ended; stop++) {
      server.advance(MINUTE);
      state = state === "downloading" ? "installing" : "downloading";
      expect((await report(server, first!, deployment, state)).status).toBe(204);
      const before = await keptNow(ACME);
      ended = await stoppedAt(stop, (deps) => flushJournal(deps, ACME));
      server.advance(MINUTE);
      const stoppedMs = server.now;
      const patch = { token: second!.token, json: [{ name: "round", value: `${stop}` }] };
      expect((await server.call("PATCH", "/api/devices/v1/inventory/device/attributes", patch)).status).toBe(
        200,
      );
      server.advance(MINUTE);
      await flush();
      expect([stop, await replayed(server, ACME)]).toEqual([stop, await keptNow(ACME)]);
      expect([stop, await marks(ACME)]).toEqual([stop, []]);
      // One that came to its end tells what was there then.
      if (ended) expect(await replayed(server, ACME, stoppedMs)).toEqual(before);
    }
  });
});

describe("what is too much for one object", () => {
  const many = (count: number, statement: string, ...values: unknown[]) =>
    env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) ${statement}`,
    )
      .bind(...values)
      .run();
  const addDevices = (count: number, bytes = 1) =>
    many(
      count,
      `INSERT INTO inventory_devices (tenant_id, device_id, created_ms, updated_ms, attributes)
       SELECT 'acme', 'device-' || i, ?, ?, json_object('inventory-a', json_array(hex(zeroblob(?)))) FROM n`,
      server.now,
      server.now,
      bytes / 2,
    );
  const addConfigurations = (count: number) =>
    many(
      count,
      "INSERT INTO device_configurations (tenant_id, device_id) SELECT 'acme', 'device-' || i FROM n",
    );

  it.each([
    ["subjects", KEYS_A_SLICE, addConfigurations],
    ["devices that were updated", KEYS_A_SLICE - 1, addDevices],
  ])("goes into a second one: %s [limit: slices]", async (_, most, add) => {
    server.advance(MINUTE);
    await add(most);
    await flush();
    expect(await segments()).toHaveLength(1);
    await env.DB.prepare("DELETE FROM device_configurations WHERE tenant_id = 'acme'").run();
    await env.DB.prepare("DELETE FROM inventory_devices WHERE tenant_id = 'acme'").run();
    await flush();
    await flush();
    const before = (await segments()).length;
    server.advance(MINUTE);
    await add(KEYS_A_SLICE + 1);
    await flush();
    expect(new Set((await segments()).slice(before))).toEqual(new Set([server.now]));
    expect((await segments()).slice(before)).toHaveLength(2);
    expect(await replayed(server, ACME)).toEqual(await keptNow(ACME));
  });

  it("goes into a second one by its bytes, unless it is one subject alone [limit: slice-bytes]", async () => {
    server.advance(MINUTE);
    await addDevices(6, SLICE_BYTES / 4 + 1);
    await flush();
    expect(await segments()).toHaveLength(2);
    expect(await replayed(server, ACME)).toEqual(await keptNow(ACME));
  });

  it("goes into a second one by the deployments of its devices [limit: slice-deployments]", async () => {
    const count = DEPLOYMENTS_A_SLICE + 1;
    await many(
      count,
      `INSERT INTO deployment_counters (tenant_id, seq, opens_ms, max_devices, remaining, unseen)
       SELECT 'acme', i, 0, 2, 2, 2 FROM n`,
    );
    await flush();
    server.advance(MINUTE);
    // As a device does that joins: the count changes with its row.
    for (let seq = 1; seq <= count; seq++)
      await env.DB.batch([
        env.DB.prepare(
          "UPDATE deployment_counters SET pending = pending + 1, unseen = unseen - 1 WHERE seq = ?",
        ).bind(seq),
        env.DB.prepare(
          "INSERT INTO device_deployments (tenant_id, device_id, seq, status, active, opens_ms) VALUES ('acme', 'd', ?, 1, 1, 0)",
        ).bind(seq),
      ]);
    expect(new Set((await marks(ACME)).map((mark) => mark.split(" ")[0]))).toEqual(
      new Set(["device-deployment"]),
    );
    const before = (await segments()).length;
    await flush();
    expect((await segments()).slice(before)).toHaveLength(2);
    expect(await replayed(server, ACME)).toEqual(await keptNow(ACME));
  });

  it("of many devices at one time goes on where it was, run after run", async () => {
    await env.DB.prepare("DELETE FROM journals").run();
    await runSweeps(await server.deps(), { journals: keepJournals });
    server.advance(MINUTE);
    await addDevices(KEYS_A_SLICE * 20 + 10);
    for (let run = 0; run < 3; run++) {
      server.advance(MINUTE);
      await runSweeps(await server.deps(), { journals: keepJournals });
    }
    const { n } = (await env.DB.prepare(
      "SELECT count(*) AS n FROM journals WHERE from_device IS NOT NULL",
    ).first<{ n: number }>())!;
    expect(n).toBe(0);
    expect(await restored(server, ACME)).toEqual(await keptNow(ACME));
  });
});

describe("a tenant whose journal cannot be written", () => {
  it("holds up nobody, is told of, and loses nothing", async () => {
    const [bad, good] = [await aFilledTenant(server, ACME), await aFilledTenant(server, "good")];
    const deps = await server.deps();
    const bucket = new Proxy(deps.bucket, {
      get(inner, name) {
        const member: unknown = Reflect.get(inner, name, inner);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          if (name === "put" && String(args[0]).startsWith("journals/acme/")) throw new Error("no bucket");
          return Reflect.apply(member, inner, args) as unknown;
        };
      },
    });
    const duties = () => runSweeps({ ...deps, bucket, now: () => server.now }, { journals: keepJournals });
    await duties();
    server.advance(MINUTE);
    await report(server, good.devices[0]!, good.deployment, "installing");
    await poll(server, bad.devices[1]!, { device_type: "raspberrypi4" });
    await duties();
    expect(await restored(server, "good")).toEqual(await keptNow("good"));
    expect(await segments()).toEqual([]);
    const jobs = await asOperator(server, "GET", "/api/operator/v1/jobs?status=failed");
    expect(jobs.text).toContain("row:write-journal");
    server.advance(2 * 3_600_000);
    await runSweeps(await server.deps(), { journals: keepJournals });
    expect(await replayed(server, ACME)).toEqual(await keptNow(ACME));
    expect((await asOperator(server, "GET", "/api/operator/v1/jobs?status=failed")).text).not.toContain(
      "write-journal",
    );
  });
});
