import { inPages, inSlices, type Duty } from "../platform/apart.ts";
import type { Sweep } from "../platform/background.ts";
import type { Deps } from "../platform/deps.ts";
import type { TenantId } from "../platform/ids.ts";
import { chainStatement, forgetPrefix, moveHead, prefixStatement } from "./chain-store.ts";
import { forgetCheckpoints } from "./checkpoints.ts";
import { signHead } from "./head.ts";
import { FORGETTING, forgetUnplaced, KEY, tenantsToForget } from "./store.ts";

const SWEEP_PAGE = 2000;

/**
 * Removes a page of old entries from the beginning of a log, and makes the last of them what the rest follows. One that
 * was told late stays until those before it are old, too.
 */
async function forgetPage(deps: Deps, tenant: TenantId, beforeMs: number, limit: number): Promise<number> {
  const db = deps.db(tenant);
  const [chain, prefix] = await db.batch([chainStatement(tenant), prefixStatement(tenant, limit)]);
  const young = prefix.findIndex(({ time_ms }) => time_ms >= beforeMs);
  const old = young < 0 ? prefix : prefix.slice(0, young);
  const last = old.at(-1);
  if (!chain || !last || last.position > chain.head.position) return 0;
  const head = { ...chain.head, anchorPosition: last.position, anchorHash: last.hash };
  const signature = await signHead(deps.keys, head);
  const [moved] = await db.batch([
    moveHead(chain.head, head, signature, deps.now()),
    ...forgetPrefix(tenant, last.position),
  ]);
  if (moved === 0) return 0; // the log was sealed meanwhile; the next night goes on
  await forgetCheckpoints(deps, tenant, last.position);
  return old.length;
}

/** Entries older than the installation keeps them. */
export const forgetOldEntries: Sweep = async (deps) => {
  const beforeMs = deps.now() - deps.settings.AUDIT_LIFE_S * 1000;
  const duty: Duty<TenantId> = {
    name: FORGETTING,
    of: (tenant) => ({ tenant, key: KEY }),
    work: async (tenant) => {
      await inSlices(SWEEP_PAGE, (limit) => deps.db(tenant).one(forgetUnplaced(tenant, beforeMs, limit)));
      await inSlices(SWEEP_PAGE, (limit) => forgetPage(deps, tenant, beforeMs, limit));
    },
  };
  await inPages(deps, duty, (db, limit) => db.one(tenantsToForget(beforeMs, deps.now(), limit)));
};
