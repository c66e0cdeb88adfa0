import { beforeEach, describe, expect, it } from "vitest";
import { DEFAULT_TENANT } from "../../src/platform/ids.ts";
import type { Deps } from "../../src/platform/deps.ts";
import { keepJournals } from "../../src/tenantdata/index.ts";
import { JOURNAL } from "../../bench/cost/journal.ts";
import { journaledColumns, reading } from "../../src/tenantdata/journal/images-store.ts";
import { walkedKeys } from "../../src/tenantdata/journal/journal-store.ts";
import { SUBJECTS } from "../../src/tenantdata/journal/subjects.ts";
import { flushJournal } from "../../src/tenantdata/journal/flush.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { anArtifact, DEVICE, deploy, inInventory, poll, report } from "../support/deployments.ts";
import { DeviceAdmin } from "../support/device-auth.ts";
import { begunJournal, keptNow, marks, restored } from "../support/journal.ts";
import { env, Server, type Answer } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";

let server: Server;
let user: TestUser;
let device: TestDevice;

async function begin(isJournaled: boolean): Promise<void> {
  server = await Server.start();
  user = await aUser(server);
  device = await aDevice(server);
  await inInventory(server, [device]);
  if (!isJournaled) return;
  await begunJournal(server, DEFAULT_TENANT);
  await keepJournals(await server.deps());
}

beforeEach(() => begin(true));

const send = (method: string, path: string, json: unknown) =>
  server.call(method, `/api/devices/v1${path}`, { token: device.token, json });
const inventory = (values: readonly string[]) =>
  send(
    "PUT",
    "/inventory/device/attributes",
    values.map((value, i) => ({ name: `name-${i}`, value })),
  );
const configuration = (value: string) => send("PUT", "/deviceconfig/configuration", { place: value });
const alert = () =>
  send("POST", "/devicemonitor/alert", [
    {
      name: "down",
      level: "CRITICAL",
      timestamp: new Date(server.now).toISOString(),
      subject: {
        name: "crond",
        type: "systemd.unit",
        status: "not-running",
        details: { description: "crond is not running" },
      },
    },
  ]);
const logged = (id: string, message: string) =>
  send("PUT", `/deployments/device/deployments/${id}/log`, {
    messages: [{ timestamp: "2026-11-21T00:19:31.120000Z", level: "error", message }],
  });

/** What comes first, as long ago as a minute, and the request that is counted. */
type Scene = () => Promise<() => Promise<Answer>>;

const inDeployment =
  (status: string, hasBegun = true): Scene =>
  async () => {
    await anArtifact(server);
    const other = await aDevice(server);
    const id = await deploy(server, user, [device, other, await aDevice(server)]);
    await poll(server, device);
    await poll(server, other);
    if (hasBegun) await report(server, other, id, "downloading");
    return () => report(server, device, id, status);
  };

const SCENES: Record<string, { scene: Scene; marked: string[] }> = {
  "an update check with nothing to do": { scene: async () => () => poll(server, device), marked: [] },
  "an update check with a new deployment": {
    scene: async () => {
      await anArtifact(server);
      await deploy(server, user, [device, await aDevice(server)]);
      return () => poll(server, device);
    },
    marked: ["device-deployment"],
  },
  "a report that it downloads": { scene: inDeployment("downloading"), marked: ["device-deployment"] },
  "the first report of all": { scene: inDeployment("downloading", false), marked: ["device-deployment"] },
  "a report that it installs": { scene: inDeployment("installing"), marked: ["device-deployment"] },
  "a report that it restarts": { scene: inDeployment("rebooting"), marked: ["device-deployment"] },
  "a report of success": { scene: inDeployment("success"), marked: ["device-deployment"] },
  "a report of failure": { scene: inDeployment("failure"), marked: ["device-deployment"] },
  "the log of a failure that others had before": {
    scene: async () => {
      const other = await aDevice(server);
      await anArtifact(server);
      const id = await deploy(server, user, [device, other]);
      for (const one of [device, other]) {
        await poll(server, one);
        await report(server, one, id, "failure");
      }
      const json = {
        messages: [{ timestamp: "2026-11-21T00:19:31.120000Z", level: "error", message: "broke" }],
      };
      await server.call("PUT", `${DEVICE}/${id}/log`, { token: other.token, json });
      return () => logged(id, "broke");
    },
    marked: ["device-deployment"],
  },
  "the log of a failure that is new": {
    scene: async () => {
      const scene = await inDeployment("failure")();
      const answer = await scene();
      expect(answer.status).toBe(204);
      const { results } = await env.DB.prepare("SELECT deployment_id AS id FROM deployments").all<{
        id: string;
      }>();
      return () => logged(results[0]!.id, "broke anew");
    },
    marked: ["device-deployment", "failure-group"],
  },
  "the first report of an inventory": { scene: async () => () => inventory(["a", "b"]), marked: [] },
  "an inventory report that changes nothing": {
    scene: async () => {
      await inventory(["a", "b"]);
      return () => inventory(["a", "b"]);
    },
    marked: [],
  },
  "an inventory report that changes something": {
    scene: async () => {
      await inventory(["a", "b"]);
      return () => inventory(["a", "c"]);
    },
    marked: [],
  },
  "a token for an accepted device": {
    scene: async () => {
      const signing = new SigningDevice({ mac: "1" });
      await new DeviceAdmin(server, user).admit(signing);
      return () => signing.ask(server);
    },
    marked: [],
  },
  "a token asked for by a device that waits": {
    scene: async () => {
      const signing = new SigningDevice({ mac: "1" });
      await signing.ask(server);
      return () => signing.ask(server);
    },
    marked: [],
  },
  "a token asked for by a device that nobody knows": {
    scene: async () => () => new SigningDevice({ mac: "1" }).ask(server),
    marked: ["device"],
  },
  "a configuration that is reported": {
    scene: async () => () => configuration("here"),
    marked: ["configuration"],
  },
  "a configuration that is reported again": {
    scene: async () => {
      await configuration("here");
      return () => configuration("here");
    },
    marked: [],
  },
  "an alert": { scene: async () => alert, marked: ["monitor"] },
};

/** Rows that the triggers of one request read. */
const MOST_READ = 30;

describe("what requests of devices cost with a journal", () => {
  it.each(Object.keys(SCENES))("%s", async (name) => {
    const { scene, marked } = SCENES[name]!;
    const request = await scene();
    server.advance(60_000);
    await flushJournal(await server.deps(), DEFAULT_TENANT);
    const answer = await request();
    expect([200, 204, 401]).toContain(answer.status);
    const found = (await marks(DEFAULT_TENANT)).map((mark) => mark.split(" ")[0]);
    expect(found).toEqual(marked);
    server.advance(60_000);
    await flushJournal(await server.deps(), DEFAULT_TENANT);
    expect(await restored(server, DEFAULT_TENANT)).toEqual(await keptNow(DEFAULT_TENANT));

    await begin(false);
    const again = await scene();
    server.advance(60_000);
    const { cost } = await again();
    expect([answer.cost.trips, answer.cost.statements]).toEqual([cost.trips, cost.statements]);
    expect(answer.cost.written - cost.written).toBe(marked.length);
    expect(answer.cost.read - cost.read).toBeLessThanOrEqual(MOST_READ);
  });
});

describe("what a journal uses", () => {
  const DEVICES = 100;
  const used = async (work: (deps: Deps) => Promise<unknown>) => {
    const deps = await server.deps();
    await work(deps);
    return deps.cost;
  };
  const flush = (deps: Deps) => flushJournal(deps, DEFAULT_TENANT);
  /** Beside what a run looks up once for all journals. */
  const READ_ONCE = 800;

  it("is what its costs are calculated from", async () => {
    const devices = [device];
    while (devices.length < DEVICES) devices.push(await aDevice(server));
    await inInventory(server, devices.slice(1));
    await anArtifact(server);
    await deploy(server, user, devices);
    for (const one of devices) await poll(server, one);
    const attributes = JSON.stringify(
      Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`inventory-${i}`, [`value ${i}`]])),
    );
    await env.DB.prepare("UPDATE inventory_devices SET attributes = ?").bind(attributes).run();
    await used(flush);
    await env.DB.prepare("UPDATE journals SET base = '{}'").run();
    const copied = await used(keepJournals);
    expect((copied.rowsRead - 2 * READ_ONCE) / DEVICES).toBeLessThanOrEqual(JOURNAL.rowsReadPerCopiedDevice);

    server.advance(60_000);
    await env.DB.prepare("UPDATE inventory_devices SET updated_ms = ?").bind(server.now).run();
    const updated = await used(flush);
    expect(updated.rowsWritten).toBe(JOURNAL.rowsWrittenPerFlush);
    expect((updated.rowsRead - READ_ONCE - JOURNAL.rowsReadPerFlush) / DEVICES).toBeLessThanOrEqual(
      JOURNAL.rowsReadPerUpdatedDevice,
    );

    server.advance(60_000);
    await env.DB.prepare("UPDATE device_deployments SET attempts = 2").run();
    const marked = await used(flush);
    // The mark itself was counted where it was made.
    expect(marked.rowsWritten).toBe(JOURNAL.rowsWrittenPerFlush + (JOURNAL.rowsWrittenPerMark - 1) * DEVICES);
    expect((marked.rowsRead - READ_ONCE - JOURNAL.rowsReadPerFlush) / DEVICES).toBeLessThanOrEqual(
      JOURNAL.rowsReadPerMark,
    );

    const { objects } = await env.ARTIFACTS.list({ prefix: "journals/" });
    const copy = objects.find(({ key }) => key.endsWith("/000001.ndjson.gz"))!;
    expect(copy.size / DEVICES).toBeLessThanOrEqual(JOURNAL.bytesPerCopiedDevice);
    const changes = objects.filter(({ key }) => key.endsWith("-000000.ndjson.gz"));
    for (const { size } of changes) expect(size / DEVICES).toBeLessThanOrEqual(JOURNAL.bytesPerUpdatedDevice);
    expect(changes.at(-1)!.size / DEVICES).toBeLessThanOrEqual(JOURNAL.bytesPerMark);
  });

  it("finds the rows of each subject by an index with the whole key", async () => {
    const columns = await (await server.deps()).db(DEFAULT_TENANT).one(journaledColumns);
    for (const subject of SUBJECTS) {
      const source = walkedKeys(DEFAULT_TENANT, subject, null);
      for (const { sql, params } of reading({ tenant: DEFAULT_TENANT, subject, source, bytes: 1 }, columns)
        .statements) {
        const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
          .bind(...params)
          .all<{ detail: string }>();
        const found = results
          .map(({ detail }) => detail)
          .filter((detail) => /^(SEARCH|SCAN) t\b/.test(detail));
        expect(found.length).toBeGreaterThan(0);
        for (const detail of found)
          expect([subject.name, detail.match(/=\?/g)?.length]).toEqual([
            subject.name,
            1 + subject.key.length,
          ]);
      }
    }
  });
});
