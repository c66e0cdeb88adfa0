import { attributePath } from "../../inventory/index.ts";
import type { Actor } from "../../platform/actor.ts";
import type { Deps } from "../../platform/deps.ts";
import type { TenantId } from "../../platform/ids.ts";
import type { ArtifactCandidate } from "../../releases/index.ts";
import type { Wanted } from "../create-targets.ts";
import { lastUpdates, previewedKinds } from "../store/preview.ts";
import { previewed, SILENT_MS, type Previewed } from "./devices.ts";
import { usualUpdateMs, type Rhythm } from "./forecast.ts";

/** Devices of one statement, which the database is through with in a few hundredths of a second. */
const PAGE = 1000;

/** Devices, from all over the fleet, of whom the head is asked when they were last heard of, and such as seem silent. */
const RHYTHM_OF = 500;

/** Things that artifacts depend on. */
const MAX_KEYS = 20;

/** What the devices would get and why others would not, and how they ask. */
export async function lookAt(
  deps: Deps,
  { tenant }: Actor,
  { definition }: Wanted,
  ids: readonly string[],
  candidates: readonly ArtifactCandidate[],
): Promise<{ devices: Previewed[]; rhythm: Rhythm }> {
  const keys = [...new Set(candidates.flatMap(({ depends }) => Object.keys(depends)))]
    .filter((key) => key !== "device_type")
    .slice(0, MAX_KEYS);
  const paths = {
    deviceType: attributePath("inventory", "device_type"),
    artifactName: attributePath("inventory", "artifact_name"),
    provides: keys.map((key) => attributePath("inventory", key)),
  };
  const nowMs = deps.now();
  const of = { weight: definition.rollout?.weight ?? 0, silentMs: nowMs - SILENT_MS };
  const isForced = definition.force_installation;
  const offer = { artifactName: definition.artifact_name, candidates, isForced, keys };
  const devices: Previewed[] = [];
  for (let at = 0; at < ids.length; at += PAGE) {
    const kinds = await deps.db(tenant).one(previewedKinds(tenant, ids.slice(at, at + PAGE), paths, of));
    for (const kind of kinds) for (const one of previewed(kind, offer)) devices.push(one);
  }
  const sample = devices.filter((_, i) => i % Math.ceil(devices.length / RHYTHM_OF) === 0);
  const silent = devices.filter(({ reason }) => reason === "silent").slice(0, RHYTHM_OF);
  const asked = [...new Set([...sample, ...silent])].map(({ id }) => id);
  const [lastMs, updates] = await Promise.all([
    lastContacts(deps, tenant, asked),
    deps.db(tenant).one(lastUpdates(tenant, asked)),
  ]);
  // The day is known of every device, the second of some.
  for (const one of silent) if ((lastMs[one.id] ?? 0) > of.silentMs) one.reason = one.otherwise;
  const asking = sample.filter(({ reason }) => reason === undefined || reason === "earlier_deployment");
  const known = new Map(updates.map((one) => [one.device_id, one]));
  const exact = asking.flatMap(({ id }) => lastMs[id] ?? []);
  const roughly = asking.flatMap(({ id }) => known.get(id)?.check_in_ms ?? []);
  const agesMs = (exact.length > 0 ? exact : roughly)
    .map((seenMs) => nowMs - seenMs)
    .toSorted((a, b) => a - b);
  return {
    devices,
    rhythm: { agesMs, updateMs: usualUpdateMs(updates.flatMap(({ took_ms: took }) => took ?? [])) },
  };
}

const lastContacts = (deps: Deps, tenant: TenantId, ids: readonly string[]) =>
  deps.contacts.last(tenant, ids).catch((cause: unknown): Record<string, number> => {
    deps.log.error("last contacts not known", { tenant, cause });
    return {};
  });
