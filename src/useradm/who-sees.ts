import type { Deps } from "../platform/deps.ts";
import type { DeviceId, TenantId, UserId } from "../platform/ids.ts";
import { isReached } from "../platform/reach.ts";
import { rightsAt } from "../platform/rights.ts";
import { readRights } from "./roles/read-rights.ts";
import { holdersStatement } from "./user-store.ts";

/** A user to write to. */
export interface Reader {
  id: UserId;
  email: string;
}

/** What somebody may read of, asked as for one of its addresses; about no device if none is named. */
export interface Seen {
  device?: DeviceId | undefined;
  group: string | null;
  path: string;
}

/** Tells of each thing which users of a tenant may read of it. */
export async function readersOf(deps: Deps, tenant: TenantId): Promise<(seen: Seen) => Reader[]> {
  const holders = (await deps.directory.one(holdersStatement(tenant))).map(
    ({ user_id: id, email, roles, definitions }) => ({
      reader: { id, email },
      rights: readRights({ roles, definitions, limits: null }),
    }),
  );
  return ({ device, group, path }) =>
    holders.flatMap(({ reader, rights }) => {
      const address = { method: "GET", path, query: "" };
      const devices = rightsAt(rights, ["devices:read"], address).permits.get("devices:read")?.devices;
      if (devices === undefined) return [];
      const isSeen = device === undefined ? devices === "all" : isReached(devices, device, group);
      return isSeen ? [reader] : [];
    });
}

/** The users of a tenant who may read of a device. */
export const whoSees = async (deps: Deps, tenant: TenantId, seen: Seen): Promise<Reader[]> =>
  (await readersOf(deps, tenant))(seen);
