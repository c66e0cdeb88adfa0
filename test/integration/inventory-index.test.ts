import fc from "fast-check";
import { beforeEach, expect, it } from "vitest";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { env, Server } from "../support/server.ts";

let server: Server;
let user: TestUser;
let device: TestDevice;

beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  device = await aDevice(server);
});

const value = fc.oneof(
  fc.constantFrom("one", "two words", "", "ünï"),
  fc.integer({ min: 0, max: 3 }),
  fc.array(fc.constantFrom("red", "green", "blue"), { maxLength: 3 }),
);
const attributes = fc.uniqueArray(
  fc.record(
    {
      name: fc.constantFrom("a", "b.c", 'q"uo%te', "dash-ed", "long"),
      value,
      description: fc.constantFrom("x", "y"),
    },
    { requiredKeys: ["name", "value"] },
  ),
  { selector: ({ name }) => name, maxLength: 5 },
);
const write = fc.record({
  by: fc.constantFrom("device", "user", "nobody"),
  method: fc.constantFrom("PUT", "PATCH"),
  json: attributes,
  isLong: fc.boolean(),
});

/** What the indexes hold of the only device of a tenant. */
async function indexesOf(tenant: string) {
  const asked = [
    "SELECT key, value FROM inventory_values WHERE tenant_id = ? AND key NOT GLOB 'system-*'",
    "SELECT key, devices FROM inventory_keys WHERE tenant_id = ? AND devices > 0",
    `SELECT term, offset FROM words WHERE col = 'body'
     AND doc = (SELECT device_no FROM inventory_devices WHERE tenant_id = ?) ORDER BY offset`,
  ];
  const answers = await env.DB.batch(asked.map((statement) => env.DB.prepare(statement).bind(tenant)));
  return answers.map(({ results }) => results);
}

it("is after any writes as if the device had been made anew", async () => {
  const path = `/api/management/v1/inventory/devices/${device.id}/tags`;
  await env.DB.exec("CREATE VIRTUAL TABLE words USING fts5vocab(inventory_text, instance)");
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 10 }), async (writes) => {
        for (const { by, method, json, isLong } of writes) {
          const long = isLong ? [...json, { name: "longest", value: "word ".repeat(120) }] : json;
          if (by === "device") {
            const reports = "/api/devices/v1/inventory/device/attributes";
            await server.call(method, reports, { token: device.token, json: long });
          } else if (by === "user") {
            const tags = long.map(({ name, value: tag }) => ({
              name: name.replace(/\W/g, "_"),
              value: String(tag),
            }));
            await server.call(method, path, { token: user.token, json: tags });
          } else {
            // A writer that does not tell what it changes: what was told last stays.
            await env.DB.prepare(
              `UPDATE inventory_devices SET pledge = NULL, attributes = json_patch(attributes, '{"inventory-a":["${method}"]}')`,
            ).run();
          }
        }
        await env.DB.batch([
          env.DB.prepare("DELETE FROM inventory_devices WHERE tenant_id = 'copy'"),
          env.DB.prepare(
            `INSERT INTO inventory_devices (tenant_id, device_id, status, created_ms, updated_ms, check_in_ms, attributes)
             SELECT 'copy', device_id, status, created_ms, updated_ms, check_in_ms, attributes FROM inventory_devices`,
          ),
        ]);
        expect(await indexesOf("default")).toEqual(await indexesOf("copy"));
      }),
      { numRuns: 15 },
    );
  } finally {
    await env.DB.exec("DROP TABLE words");
  }
});
