import { keepCandidateEverywhere as offerNewArtifact } from "../../src/deployments/store/artifacts.ts";
import { sql } from "drizzle-orm";
import { altering, change } from "../../src/platform/database.ts";
import { asTenantId, newId } from "../../src/platform/ids.ts";
import { artifactCandidatesStatement } from "../../src/releases/artifact-lookup.ts";
import { aTenant, type TestDevice, type TestUser } from "./actors.ts";
import { env, type Answer, type Server } from "./server.ts";

export const MANAGEMENT = "/api/management/v1/deployments/deployments";
export const MANAGEMENT_V2 = "/api/management/v2/deployments/deployments";
export const DEVICE = "/api/devices/v1/deployments/device/deployments";
export const DEVICE_V2 = "/api/devices/v2/deployments/device/deployments";

interface ArtifactOptions {
  tenant?: string;
  name?: string;
  deviceTypes?: string[];
  depends?: Record<string, string | string[]>;
  size?: number;
}

/** An artifact in the store of releases, without bytes, offered as an upload would. Returns its id. */
export async function anArtifact(server: Server, options: ArtifactOptions = {}): Promise<string> {
  const tenant = await aTenant(server, options.tenant ?? "default");
  const { name = "release-2", deviceTypes = ["pi4"], depends = {}, size = 1000 } = options;
  const id = newId();
  const image = {
    id,
    name,
    device_types_compatible: deviceTypes,
    info: { format: "mender", version: 3 },
    signed: false,
    updates: [{ type_info: { type: "rootfs-image" }, files: [] }],
    artifact_provides: { artifact_name: name },
    artifact_depends: { ...depends, device_type: deviceTypes },
    size,
  };
  await env.DB.prepare(
    `INSERT INTO artifacts (tenant_id, artifact_id, name, device_types, update_types, image, layout, size, modified_ms)
     VALUES (?, ?, ?, ?, '["rootfs-image"]', ?, '[]', ?, ?)`,
  )
    .bind(tenant, id, name, JSON.stringify(deviceTypes), JSON.stringify(image), size, server.now)
    .run();
  const db = (await server.deps()).db(tenant);
  const candidates = await db.one(artifactCandidatesStatement(tenant, name));
  await db.batch(candidates.map((candidate) => offerNewArtifact(tenant, candidate)));
  return id;
}

/** Puts devices into the inventory as accepted, in a group if one is named. */
export async function inInventory(server: Server, devices: TestDevice[], group?: string): Promise<void> {
  await env.DB.batch(
    devices.map((device) =>
      env.DB.prepare(
        `INSERT INTO inventory_devices (tenant_id, device_id, status, group_name, created_ms, updated_ms)
         VALUES (?, ?, 'accepted', ?, ?, ?)`,
      ).bind(device.tenant, device.id, group ?? null, server.now, server.now),
    ),
  );
  const tenant = asTenantId(devices[0]?.tenant ?? "default");
  const told = sql`UPDATE inventory_devices SET status_revision = status_revision WHERE tenant_id = ${tenant}`;
  await (await server.deps()).db(tenant).one(altering({ tenant, what: { kind: "moved" } }, change(told)));
}

/** Creates a deployment for these devices and returns its id. */
export async function deploy(
  server: Server,
  user: TestUser,
  devices: readonly { id: string }[],
  more: Record<string, unknown> = {},
): Promise<string> {
  const answer = await server.call("POST", MANAGEMENT, {
    token: user.token,
    json: {
      name: `to ${devices.length}`,
      artifact_name: "release-2",
      devices: devices.map((device) => device.id),
      ...more,
    },
  });
  return idOf(answer);
}

/** Id of what a 201 created. */
export function idOf(answer: Answer): string {
  if (answer.status !== 201) throw new Error(`expected 201, not ${answer.status} ${answer.text}`);
  return answer.headers.get("location")?.split("/").at(-1) ?? "";
}

/** A poll as every present client makes it first. */
export const poll = (server: Server, device: TestDevice, provides: Record<string, string> = {}) =>
  server.call("POST", `${DEVICE_V2}/next`, {
    token: device.token,
    json: { device_provides: { device_type: "pi4", artifact_name: "release-1", ...provides } },
  });

export const report = (server: Server, device: TestDevice, deployment: string, status: string) =>
  server.call("PUT", `${DEVICE}/${deployment}/status`, { token: device.token, json: { status } });

/** The counters that are not zero. */
export async function counts(server: Server, user: TestUser, id: string): Promise<Record<string, number>> {
  const answer = await server.call("GET", `${MANAGEMENT}/${id}/statistics`, { token: user.token });
  const all = answer.json<Record<string, number>>();
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count !== 0));
}

export const show = async (server: Server, user: TestUser, id: string) =>
  (await server.call("GET", `${MANAGEMENT}/${id}`, { token: user.token })).json();

/** Ends what is open, so that the next test begins with no deployments. */
export async function abortAll(server: Server, { token }: TestUser): Promise<void> {
  const { results } = await env.DB.prepare(
    `SELECT d.deployment_id AS id FROM deployments d
     JOIN deployment_counters c ON c.tenant_id = d.tenant_id AND c.seq = d.seq WHERE c.stage < 2`,
  ).all<{ id: string }>();
  for (const { id } of results)
    await server.call("PUT", `${MANAGEMENT}/${id}/status`, { token, json: { status: "aborted" } });
}
