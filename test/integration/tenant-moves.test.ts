import { beforeEach, describe, expect, it } from "vitest";
import { EVERY_MINUTE, runSweeps } from "../../src/app/sweeps.ts";
import { MOVED_TABLES } from "../../src/tenantdata/moving/copy.ts";
import { runMove } from "../../src/tenantdata/moving/moves.ts";
import { asTenantId } from "../../src/platform/ids.ts";
import { aDevice, type TestDevice, type TestUser } from "../support/actors.ts";
import { answersAt, refusal } from "../support/answers.ts";
import { aFilledTenant } from "../support/archives.ts";
import { anArtifact, counts, deploy, inInventory, poll, report } from "../support/deployments.ts";
import { keepJournals } from "../../src/tenantdata/index.ts";
import { keptNow, restored } from "../support/journal.ts";
import { Crash, crashingDeps, Moments } from "../support/crashing.ts";
import { LONG } from "../support/form.ts";
import { env, OPERATOR_TOKEN, Server, type Answer } from "../support/server.ts";
import {
  bindFurther,
  bindSpare,
  FURTHER,
  FURTHER_HOME,
  SPARE,
  SPARE_HOME,
} from "../support/spare-database.ts";

const ACME = asTenantId("acme");
const INVENTORY = "/api/devices/v1/inventory/device/attributes";
const CHECK = "/api/devices/v1/deployments/device/deployments/next?artifact_name=a&device_type=t";

let server: Server;
let user: TestUser;
let device: TestDevice;

beforeEach(async () => {
  server = await Server.start();
  await bindSpare(server);
  ({ user } = await aFilledTenant(server, "acme"));
  device = await aDevice(server, { tenant: "acme" });
  await server.deliverEvents();
});

const operate = (method: string, path: string, json?: unknown): Promise<Answer> =>
  server.call(method, `/api/operator/v1/tenants/${path}`, {
    token: OPERATOR_TOKEN,
    ...(json !== undefined && { json }),
  });

const begin = (database: string = SPARE_HOME) => operate("POST", "acme/move", { database });

/** Another process, which remembers nothing. */
const forget = () => server.configure({});

const inventory = (value: string) =>
  server.call("PATCH", INVENTORY, { token: device.token, json: [{ name: "place", value }] });

const READS = [
  "/api/management/v2/devauth/devices?per_page=100",
  "/api/management/v2/devauth/devices/count",
  "/api/management/v1/inventory/devices?per_page=100",
  "/api/management/v1/inventory/groups",
  "/api/management/v2/inventory/filters/attributes",
  "/api/management/v1/deployments/deployments",
  "/api/management/v1/deployments/artifacts",
  "/api/management/v2/deployments/deployments/releases",
  "/api/management/v1/auditlogs/logs?per_page=100&extended=true",
  "/api/management/v1/useradm/users",
  "/api/management/v1/tenantadm/user/tenant",
  "/api/management/v1/deployments/limits/storage",
];

/** What the tenant's users are answered, byte by byte. */
const answers = () => answersAt(server, user.token, READS);

/** What is left in a database of a tenant, by table. */
async function rowsIn(database: D1Database): Promise<Record<string, number>> {
  const counts = await database.batch<{ n: number }>(
    MOVED_TABLES.map(({ name }) =>
      database.prepare(`SELECT count(*) AS n FROM ${name} WHERE tenant_id = 'acme'`),
    ),
  );
  return Object.fromEntries(
    MOVED_TABLES.flatMap(({ name }, i) => {
      const n = counts[i]?.results[0]?.n ?? 0;
      return n === 0 ? [] : [[name, n]];
    }),
  );
}

const stateOf = async () => (await operate("GET", "acme/move")).json<{ state: string; step: string }>();

/** Begins without the work after the answer, wherever it goes. */
async function held(work: () => Promise<Answer>): Promise<void> {
  const lease =
    "CREATE TRIGGER held BEFORE UPDATE OF leased_ms ON tenant_moves WHEN NEW.leased_ms > 0 BEGIN SELECT RAISE(FAIL, 'held'); END";
  await env.DB.prepare(lease).run();
  try {
    expect((await work()).status).toBe(202);
  } finally {
    await env.DB.prepare("DROP TRIGGER held").run();
  }
}

/** The move as far as the step that is told, by another process than those that are asked afterwards. */
async function moveUntil(step: string, database = SPARE_HOME): Promise<void> {
  await held(() => begin(database));
  const deps = await server.deps();
  for (let tries = 0; (await stateOf()).step !== step; tries++) {
    if (tries > 100) throw new Error(`the move does not come to ${step}`);
    await runMove(deps, ACME, ONE_STEP);
  }
  forget();
}

/** As many calls as let a run begin one step. */
const ONE_STEP = 64;

const audit = (text: string) => text.includes("auditlogs");
const others = (list: string[]) => list.filter((text) => !audit(text));

describe("a tenant that is moved", () => {
  it("is answered the same before and after, and leaves nothing where it was", async () => {
    const [before, rows] = [await answers(), await rowsIn(env.DB)];
    expect(before.filter((text) => / (200|204) /.test(text))).toEqual(before);
    const begun = await begin();
    expect([begun.status, begun.json()]).toMatchObject([
      202,
      { state: "running", source: "DB", target: SPARE_HOME, paused_at: expect.any(String) },
    ]);
    expect(await stateOf()).toMatchObject({ state: "done", step: "done", resumed_at: expect.any(String) });
    forget();
    expect(others(await answers())).toEqual(others(before));
    expect(await rowsIn(env.DB)).toEqual({});
    expect(await rowsIn(SPARE)).toEqual({ ...rows, audit_log: rows.audit_log! + 1 });
    // And back again, with all that was recorded meanwhile.
    expect((await inventory("there")).status).toBe(200);
    const there = await answers();
    expect((await begin("DB")).status).toBe(202);
    expect(await stateOf()).toMatchObject({ state: "done" });
    forget();
    expect(others(await answers())).toEqual(others(there));
    expect(await rowsIn(SPARE)).toEqual({});
  });

  it("goes from one further database to another, past the directory", async () => {
    await bindFurther(server);
    expect((await begin()).status).toBe(202);
    expect(await stateOf()).toMatchObject({ state: "done" });
    forget();
    expect((await inventory("there")).status).toBe(200);
    const [before, rows] = [await answers(), await rowsIn(SPARE)];
    const begun = await begin(FURTHER_HOME);
    expect(begun.json()).toMatchObject({ source: SPARE_HOME, target: FURTHER_HOME });
    expect(await stateOf()).toMatchObject({ state: "done" });
    forget();
    expect(others(await answers())).toEqual(others(before));
    expect([await rowsIn(env.DB), await rowsIn(SPARE)]).toEqual([{}, {}]);
    expect(await rowsIn(FURTHER)).toEqual({ ...rows, audit_log: rows.audit_log! + 1 });
    const copies = SPARE.prepare("SELECT count(*) AS n FROM tenants WHERE tenant_id = 'acme'");
    expect(await copies.first("n")).toBe(0);
    expect((await inventory("further")).status).toBe(200);
    const suspended = await operate("PUT", "acme/status", { status: "suspended" });
    expect(suspended.status).toBe(200);
    expect((await inventory("late")).status).toBe(401);
  });

  it("goes on between further databases, wherever it was stopped", async () => {
    await bindFurther(server);
    expect((await begin()).status).toBe(202);
    forget();
    const before = await answers();
    let [from, to] = [
      { d1: SPARE, name: SPARE_HOME },
      { d1: FURTHER, name: FURTHER_HOME },
    ];
    for (const step of ["copying", "checking", "switching", "closing", "removing"]) {
      await moveUntil(step, to.name);
      expect(others(await answers())).toEqual(others(before));
      await runSweeps(await server.deps(), EVERY_MINUTE);
      expect([step, await stateOf()]).toMatchObject([step, { state: "done" }]);
      expect([step, await rowsIn(from.d1)]).toEqual([step, {}]);
      expect(others(await answers())).toEqual(others(before));
      [from, to] = [to, from];
    }
  });
});

describe("the journal of a tenant that is moved", () => {
  it("comes along, and tells what was at either home", async () => {
    const keep = async () => {
      server.advance(60_000);
      await runSweeps(await server.deps(), { journals: keepJournals });
    };
    await keep();
    expect((await inventory("before")).status).toBe(200);
    const before = await keptNow("acme");
    await moveUntil("checking");
    // Nobody writes it on the way, and copying rows marks none of them.
    await keep();
    await runSweeps(await server.deps(), EVERY_MINUTE);
    expect(await stateOf()).toMatchObject({ state: "done" });
    forget();
    const counted = await SPARE.prepare(
      "SELECT count(*) AS n FROM journal_marks WHERE tenant_id = 'acme'",
    ).first("n");
    expect(counted).toBe(0);
    await keep();
    expect(await restored(server, "acme")).toEqual(before);
    expect((await inventory("after")).status).toBe(200);
    await keep();
    expect(await restored(server, "acme")).toEqual(await keptNow("acme", SPARE));
    expect(await restored(server, "acme", server.now - 1)).toEqual(before);
  });
});

describe("while a tenant is moved", () => {
  it.each(["copying", "checking", "opening", "switching", "closing"])(
    "at %s it is read and not written, its idle checks go on, and others do not notice [differs: tenant-moving]",
    async (step) => {
      expect((await server.call("GET", CHECK, { token: device.token })).status).toBe(204);
      const before = await answers();
      const stranger = await aDevice(server);
      await moveUntil(step);
      expect(others(await answers())).toEqual(others(before));
      const refused = await inventory("meanwhile");
      expect([refusal(refused), refused.headers.get("retry-after")]).toEqual([
        [503, "the tenant is being moved"],
        "5",
      ]);
      // What users do is recorded where their tenant lives, and waits as well.
      const made = await server.call("POST", "/api/management/v1/useradm/settings/tokens", {
        token: user.token,
        json: { name: "t", expires_in: 60 },
      });
      expect(made.status).toBe(503);
      expect((await server.call("GET", CHECK, { token: device.token })).status).toBe(204);
      const other = { token: stranger.token, json: [{ name: "place", value: "x" }] };
      expect((await server.call("PATCH", INVENTORY, other)).status).toBe(200);
      await runSweeps(await server.deps(), EVERY_MINUTE);
      expect(await stateOf()).toMatchObject({ state: "done" });
      expect((await inventory("afterwards")).status).toBe(200);
      expect(await rowsIn(env.DB)).toEqual({});
    },
  );

  it("a device with work is never told that there is none, and none of its reports is lost", async () => {
    const busy = await aDevice(server, { tenant: "acme" });
    await inInventory(server, [busy]);
    await anArtifact(server, { tenant: "acme", name: "release-9" });
    const id = await deploy(server, user, [busy], { artifact_name: "release-9" });
    expect((await poll(server, busy)).status).toBe(200);
    const reports = ["downloading", "installing", "rebooting", "success"];
    const answered: number[] = [];
    await held(() => begin());
    const deps = await server.deps();
    for (let isDone = false; !isDone;) {
      isDone = (await stateOf()).state === "done";
      if (isDone && reports.length > 1) reports.splice(0, reports.length - 1);
      answered.push((await poll(server, busy)).status);
      const [next] = reports;
      const { status } = await report(server, busy, id, next!);
      expect([204, 503]).toContain(status);
      if (status === 204) reports.shift();
      await runMove(deps, ACME, ONE_STEP);
    }
    expect(new Set(answered)).toEqual(new Set([503, 200]));
    while (reports.length > 0) expect((await report(server, busy, id, reports.shift()!)).status).toBe(204);
    forget();
    expect(await counts(server, user, id)).toEqual({ success: 1 });
  });

  it("a process that knows it at its old home finds it at the new one", async () => {
    const old = { ...server.env };
    const call = (value: string) =>
      server.call("PATCH", INVENTORY, { token: device.token, json: [{ name: "place", value }] }, old);
    expect((await call("first")).status).toBe(200);
    forget();
    expect((await begin()).status).toBe(202);
    expect(await stateOf()).toMatchObject({ state: "done" });
    expect((await call("second")).status).toBe(200);
    const found = await SPARE.prepare("SELECT attributes FROM inventory_devices WHERE device_id = ?")
      .bind(device.id)
      .first<string>("attributes");
    expect(found).toContain("second");
    expect(await rowsIn(env.DB)).toEqual({});
  });

  it("it can be left where it is until it has changed its home, and not after", async () => {
    const before = await answers();
    await moveUntil("checking");
    const ended = await operate("DELETE", "acme/move");
    expect([ended.status, ended.json()]).toMatchObject([200, { state: "cancelled", source: "DB" }]);
    expect(others(await answers())).toEqual(others(before));
    expect((await inventory("on")).status).toBe(200);
    expect(await rowsIn(SPARE)).toEqual({});
    await moveUntil("closing");
    const late = await operate("DELETE", "acme/move");
    expect(refusal(late)).toEqual([409, "the move cannot be ended any more: it is closing"]);
  });

  it("a copy that is not what was read is made anew, and given up in the end", async () => {
    await moveUntil("checking");
    const deps = await server.deps();
    const until = async (isThere: (step: string) => boolean) => {
      while (!isThere((await stateOf()).step)) await runMove(deps, ACME, ONE_STEP);
    };
    for (let attempt = 0; attempt < 3; attempt++) {
      await until((step) => step === "checking");
      await SPARE.prepare("UPDATE devices SET identity = '{}' WHERE tenant_id = 'acme'").run();
      await until((step) => step !== "checking");
    }
    await until((step) => step === "failed" || step === "done");
    expect((await operate("GET", "acme/move")).json()).toMatchObject({
      state: "failed",
      error: "the copy differs in devices",
    });
    expect((await inventory("on")).status).toBe(200);
    expect(await rowsIn(SPARE)).toEqual({});
  });
});

describe("a move that is stopped at any moment", () => {
  it("leaves one true home, and goes on from there", { timeout: 600_000 }, async () => {
    const before = others(await answers());
    let [home, moments] = ["DB", 0];
    const everyNth = LONG ? 1 : 5;
    for (let stop = 1, ended = false; !ended; stop += everyNth) {
      const target = home === "DB" ? SPARE_HOME : "DB";
      await held(() => begin(target));
      const stopped = new Moments(stop);
      ended = await runMove(crashingDeps(await server.deps(), stopped), ACME).then(
        () => true,
        (cause: unknown) => {
          if (cause instanceof Crash) return false;
          throw cause;
        },
      );
      moments += 1;
      forget();
      expect([stop, others(await answers())]).toEqual([stop, before]);
      // Whoever worked on it is gone, and its time is over.
      server.advance(120_000);
      await runMove(await server.deps(), ACME, 100_000);
      expect([stop, await stateOf()]).toMatchObject([stop, { state: "done" }]);
      forget();
      expect([stop, others(await answers())]).toEqual([stop, before]);
      const [left, right] = [await rowsIn(env.DB), await rowsIn(SPARE)];
      expect([stop, target === "DB" ? right : left]).toEqual([stop, {}]);
      home = target;
    }
    expect(moments).toBeGreaterThan(20);
  });
});

describe("asking for a move", () => {
  it.each([
    [
      "a database that is none",
      { database: "DATA_9" },
      400,
      "database: must be one that tenants can live in.",
    ],
    [
      "no jurisdiction of this server",
      { jurisdiction: "eu" },
      400,
      "jurisdiction: must be one that a database of this server is in.",
    ],
    ["no jurisdiction at all", { jurisdiction: "moon" }, 400, "jurisdiction: must be one of eu, fedramp."],
    ["where it lives", { database: "DB" }, 409, "the tenant lives in DB already"],
  ])("of %s is refused", async (_, body, status, text) => {
    const answer = await operate("POST", "acme/move", body);
    expect([answer.status, answer.json().error]).toEqual([status, expect.stringContaining(text)]);
  });

  it("knows its tenants, and those that were moved", async () => {
    expect((await operate("POST", "nobody/move", {})).status).toBe(404);
    expect(refusal(await operate("GET", "acme/move"))).toEqual([404, "the tenant was not moved"]);
    expect(refusal(await operate("DELETE", "acme/move"))).toEqual([404, "the tenant was not moved"]);
  });

  it("goes to no other jurisdiction than the one that is asked for", async () => {
    server.configure({ DATA_EU_1: SPARE, [SPARE_HOME]: undefined });
    const eu = "DATA_EU_1";
    const moved = await operate("POST", "acme/move", { jurisdiction: "eu" });
    expect([moved.status, moved.json()]).toMatchObject([202, { target: eu }]);
    expect(await stateOf()).toMatchObject({ state: "done" });
    forget();
    expect(refusal(await operate("POST", "acme/move", { database: "DB" }))).toEqual([
      409,
      "the tenant is to be in eu, and DB is not",
    ]);
    expect((await operate("POST", "acme/move", { jurisdiction: "fedramp" })).status).toBe(400);
  });

  it("is for one at a time", async () => {
    await moveUntil("copying");
    expect((await operate("POST", "acme/move", { database: SPARE_HOME })).status).toBe(503);
  });

  it("waits until the databases have the same tables", async () => {
    await SPARE.prepare("DELETE FROM d1_migrations WHERE name = '0092_door_turns.sql'").run();
    expect((await begin()).status).toBe(409);
    await SPARE.prepare("INSERT INTO d1_migrations (name) VALUES ('0092_door_turns.sql')").run();
  });

  it("makes no sense with one database", async () => {
    const alone = await Server.start();
    await aFilledTenant(alone, "acme");
    const answer = await alone.call("POST", "/api/operator/v1/tenants/acme/move", { token: OPERATOR_TOKEN });
    expect(refusal(answer)).toEqual([409, "there is no other database"]);
  });
});
