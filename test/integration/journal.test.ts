import { beforeEach, describe, expect, it } from "vitest";
import { asTenantId } from "../../src/platform/ids.ts";
import { flushJournal } from "../../src/tenantdata/journal/flush.ts";
import { segmentsOf } from "../../src/tenantdata/journal/read-journal.ts";
import { runSweeps } from "../../src/app/sweeps.ts";
import { keepJournals } from "../../src/tenantdata/index.ts";
import { aDevice, aTenant } from "../support/actors.ts";
import { aFilledTenant } from "../support/archives.ts";
import { poll, report } from "../support/deployments.ts";
import { begunJournal, keptNow, marks, replayed, restored } from "../support/journal.ts";
import { env, Server } from "../support/server.ts";

const ACME = asTenantId("acme");

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

const everyMinute = async () => runSweeps(await server.deps(), { journals: keepJournals });

describe("the journal of a tenant", () => {
  it("tells what is there, whatever was done, and before each flush what was there then", async () => {
    const { devices, user, deployment } = await aFilledTenant(server, ACME);
    server.advance(60_000);
    const filledMs = await flush();
    const filled = await keptNow(ACME);
    expect(Object.keys(filled)).toEqual(
      expect.arrayContaining([
        "artifact_objects",
        "auth_sets",
        "deployment_counters",
        "device_deployments",
        "inventory_devices",
        "releases",
      ]),
    );
    expect(await replayed(server, ACME)).toEqual(filled);
    expect(await marks(ACME)).toEqual([]);

    server.advance(30_000);
    const [first, second] = devices;
    expect((await report(server, first!, deployment, "installing")).status).toBe(204);
    expect((await poll(server, second!, { device_type: "raspberrypi4" })).status).toBe(200);
    const gone = await server.call("DELETE", `/api/management/v2/devauth/devices/${devices[2]!.id}`, {
      token: user.token,
    });
    expect(gone.status).toBe(204);
    await server.deliverEvents();
    await flush();
    expect(await replayed(server, ACME)).toEqual(await keptNow(ACME));
    expect(await replayed(server, ACME, filledMs)).toEqual(filled);
  });

  it("writes nothing while nothing happens", async () => {
    await aDevice(server, { tenant: ACME });
    await flush();
    const before = await segments();
    expect(before).toHaveLength(1);
    server.advance(60_000);
    expect(await flush()).toBe(server.now);
    expect(await segments()).toEqual(before);
  });

  it("is about one tenant alone", async () => {
    await aFilledTenant(server, "other");
    expect(await marks("other")).toEqual([]);
    await flush();
    expect(await segments()).toEqual([]);
  });

  it("refuses what would be marked while the tenant is being restored", async () => {
    const device = await aDevice(server, { tenant: ACME });
    await env.DB.prepare("UPDATE journals SET state = 'restoring' WHERE tenant_id = ?").bind(ACME).run();
    const refused = await server.call("PATCH", "/api/devices/v1/inventory/device/attributes", {
      token: device.token,
      json: [{ name: "place", value: "x" }],
    });
    expect([refused.status, refused.headers.get("retry-after"), refused.json()]).toMatchObject([
      503,
      "5",
      { error: "the tenant is being restored" },
    ]);
  });
});

describe("the duties of journals", () => {
  it("begin one for every tenant, with a whole copy of what is there, and write what is changed", async () => {
    const { devices, deployment } = await aFilledTenant(server, "other");
    await everyMinute();
    server.advance(60_000);
    const before = await keptNow("other");
    expect(await restored(server, "other")).toEqual(before);
    expect((await report(server, devices[0]!, deployment, "success")).status).toBe(204);
    await everyMinute();
    const after = await keptNow("other");
    expect(after).not.toEqual(before);
    expect(await restored(server, "other", server.now - 1)).toEqual(before);
    expect(await restored(server, "other")).toEqual(after);
    expect(await marks("other")).toEqual([]);
  });
});
