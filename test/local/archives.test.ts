import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Operator } from "./operator.ts";
import { cleanUp, LocalServer, newFolder, run } from "./server-process.ts";

afterAll(cleanUp);

const PASSWORD = "boss password";
const EMAIL = "boss@acme.example";

describe("npm run admin with archives", () => {
  test("brings a tenant to another installation, and tells why one that is cut is not taken", async () => {
    const [old, next] = [newFolder(), newFolder()];
    const [first, second] = await Promise.all([LocalServer.start(old), LocalServer.start(next)]);
    const created = ["--name", "Acme", "--user", EMAIL, "--password", PASSWORD];
    const made = await run("admin", ["--data", old, "create-tenant", ...created]);
    expect(made).toMatchObject({ code: 0, stderr: "" });
    const tenant = made.stdout.trim();
    const boss = await Operator.login(first, PASSWORD, EMAIL);
    const settings = { table: ["mac", "place"] };
    expect((await boss.call("POST", "/v1/useradm/settings", settings)).status).toBe(201);
    const archive = join(old, "acme.tar");
    const exported = await run("admin", [
      "--data",
      old,
      "export-tenant",
      "--tenant",
      tenant,
      "--out",
      archive,
    ]);
    expect([exported.code, JSON.parse(exported.stdout)]).toMatchObject([0, { id: tenant, file: archive }]);

    const cut = join(next, "cut.tar");
    const bytes = readFileSync(archive);
    writeFileSync(cut, bytes.subarray(0, Math.floor(bytes.length / 1024) * 512));
    const refused = await run("admin", ["--data", next, "import-tenant", "--file", cut]);
    expect([refused.code, refused.stdout]).toEqual([1, ""]);
    expect(refused.stderr).toContain("the archive breaks off");

    const imported = await run("admin", ["--data", next, "import-tenant", "--file", archive]);
    expect([imported.code, JSON.parse(imported.stdout)]).toMatchObject([
      0,
      { id: tenant, files: 0, left_out: { users: 0 } },
    ]);
    expect(imported.stderr).toMatch(/sent 1 of 1 parts/);
    const again = await run("admin", ["--data", next, "import-tenant", "--file", archive]);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("remove it first") });

    const there = await Operator.login(second, PASSWORD, EMAIL);
    expect(await there.get("/v1/useradm/settings")).toMatchObject(settings);
    expect(await there.get("/v1/tenantadm/user/tenant")).toMatchObject({ id: tenant, name: "Acme" });
    await Promise.all([first.stop(), second.stop()]);
  });
});
