import { deviceCheckInsStatement } from "../devices/index.ts";
import type { Database } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import type { Log } from "../platform/log.ts";
import type { Contact } from "./presence.ts";

const STAMPED_AT_ONCE = 1000;

/** Puts the day's first contacts into the inventory, which is searched by them; tells how many it took. */
export async function stampContacts(
  tenant: TenantId,
  contacts: readonly Contact[],
  { database, log }: { database: Database; log: Log },
): Promise<number> {
  let taken = 0;
  try {
    while (taken < contacts.length) {
      const some = contacts.slice(taken, taken + STAMPED_AT_ONCE).map(([device, atMs]) => ({ device, atMs }));
      await database.one(deviceCheckInsStatement(tenant, some));
      taken += some.length;
    }
  } catch (cause) {
    log.error("contacts not in the inventory", { devices: contacts.length - taken, cause });
  }
  return taken;
}
