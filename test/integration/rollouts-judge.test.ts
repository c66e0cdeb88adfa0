import { afterEach, beforeAll, expect, it } from "vitest";
import { EVERY_MINUTE, runSweeps } from "../../src/app/sweeps.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { anArtifact, deploy, inInventory, MANAGEMENT, poll, report, show } from "../support/deployments.ts";
import { env, Server } from "../support/server.ts";

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
afterEach(async () => {
  const { results } = await env.DB.prepare(
    `SELECT d.deployment_id AS id FROM deployments d
     JOIN deployment_counters c ON c.tenant_id = d.tenant_id AND c.seq = d.seq WHERE c.stage < 2`,
  ).all<{ id: string }>();
  for (const { id } of results) await manage("PUT", `/${id}/status`, { status: "aborted" });
});

const looks = async () => runSweeps(await server.deps(), EVERY_MINUTE);

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
    rollout: { state: { paused?: object; judge: { failures: Record<string, unknown> } } };
  };

it("the judge stops what fails more often than earlier rollouts did, once, and does what was asked for", async () => {
  const before = await rollout(pool.slice(0, 1), {});
  await allTell(before, pool.slice(0, 1), "success");
  // As if a fleet had told the same.
  await env.DB.prepare("UPDATE deployment_tallies SET devices = 1000 WHERE outcome = 'success'").run();
  const id = await rollout(pool, { judge: {} });
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
  const next = await rollout(pool, { judge: {}, on_stop: { action: "abort" } });
  await allTell(next, pool.slice(0, 4), "failure");
  await looks();
  await server.deliverEvents();
  expect(await stateOf(next)).toMatchObject({
    status: "finished",
    rollout: { state: { judge: { failures: { verdict: "worse", kinds: [{ usual: { failed: 0 } }] } } } },
  });
});

it("the judge takes a person's word for what is usual, and one rollout's trouble stops no other", async () => {
  const damaged = await rollout(pool.slice(0, 1), { judge: {} });
  await allTell(damaged, pool.slice(0, 1), "failure");
  await env.DB.prepare("UPDATE deployments SET rollout = '{}' WHERE deployment_id = ?").bind(damaged).run();
  const fine = await rollout(pool, { judge: { level_percent: 0.5, failures: { usual_percent: 50 } } });
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

it.each([
  ["a list", []],
  ["what it does not know", { silence: {} }],
  ["no level", { level_percent: 0 }],
  ["a level that is none", { level_percent: 50 }],
  ["more than all", { failures: { usual_percent: 101 } }],
  ["less than nothing", { failures: { margin_percent: -1 } }],
  ["a text", { failures: "x" }],
])("a judge that is %s is refused", async (_, judge) => {
  const json = { name: "d", artifact_name: "release-2", devices: [pool[0]!.id], rollout: { judge } };
  expect((await manage("POST", "", json)).status).toBe(400);
});
