import { sql } from "drizzle-orm";
import { joinBytes } from "../artifact/bytes.ts";
import { configurationArtifact } from "../artifact/images.ts";
import { writeArtifact } from "../artifact/write.ts";
import { firstRow } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { readRange } from "../storage/range.ts";
import { downloadAllowedStatement } from "./service.ts";

export interface ConfigurationWanted {
  tenant: TenantId;
  deployment: string;
  deviceType: string;
  device: DeviceId;
  range: string | undefined;
}

const configurationOf = (tenant: TenantId, deployment: string) =>
  firstRow<{ name: string; configuration: string }>(sql`
    SELECT artifact_name AS name, configuration FROM deployments
    WHERE tenant_id = ${tenant} AND deployment_id = ${deployment} AND kind = 'configuration'`);

/**
 * The artifact of a configuration deployment, made anew for each request and always of the same bytes, so that a download
 * can be resumed (protocol notes, deviceconfig 6 and 7).
 */
export async function downloadConfiguration(deps: Deps, wanted: ConfigurationWanted): Promise<Response> {
  const { tenant, deployment, device } = wanted;
  const [found, allowed] = await deps
    .db(tenant)
    .batch([configurationOf(tenant, deployment), downloadAllowedStatement(tenant, deployment, device)]);
  if (!found || !allowed) throw new Fault("not_found", `deployment with id '${deployment}' not found`);
  const configuration = JSON.parse(found.configuration) as Record<string, string>; // stored by the deployment's creation
  const artifact = await writeArtifact(configurationArtifact(found.name, wanted.deviceType, configuration));
  const chunks: Uint8Array[] = [];
  for await (const chunk of artifact.chunks()) chunks.push(chunk);
  return answerWith(joinBytes(chunks), wanted.range);
}

function answerWith(bytes: Uint8Array, rangeHeader: string | undefined): Response {
  const size = bytes.byteLength;
  const wanted = readRange(rangeHeader, size);
  if (wanted.kind === "unsatisfiable") {
    throw new Fault("range_not_satisfiable", "range not satisfiable", {
      headers: { "Content-Range": `bytes */${size}` },
    });
  }
  const { first, last } = wanted.kind === "part" ? wanted.range : { first: 0, last: size - 1 };
  const headers = new Headers({
    "Content-Type": "application/vnd.mender-artifact",
    "Content-Disposition": 'attachment; filename="artifact.mender"',
    "Content-Length": String(last - first + 1),
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-transform",
  });
  if (wanted.kind === "part") headers.set("Content-Range", `bytes ${first}-${last}/${size}`);
  return new Response(bytes.slice(first, last + 1), { status: wanted.kind === "part" ? 206 : 200, headers });
}
