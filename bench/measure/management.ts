import { writeArtifact } from "../../src/artifact/write.ts";
import { DEVICE_TYPE, TARGET_GROUP } from "../fleet/device.ts";
import type { LocalServer } from "../local-server.ts";
import type { CheckMode } from "../report/results.ts";

const ARTIFACTS = "/api/management/v1/deployments/artifacts";
const DEPLOYMENTS = "/api/management/v1/deployments/deployments";

async function expecting(status: number, server: LocalServer, method: string, path: string, body?: unknown) {
  const form = body instanceof FormData;
  const response = await fetch(server.url + path, {
    method,
    headers: {
      Authorization: `Bearer ${server.token}`,
      ...(body !== undefined && !form && { "Content-Type": "application/json" }),
    },
    ...(body !== undefined && { body: form ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.status !== status) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return { text, headers: response.headers };
}

/** Makes a release of one small artifact for the devices of the bench. */
export async function addRelease(
  server: LocalServer,
  name: string,
  deviceTypes = [DEVICE_TYPE],
): Promise<void> {
  const written = await writeArtifact({
    name,
    deviceTypes,
    payloadType: "bench",
    files: [{ name: "payload", content: new TextEncoder().encode(name) }],
  });
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of written.chunks()) chunks.push(new Uint8Array(chunk));
  const form = new FormData();
  form.append("artifact", new Blob(chunks), "artifact.mender");
  await expecting(201, server, "POST", ARTIFACTS, form);
}

/** Deploys to a list of devices or to the group of targets; waits until every target is known. Returns the id. */
export async function deploy(
  server: LocalServer,
  release: string,
  to: { devices: string[] } | { group: number },
): Promise<string> {
  const definition = { name: `${release} for the bench`, artifact_name: release };
  const grouped = "group" in to;
  const { headers } = await expecting(
    201,
    server,
    "POST",
    grouped ? `${DEPLOYMENTS}/group/${TARGET_GROUP}` : DEPLOYMENTS,
    grouped ? definition : { ...definition, devices: to.devices },
  );
  const id = headers.get("location")?.split("/").at(-1) ?? "";
  const wanted = grouped ? to.group : to.devices.length;
  for (;;) {
    const { text } = await expecting(200, server, "GET", `${DEPLOYMENTS}/${id}`);
    const shown: { targeting?: string; max_devices: number } = JSON.parse(text);
    if (shown.targeting === undefined) {
      if (shown.max_devices !== wanted) throw new Error(`${shown.max_devices} targets in place of ${wanted}`);
      return id;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export async function abort(server: LocalServer, id: string): Promise<void> {
  await expecting(204, server, "PUT", `${DEPLOYMENTS}/${id}/status`, { status: "aborted" });
}

/** How many devices of a deployment have which status. */
export async function statusCounts(server: LocalServer, id: string): Promise<Record<string, number>> {
  const { text } = await expecting(200, server, "GET", `${DEPLOYMENTS}/${id}/statistics`);
  return JSON.parse(text);
}

/** How the server answers checks now. */
export async function modeOf(server: LocalServer): Promise<CheckMode> {
  const { text } = await expecting(200, server, "GET", "/api/management/v1/inventory/live");
  const { mode }: { mode: CheckMode } = JSON.parse(text);
  return mode;
}
