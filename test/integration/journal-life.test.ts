import { beforeEach, describe, expect, it } from "vitest";
import { EVERY_MINUTE, EVERY_NIGHT, runSweeps } from "../../src/app/sweeps.ts";
import { asTenantId } from "../../src/platform/ids.ts";
import { keepJournals, renewJournals } from "../../src/tenantdata/index.ts";
import { flushJournal } from "../../src/tenantdata/journal/flush.ts";
import { JOURNAL_DAYS, KEYS_A_SLICE } from "../../src/tenantdata/journal/limits.ts";
import { sweepOrphanObjects } from "../../src/storage/index.ts";
import { aTenant, type TestDevice } from "../support/actors.ts";
import { refusal } from "../support/answers.ts";
import { aFilledTenant, operator } from "../support/archives.ts";
import { Crash, crashingDeps, Moments } from "../support/crashing.ts";
import { anArchive, imported, removeTenant } from "../support/imports.ts";
import { keptNow, marks, restored } from "../support/journal.ts";
import { env, OPERATOR_TOKEN, Server, type Answer } from "../support/server.ts";
import { readOpenMetrics } from "../support/openmetrics.ts";

const ACME = asTenantId("acme");
const MINUTE = 60_000;
const DAY = 86_400_000;

let server: Server;

beforeEach(async () => {
  server = await Server.start();
});

const minute = async () => {
  server.advance(MINUTE);
  await runSweeps(await server.deps(), { journals: keepJournals });
};
const night = async () => {
  await runSweeps(await server.deps(), { journals: renewJournals });
  await minute();
};

const place = (device: TestDevice, value: string): Promise<Answer> =>
  server.call("PATCH", "/api/devices/v1/inventory/device/attributes", {
    token: device.token,
    json: [{ name: "place", value }],
  });

interface Shown {
  state: string;
  since?: string;
  flushed_until?: string;
  oldest?: string;
  base_at?: string;
  base_under_way?: boolean;
  bytes: number;
}

const PATH = "/tenants/acme/journal";
const show = async () => (await operator(server, "GET", PATH)).json<Shown>();
const set = (json: unknown, path = PATH) => operator(server, "PUT", path, json);

const keysOf = async (tenant: string): Promise<string[]> =>
  (await env.ARTIFACTS.list({ prefix: `journals/${tenant}/` })).objects.map(({ key }) => key);

describe("the journal of a tenant, asked for by the operator", () => {
  it("is there from the next minute on, and tells how far it goes back", async () => {
    const { devices } = await aFilledTenant(server, ACME);
    expect(await show()).toEqual({ tenant_id: "acme", state: "off", bytes: 0 });
    await minute();
    const begunMs = server.now;
    const time = (ms: number) => new Date(ms).toISOString();
    expect(await show()).toMatchObject({
      state: "on",
      since: time(begunMs),
      oldest: time(begunMs),
      base_at: time(begunMs),
      base_under_way: false,
    });
    const { bytes } = await show();
    expect(bytes).toBeGreaterThan(500);
    server.advance(1);
    await place(devices[0]!, "there");
    await minute();
    const later = await show();
    expect(later).toMatchObject({ oldest: time(begunMs), flushed_until: time(server.now) });
    const stored = (await env.ARTIFACTS.list({ prefix: "journals/acme/" })).objects;
    const files = stored.filter(({ key }) => !key.endsWith("base.json"));
    expect(later.bytes).toBe(files.reduce((sum, { size }) => sum + size, 0));
  });

  it("can be ended, and begun anew with a whole copy", async () => {
    const { devices } = await aFilledTenant(server, ACME);
    await minute();
    const ended = await set({ state: "off" });
    expect([ended.status, ended.json()]).toMatchObject([
      200,
      { state: "off", since: new Date(server.now).toISOString() },
    ]);
    await place(devices[0]!, "unseen");
    expect(await marks(ACME)).toEqual([]);
    await minute();
    expect(await show()).toMatchObject({ state: "off" });
    expect((await set({ state: "on" })).json()).toMatchObject({ state: "on", base_under_way: true });
    await minute();
    expect(await show()).toMatchObject({ state: "on", oldest: new Date(server.now).toISOString() });
    expect(await restored(server, ACME)).toEqual(await keptNow(ACME));
    const { results } = await env.DB.prepare(
      "SELECT change FROM audit_log WHERE tenant_id = 'acme' AND change GLOB 'journal*'",
    ).all();
    expect(results).toEqual([{ change: "journal off" }, { change: "journal on" }]);
    expect((await set({ state: "on" })).status).toBe(200);
  });

  it("forgets what was changed and is not in the bucket when it ends", async () => {
    const { devices } = await aFilledTenant(server, ACME);
    await minute();
    await server.call("DELETE", "/api/management/v2/devauth/devices/none", {});
    await env.DB.prepare("DELETE FROM devices WHERE device_id = ?").bind(devices[0]!.id).run();
    expect(await marks(ACME)).not.toEqual([]);
    await set({ state: "off" });
    expect(await marks(ACME)).toEqual([]);
  });

  it.each([
    [{}, 400],
    [{ state: "maybe" }, 400],
    [{ state: null }, 400],
    [{ state: ["on"] }, 400],
    [{ state: "on", since: "ever" }, 400],
    [null, 400],
  ])("refuses %j", async (json, status) => {
    await aTenant(server, ACME);
    expect((await set(json)).status).toBe(status);
  });

  it("knows its tenants", async () => {
    const unknown = "/tenants/nobody/journal";
    expect((await operator(server, "GET", unknown)).status).toBe(404);
    expect((await set({ state: "off" }, unknown)).status).toBe(404);
  });

  it("stays as it is while the tenant is being restored", async () => {
    await aTenant(server, ACME);
    await minute();
    await env.DB.prepare("UPDATE journals SET state = 'restoring' WHERE tenant_id = 'acme'").run();
    expect(refusal(await set({ state: "off" }))).toEqual([409, "the tenant is being restored"]);
    expect(await show()).toMatchObject({ state: "restoring" });
  });

  it("is kept of nobody where the installation says so, and of all when it says so no more", async () => {
    const { devices } = await aFilledTenant(server, ACME);
    await minute();
    server.configure({ JOURNAL: "off" });
    await place(devices[0]!, "here");
    await minute();
    expect(await show()).toMatchObject({ state: "off" });
    expect(await marks(ACME)).toEqual([]);
    expect(refusal(await set({ state: "on" }))).toEqual([
      409,
      "this installation keeps no journals (JOURNAL)",
    ]);
    server.configure({ JOURNAL: "on" });
    await minute();
    expect(await show()).toMatchObject({ state: "on" });
    await set({ state: "off" });
    await minute();
    expect(await show()).toMatchObject({ state: "off" });
  });
});

describe("whole copies", () => {
  const addDevices = (count: number) =>
    env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
       INSERT INTO device_configurations (tenant_id, device_id) SELECT 'acme', 'device-' || i FROM n`,
    ).run();

  it("of more than a page hold everything [limit: slices]", async () => {
    await aFilledTenant(server, ACME);
    await addDevices(2 * KEYS_A_SLICE + 1);
    await minute();
    server.advance(MINUTE);
    expect(await restored(server, ACME)).toEqual(await keptNow(ACME));
  });

  it("that are stopped at any moment go on, and hold everything", { timeout: 120_000 }, async () => {
    const { devices } = await aFilledTenant(server, ACME);
    await addDevices(9 * KEYS_A_SLICE);
    await minute();
    let moments = 0;
    for (let stop = 1, ended = false; !ended; stop += 2) {
      await place(devices[0]!, `${stop}`);
      await minute();
      await runSweeps(await server.deps(), { journals: renewJournals });
      const stopped = new Moments(stop);
      const work = keepJournals(crashingDeps(await server.deps(), stopped));
      ended = await work.then(
        () => true,
        (cause: unknown) => {
          if (cause instanceof Crash) return false;
          throw cause;
        },
      );
      await env.DB.prepare("DELETE FROM jobs").run();
      moments += 1;
      await place(devices[1]!, `${stop}`);
      await minute();
      server.advance(MINUTE);
      expect(await show()).toMatchObject({ base_under_way: false });
      expect([stop, await restored(server, ACME)]).toEqual([stop, await keptNow(ACME)]);
    }
    expect(moments).toBeGreaterThan(5);
  });

  it("are made anew each night in which something had changed, and no other", async () => {
    const { devices } = await aFilledTenant(server, ACME);
    await minute();
    const first = await show();
    server.advance(DAY);
    await night();
    expect((await show()).base_at).toBe(first.base_at);
    await place(devices[0]!, "there");
    await minute();
    await night();
    expect((await show()).base_at).not.toBe(first.base_at);
    expect((await show()).oldest).toBe(first.oldest);
  });

  it("go when no minute of the last days needs them, with what was changed before [limit: journal-days]", async () => {
    const { devices } = await aFilledTenant(server, ACME);
    await aFilledTenant(server, "other");
    await minute();
    const begun = Date.parse((await show()).oldest!);
    for (let day = 1; day <= 3; day++) {
      server.advance(DAY);
      await place(devices[0]!, `day ${day}`);
      await minute();
      await night();
    }
    const all = await keysOf(ACME);
    const second = Date.parse((await show()).base_at!);
    server.now = begun + JOURNAL_DAYS * DAY + DAY - 1;
    await night();
    expect(await keysOf(ACME)).toEqual(all);
    // A day later than the third copy is all that is needed of the first days.
    server.now = second + (JOURNAL_DAYS + 2) * DAY;
    const bytes = (await show()).bytes;
    await night();
    expect(Date.parse((await show()).oldest!)).toBeGreaterThan(begun);
    const left = await keysOf(ACME);
    expect(left.length).toBeLessThan(all.length);
    expect((await show()).bytes).toBeLessThan(bytes);
    expect(await keysOf("other")).not.toEqual([]);
    expect(await restored(server, ACME)).toEqual(await keptNow(ACME));
    await set({ state: "off" });
    server.advance((JOURNAL_DAYS + 1) * DAY);
    await night();
    expect([await keysOf(ACME), (await show()).bytes]).toEqual([[], 0]);
  });
});

describe("a tenant with a journal", () => {
  it("that is removed leaves nothing of it", async () => {
    await aFilledTenant(server, ACME);
    await minute();
    expect(await keysOf(ACME)).not.toEqual([]);
    await removeTenant(server, "acme");
    expect(await keysOf(ACME)).toEqual([]);
    const left = await env.DB.prepare(
      "SELECT tenant_id FROM journals UNION ALL SELECT tenant_id FROM journal_marks",
    ).all();
    expect(left.results).not.toContainEqual({ tenant_id: "acme" });
    await minute();
    expect(await keysOf(ACME)).toEqual([]);
  });

  it("keeps it whatever the sweep of the bucket finds", async () => {
    await aFilledTenant(server, ACME);
    await minute();
    const before = await keysOf(ACME);
    const orphan = "zulu/11111111-1111-4111-8111-111111111111";
    const { uploaded } = (await env.ARTIFACTS.put(orphan, ""))!;
    server.now = Math.max(server.now, uploaded.getTime()) + 3 * DAY;
    await sweepOrphanObjects(await server.deps());
    expect(await keysOf(ACME)).toEqual(before);
    expect(await env.ARTIFACTS.head(orphan)).toBeNull();
  });

  it("that comes from an archive begins a new one", async () => {
    const { bytes } = await anArchive(server, {
      prepare: async () => {
        await minute();
      },
    });
    await removeTenant(server, "acme");
    expect(await imported(server, bytes)).toMatchObject({ state: "done" });
    expect(await marks(ACME)).toEqual([]);
    await minute();
    server.advance(MINUTE);
    expect(await show()).toMatchObject({ state: "on", base_under_way: false });
    expect(await restored(server, ACME)).toEqual(await keptNow(ACME));
  });

  it("does all duties of a minute and a night beside it", async () => {
    await aFilledTenant(server, ACME);
    await runSweeps(await server.deps(), EVERY_MINUTE);
    await runSweeps(await server.deps(), EVERY_NIGHT);
    const jobs = await operator(server, "GET", "/jobs?status=failed");
    expect(jobs.json()).toEqual([]);
  });
});

describe("the age of what is in no journal", () => {
  it("is that of the oldest mark", async () => {
    await aFilledTenant(server, ACME);
    await minute();
    const age = async () => {
      const { text } = await server.call("GET", "/metrics", { token: OPERATOR_TOKEN });
      return readOpenMetrics(text).get("edgemend_journal_age_seconds")?.samples[0]?.value;
    };
    expect(await age()).toBe(0);
    await env.DB.prepare("DELETE FROM releases WHERE tenant_id = 'acme'").run();
    await env.DB.prepare("UPDATE journal_marks SET at_s = ?")
      .bind(Math.floor(server.now / 1000) - 90)
      .run();
    expect(await age()).toBe(90);
    await flushJournal(await server.deps(), ACME);
    expect(await age()).toBe(0);
  });
});
