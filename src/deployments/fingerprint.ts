import type { Wanted } from "./create.ts";
import { sortedIds } from "./targets.ts";

/** Equal for two requests that would do the same to the same devices. */
export async function fingerprintOf({ definition, group }: Wanted): Promise<string> {
  const { name, artifact_name, force_installation, phases, all_devices, devices } = definition;
  const target = group === undefined ? (all_devices ? "all" : sortedIds(devices ?? [])) : { group };
  const text = JSON.stringify([
    name,
    artifact_name,
    force_installation,
    phases?.[0]?.start_ts ?? null,
    target,
  ]);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Buffer.from(digest).toString("base64url");
}
