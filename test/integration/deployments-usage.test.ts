import { beforeEach, describe, expect, it } from "vitest";
import { decommissionDeviceStatements } from "../../src/deployments/device-membership.ts";
import { useInDeployments } from "../../src/deployments/participants.ts";
import { STATUS_CODES } from "../../src/deployments/status.ts";
import { mayDownload } from "../../src/deployments/store/usage.ts";
import { asDeviceId, DEFAULT_TENANT } from "../../src/platform/ids.ts";
import { env, Server } from "../support/server.ts";

const [DEVICE, OTHER] = [asDeviceId("device-a"), asDeviceId("device-b")];

let server: Server;
beforeEach(async () => {
  server = await Server.start();
});

/** A deployment for both devices of which none has polled. */
async function aWideDeployment(id: string, seq: number) {
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO deployments (tenant_id, seq, deployment_id, kind, name, artifact_name, created_ms, scope, fingerprint)
       VALUES ('default', ?, ?, 'software', 'd', 'release-1', 1, 'all', ?)`,
    ).bind(seq, id, id),
    env.DB.prepare(
      `INSERT INTO deployment_counters (tenant_id, seq, wide_open, opens_ms, max_devices, remaining, unseen)
       VALUES ('default', ?, 1, 1, 2, 2, 2)`,
    ).bind(seq),
    env.DB.prepare(
      "INSERT INTO deployment_targets (tenant_id, seq, first_id, last_id, ids) VALUES ('default', ?, ?, ?, ?)",
    ).bind(seq, DEVICE, OTHER, JSON.stringify([DEVICE, OTHER])),
  ]);
}

const join = (seq: number, device: string) =>
  env.DB.batch([
    env.DB.prepare(
      "INSERT INTO device_deployments (tenant_id, device_id, seq, status, active, opens_ms) VALUES ('default', ?, ?, 2304, 1, 1)",
    ).bind(device, seq),
    env.DB.prepare(
      "UPDATE deployment_counters SET unseen = unseen - 1, pending = pending + 1 WHERE seq = ?",
    ).bind(seq),
  ]);

const counters = (seq: number) =>
  env.DB.prepare(
    "SELECT stage, remaining, unseen, pending, decommissioned FROM deployment_counters WHERE seq = ?",
  )
    .bind(seq)
    .first();

const decommission = async (device: typeof DEVICE) => {
  const deps = await server.deps();
  await deps.db(DEFAULT_TENANT).batch(decommissionDeviceStatements(DEFAULT_TENANT, device, server.now));
};

const events = async () =>
  (
    await env.DB.prepare("SELECT kind, subject, data FROM outbox ORDER BY kind, subject, data").all<
      Record<string, string>
    >()
  ).results.map((row) => [row.kind, row.subject, JSON.parse(row.data!)]);

describe("decommissioning a device", () => {
  it("counts it in every deployment that lists it, seen or not, and finishes those that waited for it", async () => {
    await aWideDeployment("d1", 1);
    await aWideDeployment("d2", 2);
    await join(1, DEVICE);
    await decommission(DEVICE);
    const expected = { stage: 0, remaining: 1, unseen: 1, pending: 0, decommissioned: 1 };
    expect([await counters(1), await counters(2)]).toEqual([expected, expected]);
    await decommission(OTHER);
    const finished = { stage: 2, remaining: 0, unseen: 0, pending: 0, decommissioned: 2 };
    expect([await counters(1), await counters(2)]).toEqual([finished, finished]);
  });

  it("changes nothing the second time", async () => {
    await aWideDeployment("d1", 1);
    await decommission(DEVICE);
    const [before, told] = [await counters(1), (await events()).length];
    await decommission(DEVICE);
    expect([await counters(1), (await events()).length]).toEqual([before, told]);
  });
});

describe("what other domains ask", () => {
  it("tells active use of a release from any use", async () => {
    await aWideDeployment("d1", 1);
    const db = (await server.deps()).db(DEFAULT_TENANT);
    const ask = () =>
      db.batch([
        useInDeployments.current(DEFAULT_TENANT, "release-1"),
        useInDeployments.ever(DEFAULT_TENANT, "release-1"),
      ]);
    expect(await ask()).toEqual([[{ id: "d1" }], { id: "d1" }]);
    await decommission(DEVICE);
    await decommission(OTHER);
    expect(await ask()).toEqual([[], { id: "d1" }]);
  });

  it("allows a download only to devices that take part and are not ended", async () => {
    await aWideDeployment("d1", 1);
    await join(1, DEVICE);
    const db = (await server.deps()).db(DEFAULT_TENANT);
    const allowed = async (device: typeof DEVICE) =>
      (await db.one(mayDownload(DEFAULT_TENANT, "d1", device)))?.status;
    expect([await allowed(DEVICE), await allowed(OTHER)]).toEqual([STATUS_CODES.pending, undefined]);
    await decommission(DEVICE);
    expect(await allowed(DEVICE)).toBeUndefined();
  });
});
