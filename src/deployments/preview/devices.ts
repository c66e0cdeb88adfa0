import type { ArtifactCandidate } from "../../releases/index.ts";
import type { PreviewedRow } from "../store/preview.ts";
import type { Reason } from "./schema.ts";

const DAY_MS = 86_400_000;

/** A device that was not heard of for longer does not count. */
const SILENT_MS = 30 * DAY_MS;

/** What a device would get, or why it gets nothing. */
export interface Previewed {
  id: string;
  reason: Reason | undefined;
  /** Of the artifact for it, if there is one. */
  bytes: number;
  /** Since it was last heard of; undefined if it never was. */
  silentMs: number | undefined;
}

interface Offer {
  artifactName: string;
  candidates: readonly ArtifactCandidate[];
  isForced: boolean;
  nowMs: number;
  /** Attributes that hold what artifacts depend on, in the order of the row's `provides`. */
  keys: readonly string[];
  lastMs: Readonly<Record<string, number>>;
}

export function previewed(row: PreviewedRow, offer: Offer): Previewed {
  const seenMs = Math.max(offer.lastMs[row.device_id] ?? 0, row.check_in_ms ?? 0);
  const silentMs = seenMs > 0 ? offer.nowMs - seenMs : undefined;
  const artifact = artifactFor(row, offer);
  const reason = reasonOf(row, offer, { artifact, silentMs });
  return { id: row.device_id, reason, bytes: typeof artifact === "object" ? artifact.size : 0, silentMs };
}

function reasonOf(
  row: PreviewedRow,
  { artifactName, isForced }: Offer,
  { artifact, silentMs }: { artifact: ArtifactCandidate | "type" | "depends"; silentMs: number | undefined },
): Reason | undefined {
  if (row.status !== "accepted" || row.device_type === null) return "unknown";
  if (typeof artifact === "string") return artifact;
  if (!isForced && row.artifact_name === artifactName) return "has_it";
  if (silentMs === undefined || silentMs > SILENT_MS) return "silent";
  return row.is_busy === 1 ? "earlier_deployment" : undefined;
}

/** As it is chosen when the device asks: the most depends satisfied, then the smallest. */
function artifactFor(row: PreviewedRow, { candidates, keys }: Offer): ArtifactCandidate | "type" | "depends" {
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
