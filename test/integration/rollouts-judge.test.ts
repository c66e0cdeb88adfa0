import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { EVERY_MINUTE, runSweeps } from "../../src/app/sweeps.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import {
  abortAll,
  anArtifact,
  deploy,
  inInventory,
  MANAGEMENT,
  poll,
  report,
  show,
} from "../support/deployments.ts";
import { asTenantId } from "../../src/platform/ids.ts";
import { env, Server } from "../support/server.ts";
import { watchRollouts } from "../../src/deployments/index.ts";

let server: Server;
let user: TestUser;
let pool: TestDevice[];

beforeAll(async () => {
  server = await Server.start();
  user = await aUser(server);
  await anArtifact(server);
  await anArtifact(server, { name: "release-1" });
  pool = [];
  for (let i = 0; i < 6; i++) pool.push(await aDevice(server));
  await inInventory(server, pool);
});

const manage = (method: string, path: string, json?: unknown) =>
  server.call(method, `${MANAGEMENT}${path}`, { token: user.token, json });

/** The devices are the same for all tests: what one leaves open ends before the next. */
afterEach(() => abortAll(server, user));

const temperature = { scope: "inventory", name: "temperature" };

const away = () => Promise.reject(new Error("the tenant's head did not answer in time"));
const contactsAway = {
  hasPlainWork: () => false,
  noteContent: () => undefined,
  note: () => {},
  last: away,
  rhythms: away,
  seenByHour: away,
  ages: away,
  waits: async () => {},
  silences: away,
  settleSilences: away,
};

const looks = async () => runSweeps(await server.deps(), EVERY_MINUTE);

/** Nothing but failures is judged. */
const alone = { silence: false, alerts: false };

let made = 0;
const rollout = (devices: readonly TestDevice[], more: Record<string, unknown>) =>
  deploy(server, user, devices, { name: `judged ${(made += 1)}`, rollout: more });

async function allTell(id: string, devices: readonly TestDevice[], status: string): Promise<void> {
  for (const device of devices) {
    expect((await poll(server, device)).status).toBe(200);
    await report(server, device, id, status);
  }
}

const stateOf = async (id: string) =>
  (await show(server, user, id)) as unknown as {
    status: string;
    rollout: { state: { paused?: object; judge: Record<"failures" | "silence", Record<string, unknown>> } };
  };

it("the judge stops what fails more often than earlier rollouts did, once, and does what was asked for", async () => {
  const before = await rollout(pool.slice(0, 1), {});
  await allTell(before, pool.slice(0, 1), "success");
  // As if a fleet had told the same.
  await env.DB.prepare("UPDATE deployment_tallies SET devices = 1000 WHERE outcome = 'success'").run();
  const id = await rollout(pool, { judge: alone });
  await looks();
  const { rollout: fresh } = await stateOf(id);
  expect(fresh.state.judge.failures).toEqual({
    verdict: "no_evidence",
    evidence: 1,
    needed: 100,
    kinds: [],
  });
  await allTell(id, pool.slice(0, 1), "failure");
  await looks();
  expect((await stateOf(id)).rollout.state).toMatchObject({
    judge: { failures: { verdict: "no_evidence" } },
  });
  await allTell(id, pool.slice(1, 4), "failure");
  await looks();
  const halted = await stateOf(id);
  expect(halted.rollout.state).toMatchObject({
    paused: { judge: "failures" },
    judge: {
      failures: {
        verdict: "worse",
        kinds: [{ usual: { results: 1000, failed: 0 }, now: { results: 4, failed: 4 } }],
      },
    },
  });
  expect(halted.rollout.state.judge.failures["evidence"]).toBeGreaterThan(100);
  expect((await poll(server, pool[4]!)).status).toBe(204);
  const { results } = await env.DB.prepare("SELECT data FROM outbox WHERE kind = 'deployment.stopped'").all();
  expect(results.map(({ data }) => JSON.parse(String(data)))).toEqual([{ judge: "failures" }]);

  // Who resumes it is not overruled, and what failed is no measure for the next.
  await manage("POST", `/${id}/resume`);
  await allTell(id, pool.slice(4), "failure");
  await looks();
  expect((await stateOf(id)).rollout.state).toMatchObject({ judge: { failures: { verdict: "worse" } } });
  expect((await stateOf(id)).rollout.state.paused).toBeUndefined();
  const next = await rollout(pool, { judge: alone, on_stop: { action: "abort" } });
  await allTell(next, pool.slice(0, 4), "failure");
  await looks();
  await server.deliverEvents();
  expect(await stateOf(next)).toMatchObject({
    status: "finished",
    rollout: { state: { judge: { failures: { verdict: "worse", kinds: [{ usual: { failed: 0 } }] } } } },
  });
});

it("the judge takes a person's word for what is usual, and one rollout's trouble stops no other", async () => {
  const damaged = await rollout(pool.slice(0, 1), { judge: alone });
  await allTell(damaged, pool.slice(0, 1), "failure");
  await env.DB.prepare("UPDATE deployments SET rollout = '{}' WHERE deployment_id = ?").bind(damaged).run();
  const fine = await rollout(pool, {
    judge: { ...alone, level_percent: 0.5, failures: { usual_percent: 50 } },
  });
  await allTell(fine, pool, "failure");
  const id = await rollout(pool, { judge: { failures: { usual_percent: 1, margin_percent: 1 } } });
  await allTell(id, pool, "failure");
  await looks();
  expect((await stateOf(fine)).rollout.state.judge.failures).toMatchObject({
    verdict: "no_evidence",
    needed: 200,
  });
  expect((await stateOf(id)).rollout.state.judge.failures).toMatchObject({
    verdict: "worse",
    kinds: [{ usual: { results: 10_000, failed: 100 }, now: { results: 6, failed: 6 } }],
  });
  // Finished ones are looked at for the last time.
  const open = "SELECT count(*) AS n FROM deployment_verdicts WHERE open = 1";
  expect(await env.DB.prepare(open).first("n")).toBe(1);
});

describe("updated devices beside others", () => {
  const MINUTE = 60_000;
  const SOME = 40;
  const tenant = asTenantId("default");
  const head = () => env.TENANT_HEAD.get(env.TENANT_HEAD.idFromName(tenant));
  const hear = (ids: readonly string[]) =>
    head().note(
      tenant,
      ids.map((id) => [id, server.now] as const),
    );
  let updated: string[];
  let others: string[];

  /** Devices that tell something every half an hour; the first half of them is updated a minute after. */
  async function watched(
    judge: Record<string, unknown>,
    more: Record<string, unknown> = {},
    some = SOME,
  ): Promise<string> {
    const ids = Array.from({ length: some + SOME }, () => crypto.randomUUID());
    [updated, others] = [ids.slice(0, some), ids.slice(some)];
    await env.DB.prepare(
      `INSERT INTO inventory_devices (tenant_id, device_id, status, created_ms, updated_ms, attributes)
       SELECT 'default', value, 'accepted', 0, 0, '{"inventory-device_type":["pi4"],"inventory-temperature":["20"]}' FROM json_each(?)`,
    )
      .bind(JSON.stringify(ids))
      .run();
    await hear(ids);
    await runDurableObjectAlarm(head());
    server.advance(30 * MINUTE);
    await hear(ids);
    await runDurableObjectAlarm(head());
    const devices = [pool[0]!, ...ids.map((id) => ({ id }))];
    const id = await deploy(server, user, devices, {
      name: `judged ${(made += 1)}`,
      rollout: { judge, ...more },
    });
    server.advance(MINUTE);
    await env.DB.batch([
      env.DB.prepare(
        `INSERT INTO device_deployments (tenant_id, device_id, seq, status, active, opens_ms, finished_ms, device_type, phase)
         SELECT 'default', u.value, d.seq, 2560, 0, 0, ?, 'pi4', 0 FROM deployments d JOIN json_each(?) u WHERE d.deployment_id = ?`,
      ).bind(server.now, JSON.stringify(updated), id),
      env.DB.prepare(
        "UPDATE deployment_counters SET success = ? WHERE seq = (SELECT seq FROM deployments WHERE deployment_id = ?)",
      ).bind(some, id),
    ]);
    await hear(others);
    await watchRollouts(await server.deps());
    return id;
  }

  /** The watch ends, and what is heard of meanwhile. */
  async function anHourLater(heard: readonly string[]): Promise<void> {
    server.advance(40 * MINUTE);
    await hear(heard);
    server.advance(21 * MINUTE);
    await watchRollouts(await server.deps());
  }

  const silenced = (ids: readonly string[]) => ids.filter((_, i) => i % 3 !== 0);

  it("is halted when they fall silent beyond their rhythm", async () => {
    const id = await watched({ alerts: false });
    await anHourLater([...silenced(updated), ...others]);
    expect((await stateOf(id)).rollout.state).toMatchObject({
      paused: { judge: "silence" },
      judge: {
        failures: { verdict: "no_evidence" },
        silence: {
          verdict: "worse",
          needed: 200,
          kinds: [
            { device_type: "pi4", updated: { devices: SOME, bad: 14 }, others: { devices: SOME, bad: 0 } },
          ],
        },
      },
    });
    expect((await poll(server, pool[0]!)).status).toBe(204);
    const why = await manage("GET", `/${id}/devices/${pool[0]!.id}/explain`);
    expect(why.json()).toMatchObject({
      reason: "paused",
      description: "The judge paused the deployment: updated devices fall silent more often than others.",
    });
  });

  it("is not halted when all of them do, and goes on to the next watch", async () => {
    const id = await watched({ alerts: false });
    await anHourLater([...silenced(updated), ...silenced(others)]);
    const silence = async () => (await stateOf(id)).rollout.state.judge.silence;
    expect(await silence()).toMatchObject({ verdict: "no_evidence", kinds: [{ others: { bad: 14 } }] });
    // Nobody was updated since.
    await anHourLater(others);
    expect(await silence()).toMatchObject({ kinds: [{ others: { devices: SOME } }] });
  });

  it("is not judged while the head is away, and is later", async () => {
    const id = await watched({ alerts: false });
    server.advance(61 * MINUTE);
    await watchRollouts({ ...(await server.deps()), contacts: contactsAway });
    expect((await stateOf(id)).rollout.state).toMatchObject({ judge: { silence: { kinds: [] } } });
    await anHourLater(others);
    expect((await stateOf(id)).rollout.state).toMatchObject({ judge: { silence: { verdict: "worse" } } });
  });

  it("is halted for more alerts than others have in the same hours", async () => {
    const id = await watched({ silence: false });
    await raise(updated.slice(0, 14));
    await anHourLater([...updated, ...others]);
    expect((await stateOf(id)).rollout.state).toMatchObject({ paused: { judge: "alerts" } });
  });

  it("is halted for an attribute that goes the wrong way", async () => {
    const id = await watched({ silence: false, alerts: false, attributes: [temperature] });
    await env.DB.prepare(
      `UPDATE inventory_devices SET attributes = json_set(attributes, '$."inventory-temperature"[0]', '25')
       WHERE device_id IN (SELECT value FROM json_each(?))`,
    )
      .bind(JSON.stringify(updated.slice(0, 14)))
      .run();
    await anHourLater([...updated, ...others]);
    expect((await stateOf(id)).rollout.state).toMatchObject({
      paused: { judge: "inventory/temperature" },
      judge: { "inventory/temperature": { verdict: "worse" } },
    });
  });

  const raise = (ids: readonly string[]) =>
    env.DB.prepare(
      `INSERT INTO monitor_latest (tenant_id, device_id, subject, alert_id, level, at_ms, received_ms, alert, changes, changes_since_ms)
       SELECT 'default', value, 'disk', value, 'CRITICAL', ?1, ?1, '{}', 1, ?1 FROM json_each(?2)`,
    )
      .bind(server.now, JSON.stringify(ids))
      .run();

  /** A number of a deployment. */
  const of = (id: string, query: string) =>
    env.DB.prepare(`${query} AND seq = (SELECT seq FROM deployments WHERE deployment_id = ?)`)
      .bind(id)
      .first("n");

  it("counts what lasts: who comes back is not silent, and an alert that is taken back is none", async () => {
    const id = await watched({ level_percent: 10 }, { stop: [{ devices: 30, kinds: ["silence"] }] }, 300);
    const found = async () => (await stateOf(id)).rollout.state;
    await raise(updated.slice(0, 2));
    await anHourLater([...updated.slice(3), ...others]);
    const bad = { updated: { devices: 300, bad: 3 } };
    expect(await found()).toMatchObject({
      judge: {
        silence: { verdict: "no_evidence", kinds: [bad] },
        alerts: { verdict: "no_evidence", kinds: [{ updated: { devices: 300, bad: 2 } }] },
      },
    });
    const silent = () => of(id, "SELECT sum(devices) AS n FROM deployment_tallies WHERE outcome = 'silent'");
    expect(await silent()).toBe(3);
    await env.DB.prepare("UPDATE monitor_latest SET level = 'OK' WHERE device_id = ?").bind(updated[0]).run();
    await hear(updated.slice(0, 2));
    await anHourLater([...updated.slice(3), ...others]);
    expect(await found()).toMatchObject({
      judge: {
        silence: { verdict: "cleared", kinds: [{ updated: { devices: 300, bad: 1 } }] },
        alerts: { verdict: "cleared", kinds: [{ updated: { devices: 300, bad: 1 } }] },
      },
    });
    expect(JSON.stringify(await found())).not.toContain("well");
    expect(await silent()).toBe(1);
    // What is settled once is not settled again.
    await anHourLater(others);
    expect(await silent()).toBe(1);
  });

  it("is settled when all is over, too, and no longer watched then", async () => {
    const id = await watched({ level_percent: 10, alerts: false }, {}, 160);
    await anHourLater([...updated, ...others]);
    expect((await manage("PUT", `/${id}/status`, { status: "aborted" })).status).toBe(204);
    await watchRollouts(await server.deps());
    const watches = () =>
      of(id, "SELECT count(*) AS n FROM deployment_watches WHERE (horizon_s = 3600 OR due_ms < 0)");
    expect(await watches()).toBe(1);
    await anHourLater([]);
    expect(await watches()).toBe(0);
    expect((await stateOf(id)).rollout.state.judge.silence).toMatchObject({ verdict: "cleared" });
  });

  it("leaves out who is decommissioned before it is settled", async () => {
    const id = await watched({ level_percent: 10, alerts: false }, {}, 160);
    await anHourLater([...updated.slice(20), ...others]);
    await env.DB.prepare("DELETE FROM inventory_devices WHERE device_id IN (SELECT value FROM json_each(?))")
      .bind(JSON.stringify(updated.slice(0, 20)))
      .run();
    await anHourLater(others);
    const { silence } = (await stateOf(id)).rollout.state.judge;
    expect(silence).toMatchObject({ kinds: [{ updated: { bad: 0 } }] });
  });

  it("can be counted by a stop rule of a person", async () => {
    const id = await watched(alone, { stop: [{ percent: 20, kinds: ["silence"] }] });
    await anHourLater([...silenced(updated), ...silenced(others)]);
    expect((await stateOf(id)).rollout.state).toMatchObject({ paused: { rule: 1 } });
  });
});

it.each([
  ["a list", []],
  ["what it does not know", { noise: {} }],
  ["no yes or no", { silence: {} }],
  ["the same attribute twice", { attributes: [temperature, temperature] }],
  ["no attribute", { attributes: [{ scope: "inventory" }] }],
  ["no level", { level_percent: 0 }],
  ["a level that is none", { level_percent: 50 }],
  ["more than all", { failures: { usual_percent: 101 } }],
  ["less than nothing", { failures: { margin_percent: -1 } }],
  ["a text", { failures: "x" }],
])("a judge that is %s is refused", async (_, judge) => {
  const json = { name: "d", artifact_name: "release-2", devices: [pool[0]!.id], rollout: { judge } };
  expect((await manage("POST", "", json)).status).toBe(400);
});
