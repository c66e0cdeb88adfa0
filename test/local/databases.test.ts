import { afterAll, describe, expect, test } from "vitest";
import { Operator } from "./operator.ts";
import { cleanUp, LocalServer, newFolder, run } from "./server-process.ts";

afterAll(cleanUp);

describe("a local server with several databases", () => {
  test("goes on with what it had in one, moves it, and keeps their number", async () => {
    const data = newFolder();
    const first = await LocalServer.start(data);
    const boss = await Operator.login(first, first.ready.adminPassword!);
    const before = await boss.get("/v1/useradm/users");
    await first.stop();

    const second = await LocalServer.start(data, ["--databases", "3"]);
    const admin = async (...args: string[]) => {
      const ended = await run("admin", ["--data", data, ...args]);
      expect([ended.code, ended.code === 0 ? "" : ended.stderr]).toEqual([0, ""]);
      return JSON.parse(ended.stdout) as Record<string, unknown>;
    };
    expect(await admin("databases")).toMatchObject({
      databases: [{ name: "DB" }, { name: "DATA_2" }, { name: "DATA_3" }],
    });
    expect(await admin("migrate")).toEqual({
      applied: [],
      databases: ["DB", "DATA_2", "DATA_3"].map((name) => ({ name, applied: [], done: true })),
    });
    expect(await admin("move-tenant", "--tenant", "default", "--to", "DATA_3")).toMatchObject({
      id: "default",
      source: "DB",
      target: "DATA_3",
    });
    expect(await admin("show-move", "--tenant", "default")).toMatchObject({ state: "done" });
    const again = await Operator.login(second, first.ready.adminPassword!);
    expect(await again.get("/v1/useradm/users")).toMatchObject([{ id: (before as { id: string }[])[0]!.id }]);
    await second.stop();

    expect(
      await run("serve", ["--data", data, "--port", "0", "--https-port", "0", "--databases", "2"]),
    ).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("has 3 databases: --databases cannot be less than that"),
    });
    const third = await LocalServer.start(data);
    expect(await admin("databases")).toMatchObject({ databases: [{}, {}, { name: "DATA_3" }] });
    await third.stop();
  });
});
