import { afterAll, describe, expect, test } from "vitest";
import { Operator } from "./operator.ts";
import { cleanUp, LocalServer, newFolder, run } from "./server-process.ts";
import { until } from "./until.ts";

afterAll(cleanUp);

const FILTERS = "/v2/inventory/filters";

describe("npm run admin with restores", () => {
  test("tells what would be put back, puts it back, and tells why it does not", async () => {
    const data = newFolder();
    const server = await LocalServer.start(data);
    const boss = await Operator.login(server, server.ready.adminPassword!);
    const admin = (...args: string[]) => run("admin", ["--data", data, ...args]);
    const answered = async (...args: string[]) => {
      const ended = await admin(...args);
      expect([ended.code, ended.code === 0 ? "" : ended.stderr]).toEqual([0, ""]);
      return JSON.parse(ended.stdout) as Record<string, unknown>;
    };
    // The duties of the first minute begin the journal.
    await until("a journal", async () => {
      const { oldest } = await answered("journal", "--tenant", "default");
      return oldest === undefined ? undefined : true;
    });
    const terms = [{ scope: "inventory", attribute: "n", type: "$eq", value: 1 }];
    expect((await boss.call("POST", FILTERS, { name: "mine", terms })).status).toBe(201);
    const to = new Date().toISOString();
    const dry = await answered("restore-tenant", "--tenant", "default", "--to", to, "--dry-run");
    expect(dry).toMatchObject({
      state: "ready",
      changes: { tables: [{ table: "inventory_filters", removed: 1 }] },
    });
    expect(await boss.get(FILTERS)).toHaveLength(1);
    const restore = String(dry["id"]);
    expect(await answered("apply-restore", "--tenant", "default", "--restore", restore)).toMatchObject({
      state: "done",
    });
    expect(await boss.get(FILTERS)).toEqual([]);
    expect(await answered("show-restore", "--tenant", "default")).toMatchObject([{ id: restore }]);
    const late = ["restore-tenant", "--tenant", "default", "--to", "2999-01-01T00:00:00Z"];
    expect(await admin(...late)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("must not be in the future"),
    });
    await server.stop();
  });
});
