import { bringHome } from "./bring-home.ts";
import type { Deps } from "./deps.ts";
import { findHomes } from "./find-homes.ts";
import { FIRST_HOME } from "./homes.ts";
import type { TenantId } from "./ids.ts";
import { openEvents, type EventKey, type OpenEvent } from "./outbox.ts";

export interface FoundEvents {
  /** Those that were not handled yet, by id. */
  open: Map<string, OpenEvent>;
  /** Whether that can be told of an event now. */
  isKnown: (key: EventKey) => boolean;
}

/** Events that were not handled yet. What the directory recorded about a tenant that lives elsewhere is brought there first. */
export async function findOpenEvents(deps: Deps, keys: readonly EventKey[]): Promise<FoundEvents> {
  const open = new Map<string, OpenEvent>();
  const known = new Set<TenantId>();
  const look = async (tenants: readonly TenantId[], work: () => Promise<void>) => {
    try {
      await work();
      for (const tenant of tenants) known.add(tenant);
    } catch (cause) {
      deps.log.error("events not looked up", { tenants: tenants.length, cause });
    }
  };
  if (!deps.homes.isSpread) {
    await look([...new Set(keys.map(({ tenant }) => tenant))], async () => {
      for (const event of await deps.directory.one(openEvents(keys))) open.set(event.id, event);
    });
    return { open, isKnown: ({ tenant }) => known.has(tenant) };
  }
  for (const [tenant, of] of Map.groupBy(keys, ({ tenant: one }) => one))
    await look([tenant], async () => {
      await bringFromDirectory(deps, tenant);
      for (const event of await deps.db(tenant).one(openEvents(of))) open.set(event.id, event);
    });
  return { open, isKnown: ({ tenant }) => known.has(tenant) };
}

async function bringFromDirectory(deps: Deps, tenant: TenantId): Promise<void> {
  const home = (await findHomes(deps, [tenant])).get(tenant);
  if (home && home.home !== FIRST_HOME) await bringHome(deps.directory, deps.db(tenant), tenant);
}
