import { readPart, type PartEntry } from "../../src/tenantdata/archive-part.ts";
import { ARCHIVE_PART_BYTES } from "../../src/tenantdata/limits.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "./actors.ts";
import { anArtifact, noise, upload } from "./artifacts.ts";
import { deploy, poll } from "./deployments.ts";
import { inventoryOf } from "./inventory.ts";
import { OPERATOR_TOKEN, type Answer, type Server } from "./server.ts";

export const EXPORTS = "/api/management/v1/tenantadm/exports";

export interface ExportWire {
  id: string;
  state: string;
  size: number;
  error?: string;
  expires_at: string;
  progress: { section?: string; sections_done: number; sections: number; lines: number; parts: number };
}

/** A tenant with something of most kinds, and who is in it. */
export interface Filled {
  user: TestUser;
  devices: TestDevice[];
  deployment: string;
}

/** Two parts of an archive are filled by a file of so many bytes. */
export const TWO_PARTS = ARCHIVE_PART_BYTES + 1_000_000;

export async function aFilledTenant(
  server: Server,
  tenant: string,
  { fileBytes = 1000, password = "" }: { fileBytes?: number; password?: string } = {},
): Promise<Filled> {
  const user = await aUser(server, { tenant, isVerified: true, ...(password !== "" && { password }) });
  const devices: TestDevice[] = [];
  for (let i = 0; i < 3; i++) devices.push(await aDevice(server, { tenant }));
  await inventoryOf(
    server,
    devices.map(({ id }, i) => ({
      tenant,
      id,
      group: i === 0 ? null : "field",
      attributes: { inventory: { device_type: "raspberrypi4", line: i, "name \" of 'it'": "a\\b\n\tü€😀" } },
    })),
  );
  const bytes = await anArtifact({
    name: "release-2",
    files: [{ name: "data.bin", content: noise(fileBytes) }],
  });
  const uploaded = await upload(server, bytes, user);
  if (uploaded.status !== 201) throw new Error(uploaded.text);
  const deployment = await deploy(server, user, devices);
  await poll(server, devices[0]!, { device_type: "raspberrypi4", artifact_name: "release-1" });
  await server.deliverEvents();
  return { user, devices, deployment };
}

/** Asks for a copy of the tenant and has it made. */
export async function exported(server: Server, token: string, json: object = {}): Promise<ExportWire> {
  const asked = await server.call("POST", EXPORTS, { token, json });
  if (asked.status !== 202) throw new Error(asked.text);
  await server.deliverEvents();
  const { id } = asked.json<ExportWire>();
  return (await server.call("GET", `${EXPORTS}/${id}`, { token })).json<ExportWire>();
}

/** The bytes behind the link to an export. */
export async function download(server: Server, token: string, id: string): Promise<Uint8Array> {
  const { uri } = (await server.call("GET", `${EXPORTS}/${id}/download`, { token })).json<{ uri: string }>();
  const answer = await server.fetch(new Request(uri));
  if (answer.status !== 200) throw new Error(await answer.text());
  return new Uint8Array(await answer.arrayBuffer());
}

export function partsOf(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += ARCHIVE_PART_BYTES)
    parts.push(bytes.subarray(at, at + ARCHIVE_PART_BYTES));
  return parts;
}

export const entriesOf = (bytes: Uint8Array): PartEntry[] =>
  partsOf(bytes).flatMap((part) => readPart(part).entries);

/** The rows of a table in an archive. */
export const rowsIn = (bytes: Uint8Array, table: string): Record<string, unknown>[] =>
  entriesOf(bytes)
    .filter(({ name }) => name.startsWith(`${table}/`))
    .flatMap(({ content }) => new TextDecoder().decode(content).trimEnd().split("\n"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

export const operator = (server: Server, method: string, path: string, json?: unknown): Promise<Answer> =>
  server.call(method, `/api/operator/v1${path}`, {
    token: OPERATOR_TOKEN,
    ...(json !== undefined && { json }),
  });
