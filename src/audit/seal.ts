import { inPages, type Duty } from "../platform/apart.ts";
import type { Sweep } from "../platform/background.ts";
import type { Deps } from "../platform/deps.ts";
import type { TenantId } from "../platform/ids.ts";
import { BEGINNING, hashOf, type PlacedEntry } from "./chain.ts";
import {
  addSealsIfMoved,
  chainStatement,
  countUnchained,
  moveHead,
  SEALING,
  setCheckpoint,
  tenantsToSeal,
  unsealedEntries,
  type Chain,
} from "./chain-store.ts";
import { storeCheckpoint } from "./checkpoints.ts";
import { KEY } from "./store.ts";
import { signHead, type Head } from "./head.ts";

/** Entries of a tenant that one run seals; the next goes on. */
const PAGE = 1000;

/** How often the head of a log that grows is kept in the bucket. */
const CHECKPOINT_MS = 3_600_000;

const newHead = (tenant: TenantId, first: PlacedEntry, unchained: number): Head => ({
  tenant,
  position: 0,
  hash: BEGINNING,
  begunMs: first.time_ms,
  unchained,
  anchorPosition: 0,
  anchorHash: BEGINNING,
});

/** The hashes of entries that follow each other, and the head after them. */
function follow(head: Head, entries: readonly PlacedEntry[]) {
  let { position, hash } = head;
  const seals = entries.map((entry) => {
    hash = hashOf(head.tenant, hash, entry);
    position = entry.position;
    return [position, hash] as const;
  });
  return { seals, head: { ...head, position, hash } };
}

async function keepCheckpoint(deps: Deps, head: Head, signature: string, chain?: Chain): Promise<void> {
  const nowMs = deps.now();
  if (chain && chain.checkpointPosition > 0 && nowMs - chain.checkpointMs < CHECKPOINT_MS) return;
  await storeCheckpoint(deps, head, signature);
  await deps.db(head.tenant).one(setCheckpoint(head.tenant, head.position, nowMs));
}

/**
 * Seals entries of a tenant in the order in which they were made. Of two at once one wins, and what one left undone the
 * next one does: seals and head are one transaction, the checkpoint may come later.
 */
export async function sealTenant(deps: Deps, tenant: TenantId): Promise<void> {
  const db = deps.db(tenant);
  const [chain, entries, unchained] = await db.batch([
    chainStatement(tenant),
    unsealedEntries(tenant, PAGE),
    countUnchained(tenant),
  ]);
  const first = entries[0];
  if (!first) return;
  const before = chain?.head;
  const { seals, head } = follow(before ?? newHead(tenant, first, unchained), entries);
  const signature = await signHead(deps.keys, head);
  const [moved] = await db.batch([
    moveHead(before, head, signature, deps.now()),
    addSealsIfMoved(tenant, seals),
  ]);
  if (moved > 0) await keepCheckpoint(deps, head, signature, chain);
}

export const sealLogs: Sweep = async (deps) => {
  const duty: Duty<TenantId> = {
    name: SEALING,
    of: (tenant) => ({ tenant, key: KEY }),
    work: (tenant) => sealTenant(deps, tenant),
  };
  await inPages(deps, duty, (db, limit) => db.one(tenantsToSeal(deps.now(), limit)));
};
