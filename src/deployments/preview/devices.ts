import type { ArtifactCandidate } from "../../releases/index.ts";
import type { PreviewedKind } from "../store/preview.ts";
import type { Reason } from "./schema.ts";

const DAY_MS = 86_400_000;

/** A device that was not heard of for longer does not count. */
export const SILENT_MS = 30 * DAY_MS;

/** What a device would get, or why it gets nothing. */
export interface Previewed {
  id: string;
  reason: Reason | undefined;
  /** The reason if it is not silent. */
  otherwise: Reason | undefined;
  /** Of the artifact for it, if there is one. */
  bytes: number;
}

interface Offer {
  artifactName: string;
  candidates: readonly ArtifactCandidate[];
  isForced: boolean;
  /** Attributes that hold what artifacts depend on, in the order of the row's `provides`. */
  keys: readonly string[];
}

/** Devices that have in common all that decides. */
export function previewed(row: PreviewedKind, offer: Offer): Previewed[] {
  const artifact = artifactFor(row, offer);
  const before = reasonOf(row, offer, artifact);
  const otherwise = before ?? (row.is_busy === 1 ? "earlier_deployment" : undefined);
  const reason = before === undefined && row.is_heard !== 1 ? "silent" : otherwise;
  const bytes = typeof artifact === "object" ? artifact.size : 0;
  const ids = JSON.parse(row.ids) as string[]; // made by the query
  return ids.map((id) => ({ id, reason, otherwise, bytes }));
}

function reasonOf(
  row: PreviewedKind,
  { artifactName, isForced }: Offer,
  artifact: ArtifactCandidate | "type" | "depends",
): Reason | undefined {
  if (row.status !== "accepted" || row.device_type === null) return "unknown";
  if (typeof artifact === "string") return artifact;
  return !isForced && row.artifact_name === artifactName ? "has_it" : undefined;
}

/** As it is chosen when the device asks: the most depends satisfied, then the smallest. */
function artifactFor(
  row: PreviewedKind,
  { candidates, keys }: Offer,
): ArtifactCandidate | "type" | "depends" {
  const ofType = candidates.filter(({ deviceTypes }) => deviceTypes.includes(row.device_type ?? ""));
  if (ofType.length === 0) return "type";
  const told = JSON.parse(row.provides) as (string | number | null)[]; // made by the query
  const provides = new Map(keys.map((key, i) => [key, told[i] ?? null]));
  const isMet = ([key, values]: [string, string[]]) => {
    const value = provides.get(key) ?? null;
    return key === "device_type" || (value !== null && values.includes(String(value)));
  };
  const [best] = ofType
    .filter(({ depends }) => Object.entries(depends).every(isMet))
    .toSorted((a, b) => Object.keys(b.depends).length - Object.keys(a.depends).length || a.size - b.size);
  return best ?? "depends";
}
