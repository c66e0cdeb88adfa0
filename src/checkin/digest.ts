import { placeOf, type PlaceOrder } from "../deployments/index.ts";
import { addTo, hashOf, isSame, makeFilter, mayHold, type Filter, type IdHash } from "./filter.ts";

/** Ids whose next check must be looked at. Without a filter that is everybody, as long as they are being read. */
export interface Part {
  /** The generation of the digest in which it changed last. */
  version: number;
  /** It concerns nobody before but those who are at it. */
  opensMs: number;
  filter: Filter | undefined;
  /** Devices that are at a deployment whose other devices have to wait. */
  busy?: Filter | undefined;
  /** Where each device has its turn. */
  order?: PlaceOrder | undefined;
}

/** What of a part tells who waits. */
export type Waiting = Pick<Part, "opensMs" | "busy" | "order">;

/** All filters of a tenant together; what does not fit lets everybody ask. */
const MAX_BYTES = 8 * 1024 * 1024;

/** Parts that are always there; every other one is named by the id of a deployment to many devices. */
export const REVOKED = "revoked";
export const QUEUED = "queued";

/**
 * All that can make a check something else than "nothing to do", for a whole tenant. It may name too many devices and
 * never too few.
 */
export interface Digest {
  generation: number;
  /** False while the tenant is suspended or unknown. */
  active: boolean;
  /** Device tokens issued until then are void. */
  revokedS: number;
  parts: Map<string, Part>;
}

/** A device token as far as a digest is concerned. */
export interface Checking {
  device: string;
  authSet: string;
  issuedS: number;
}

/** False if the device's token certainly holds and there is certainly nothing for it to do. */
export const mayConcern = (digest: Digest, checking: Checking, nowMs: number): boolean =>
  mayBeVoid(digest, checking) || mayHaveWork(digest, checking.device, nowMs);

/** False if the device's token certainly holds. */
export function mayBeVoid(digest: Digest, { device, authSet, issuedS }: Checking): boolean {
  if (!digest.active || issuedS <= digest.revokedS) return true;
  const revoked = digest.parts.get(REVOKED);
  if (!revoked) return false;
  return (
    !revoked.filter || mayHold(revoked.filter, hashOf(device)) || mayHold(revoked.filter, hashOf(authSet))
  );
}

/** False if there is certainly nothing for the device to do. */
export function mayHaveWork(digest: Digest, device: string, nowMs: number): boolean {
  const hash = hashOf(device);
  for (const [name, part] of digest.parts) {
    if (name === REVOKED) continue;
    if (part.opensMs > nowMs || isBefore(part.order, device, nowMs)) {
      if (part.busy && mayHold(part.busy, hash)) return true;
      continue;
    }
    if (!part.filter || mayHold(part.filter, hash)) return true;
  }
  return false;
}

/** Whether the turn of a device has not come yet. */
function isBefore(order: PlaceOrder | undefined, device: string, nowMs: number): boolean {
  if (!order || order.canaries.includes(device)) return false;
  const place = placeOf(device, order.salt);
  const phase = order.phases.find(({ threshold }) => threshold === null || place <= threshold);
  return phase !== undefined && phase.opensMs > nowMs;
}

/** A filter of exactly these hashes. */
export function filterOf(hashes: readonly IdHash[]): Filter {
  const filter = makeFilter(hashes.length);
  for (const hash of hashes) addTo(filter, hash);
  return filter;
}

/** Whether a filter of so many ids fits beside those that a digest has. */
export function hasRoomFor(count: number, digest: Digest | undefined): boolean {
  let bytes = makeFilter(count).bits.byteLength;
  for (const { filter } of digest?.parts.values() ?? []) bytes += filter?.bits.byteLength ?? 0;
  return bytes <= MAX_BYTES;
}

const timesOf = ({ opensMs, order }: Waiting): string => JSON.stringify([opensMs, order]);

export const isSameWaiting = (a: Waiting, b: Waiting): boolean =>
  timesOf(a) === timesOf(b) && isSame(a.busy, b.busy);

/** What an isolate holds and what it is sent: parts it knows in their newest version come without their filter. */
export interface DigestUpdate {
  generation: number;
  active: boolean;
  revokedS: number;
  parts: (Omit<Part, "filter"> & { name: string; known: boolean; filter: Filter | undefined })[];
}

export const versionsOf = (digest: Digest | undefined): Record<string, number> =>
  Object.fromEntries([...(digest?.parts ?? [])].map(([name, { version }]) => [name, version]));

export const updateFor = (
  { generation, active, revokedS, parts }: Digest,
  known: Record<string, number>,
): DigestUpdate => ({
  generation,
  active,
  revokedS,
  parts: [...parts].map(([name, { filter, ...part }]) => {
    const isKnown = known[name] === part.version;
    return { ...part, name, known: isKnown, filter: isKnown ? undefined : filter };
  }),
});

export const updated = (held: Digest | undefined, update: DigestUpdate): Digest => ({
  generation: update.generation,
  active: update.active,
  revokedS: update.revokedS,
  parts: new Map(
    update.parts.map(({ name, known, filter, ...part }) => [
      name,
      { ...part, filter: known ? held?.parts.get(name)?.filter : filter },
    ]),
  ),
});
