import { createHash } from "node:crypto";
import { joinBytes } from "../../artifact/bytes.ts";
import { configurationArtifact } from "../../artifact/images.ts";
import { writeArtifact } from "../../artifact/write.ts";
import { acceptedDeviceStatement } from "../../deviceauth/index.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { answerBytes, counted, type ByteRequest } from "../../storage/index.ts";
import { configurationOf } from "../store/configuration.ts";
import { mayDownload } from "../store/usage.ts";

export interface ConfigurationWanted extends ByteRequest {
  tenant: TenantId;
  deployment: string;
  deviceType: string;
  device: DeviceId;
}

/** The configuration that was stored with the deployment; refuses a device that has no part in it any more. */
async function findConfiguration(deps: Deps, { tenant, deployment, device }: ConfigurationWanted) {
  const [stored, accepted, part] = await deps
    .db(tenant)
    .batch([
      configurationOf(tenant, deployment),
      acceptedDeviceStatement(tenant, device),
      mayDownload(tenant, deployment, device),
    ]);
  if (!stored) throw new Fault("not_found", `deployment with id '${deployment}' not found`);
  if (!accepted || !part) throw new Fault("forbidden", "URL revoked");
  const values = JSON.parse(stored.configuration) as Record<string, string>; // stored by the deployment's creation
  return { name: stored.name, values, createdMs: stored.created_ms };
}

async function artifactBytes(name: string, deviceType: string, values: Record<string, string>) {
  const artifact = await writeArtifact(configurationArtifact(name, deviceType, values));
  return joinBytes(await Array.fromAsync(artifact.chunks()));
}

const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/**
 * The artifact of a configuration deployment, made anew for each request and always of the same bytes, so that a download
 * can be resumed (protocol notes, deviceconfig 6 and 7).
 */
export async function downloadConfiguration(deps: Deps, wanted: ConfigurationWanted): Promise<Response> {
  const { name, values, createdMs } = await findConfiguration(deps, wanted);
  const bytes = await artifactBytes(name, wanted.deviceType, values);
  const answer = await answerBytes(wanted, {
    fileName: "artifact.mender",
    size: bytes.byteLength,
    validators: { entityTag: `"${digestOf(bytes)}"`, modifiedMs: createdMs },
    open: async ({ first, last }) => bytes.slice(first, last + 1),
  });
  return counted(deps, wanted.tenant, answer);
}
