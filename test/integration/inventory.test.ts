import { beforeEach, describe, expect, it } from "vitest";
import {
  deviceCheckInStatements,
  deviceGroupStatement,
  deviceIdentityStatements,
  deviceStatusStatements,
  removeDeviceStatements,
} from "../../src/inventory/service.ts";
import type { Statement } from "../../src/platform/database.ts";
import { asDeviceId, asTenantId, newId } from "../../src/platform/ids.ts";
import { env, Server } from "../support/server.ts";

let server: Server;
beforeEach(async () => {
  server = await Server.start();
});

const tenant = asTenantId("default");

async function run(statements: Statement<unknown>[]): Promise<void> {
  const deps = await server.deps();
  await deps.db(tenant).batch(statements);
}

const rowsOf = async (table: string) =>
  (await env.DB.prepare(`SELECT * FROM ${table}`).all<Record<string, unknown>>()).results;

describe("what other domains put into a device's inventory", () => {
  const device = asDeviceId(newId());
  const status = (revision: number, word: string) =>
    deviceStatusStatements({ tenant, device, status: word, revision, atMs: server.now });

  it("keeps the status of the greatest revision, whatever the order", async () => {
    await run(status(2, "accepted"));
    await run(status(1, "pending"));
    expect(await rowsOf("inventory_counts")).toMatchObject([{ status: "accepted", devices: 1 }]);
    await run(status(3, "rejected"));
    expect(await rowsOf("inventory_counts")).toMatchObject([{ status: "rejected", devices: 1 }]);
  });

  it("leaves nothing behind of a removed device", async () => {
    await run(status(1, "accepted"));
    await run(
      deviceIdentityStatements({ tenant, device, identity: { mac: "aa:bb", status: "x" }, atMs: server.now }),
    );
    await run(deviceCheckInStatements(tenant, device, server.now));
    const keys = (await rowsOf("inventory_values")).map((row) => row.key);
    expect(keys).toEqual([
      "identity-mac",
      "identity-status",
      "system-check_in_time",
      "system-created_ts",
      "system-tier",
      "system-updated_ts",
    ]);
    await run(removeDeviceStatements(tenant, device));
    expect(await rowsOf("inventory_values")).toEqual([]);
    expect(await rowsOf("inventory_counts")).toEqual([]);
    expect((await rowsOf("inventory_keys")).every((row) => row.devices === 0)).toBe(true);
  });

  it("tells the group of a device, and nothing of an unknown one", async () => {
    const deps = await server.deps();
    expect(await deps.db(tenant).one(deviceGroupStatement(tenant, device))).toBeUndefined();
    await run(status(1, "accepted"));
    expect(await deps.db(tenant).one(deviceGroupStatement(tenant, device))).toEqual({ group: null });
  });
});
