import { bringHome } from "./bring-home.ts";
import type { Deps } from "./deps.ts";
import { findHomes } from "./find-homes.ts";
import { FIRST_HOME, type Home } from "./homes.ts";
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
    await look(tenantsOf(keys), async () => {
      for (const event of await deps.directory.one(openEvents(keys))) open.set(event.id, event);
    });
    return { open, isKnown: ({ tenant }) => known.has(tenant) };
  }
  // Asked anew each time: what is done for a tenant that is being moved could not be recorded.
  const homes = await freshHomes(deps, tenantsOf(keys));
  for (const [tenant, of] of Map.groupBy(keys, ({ tenant: one }) => one)) {
    const home = homes.get(tenant);
    if (!home || home.isMoving) continue;
    await look([tenant], async () => {
      if (home.home !== FIRST_HOME)
        await bringHome(deps.directory, deps.db(tenant), tenant).catch((cause: unknown) =>
          deps.log.error("records not brought home", { tenant, cause }),
        );
      for (const event of await deps.db(tenant).one(openEvents(of))) open.set(event.id, event);
    });
  }
  return { open, isKnown: ({ tenant }) => known.has(tenant) };
}

const tenantsOf = (keys: readonly EventKey[]): TenantId[] => [...new Set(keys.map(({ tenant }) => tenant))];

/** With the directory away, what is remembered; nothing if that is not known of all. */
async function freshHomes(deps: Deps, tenants: readonly TenantId[]): Promise<Map<TenantId, Home>> {
  for (const tenant of tenants) deps.homes.doubt(tenant);
  try {
    return await findHomes(deps, tenants);
  } catch (cause) {
    deps.log.error("homes not looked up", { cause });
    return new Map();
  }
}
