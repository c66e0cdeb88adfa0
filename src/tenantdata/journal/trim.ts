import type { Deps } from "../../platform/deps.ts";
import type { TenantId } from "../../platform/ids.ts";
import { STORAGE } from "../../platform/limits.ts";
import { trimmedStatement, type JournalRow } from "./journal-store.ts";
import { JOURNAL_DAYS, LISTINGS_A_NIGHT } from "./limits.ts";
import { afterSegmentsOf, baseFolder, basesOf, journalFolderOf } from "./object-keys.ts";
import { baseBegunAt, basesBegun } from "./read-journal.ts";

export const DAY_MS = 86_400_000;

/** The last minute that need not be gone back to. */
export const horizonMs = (nowMs: number): number => nowMs - JOURNAL_DAYS * DAY_MS;

/** Removes objects of a folder whose keys come before this one, for as long as a night has listings; answers their bytes. */
async function removeBefore({ bucket }: Deps, prefix: string, end: string): Promise<number> {
  let bytes = 0;
  for (let listings = 0; listings < LISTINGS_A_NIGHT; listings++) {
    const { objects } = await bucket.list({ prefix, limit: STORAGE.keysAtOnce });
    const old = objects.filter(({ key }) => key < end);
    if (old.length > 0) await bucket.delete(old.map(({ key }) => key));
    bytes += old.reduce((sum, { size }) => sum + size, 0);
    if (old.length < objects.length || objects.length === 0) break;
  }
  return bytes;
}

/** The last copy from which the first minute that is needed can be made. */
async function lastNeeded(
  deps: Deps,
  tenant: TenantId,
): Promise<{ begunMs: number; finishedMs: number } | undefined> {
  const oldestMs = horizonMs(deps.now());
  for (const begunMs of await basesBegun(deps, tenant)) {
    if (begunMs > oldestMs) continue;
    const base = await baseBegunAt(deps, tenant, begunMs);
    if (base && base.finished_ms <= oldestMs) return { begunMs, finishedMs: base.finished_ms };
  }
  return undefined;
}

/** Removes what no minute of the last days is made from. */
export async function trimJournal(deps: Deps, { tenant_id: tenant, state }: JournalRow): Promise<void> {
  const db = deps.db(tenant);
  const kept =
    state === "on"
      ? await lastNeeded(deps, tenant)
      : { begunMs: horizonMs(deps.now()), finishedMs: undefined };
  if (!kept) return;
  const { begunMs, finishedMs } = kept;
  const segments = await removeBefore(deps, journalFolderOf(tenant), afterSegmentsOf(tenant, begunMs));
  const bases = await removeBefore(deps, basesOf(tenant), baseFolder(tenant, begunMs));
  const isEmpty =
    state === "off" &&
    (await deps.bucket.list({ prefix: journalFolderOf(tenant), limit: 1 })).objects.length === 0;
  const bytes = isEmpty ? Number.MAX_SAFE_INTEGER : segments + bases;
  await db.one(trimmedStatement(tenant, { oldestMs: finishedMs ?? null, bytes }));
}
