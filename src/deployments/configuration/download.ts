import { createHash } from "node:crypto";
import { joinBytes } from "../../artifact/bytes.ts";
import { configurationArtifact } from "../../artifact/images.ts";
import { writeArtifact } from "../../artifact/write.ts";
import { acceptedDeviceStatement } from "../../deviceauth/index.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { answerBytes, type ByteRequest } from "../../storage/index.ts";
import { configurationOf } from "../store/configuration.ts";
import { mayDownload } from "../store/usage.ts";

export interface ConfigurationWanted extends ByteRequest {
  tenant: TenantId;
  deployment: string;
  deviceType: string;
  device: DeviceId;
}

/**
 * The artifact of a configuration deployment, made anew for each request and always of the same bytes, so that a download
 * can be resumed (protocol notes, deviceconfig 6 and 7).
 */
export async function downloadConfiguration(deps: Deps, wanted: ConfigurationWanted): Promise<Response> {
  const { tenant, deployment, device } = wanted;
  const [found, accepted, part] = await deps
    .db(tenant)
    .batch([
      configurationOf(tenant, deployment),
      acceptedDeviceStatement(tenant, device),
      mayDownload(tenant, deployment, device),
    ]);
  if (!found) throw new Fault("not_found", `deployment with id '${deployment}' not found`);
  if (!accepted || !part) throw new Fault("forbidden", "URL revoked");
  const configuration = JSON.parse(found.configuration) as Record<string, string>; // stored by the deployment's creation
  const artifact = await writeArtifact(configurationArtifact(found.name, wanted.deviceType, configuration));
  const chunks: Uint8Array[] = [];
  for await (const chunk of artifact.chunks()) chunks.push(chunk);
  const bytes = joinBytes(chunks);
  return answerBytes(wanted, {
    fileName: "artifact.mender",
    size: bytes.byteLength,
    validators: {
      entityTag: `"${createHash("sha256").update(bytes).digest("hex")}"`,
      modifiedMs: found.created_ms,
    },
    open: async ({ first, last }) => bytes.slice(first, last + 1),
  });
}
