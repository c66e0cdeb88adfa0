import type { Wanted } from "./create-targets.ts";
import { sortedIds } from "./targets.ts";

/** Equal for two requests that would do the same to the same devices. */
export async function fingerprintOf({ definition, group, filter }: Wanted): Promise<string> {
  const { name, artifact_name, force_installation, phases, uniform_phases, rollout, all_devices, devices } =
    definition;
  const whom = group === undefined ? (all_devices ? "all" : sortedIds(devices ?? [])) : { group };
  const text = JSON.stringify([
    name,
    artifact_name,
    force_installation,
    phases?.[0]?.start_ts ?? null,
    filter ?? whom,
    // What most deployments do not have leaves the text of the others as it always was.
    ...((phases?.length ?? 0) > 1 ? [phases] : []),
    ...(uniform_phases ? [uniform_phases] : []),
    ...(rollout ? [rollout] : []),
  ]);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Buffer.from(digest).toString("base64url");
}
