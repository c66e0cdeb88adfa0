import type { Deps } from "../platform/deps.ts";
import type { DeviceId, TenantId, UserId } from "../platform/ids.ts";
import { rightsAt } from "../platform/rights.ts";
import { readRights } from "./roles/read-rights.ts";
import { holdersStatement } from "./user-store.ts";

/** A user to write to. */
export interface Reader {
  id: UserId;
  email: string;
}

/** The users of a tenant who may read of a device, asked as for one of its addresses. */
export async function whoSees(
  deps: Deps,
  tenant: TenantId,
  { device, group, path }: { device: DeviceId; group: string | null; path: string },
): Promise<Reader[]> {
  const holders = await deps.directory.one(holdersStatement(tenant));
  return holders.flatMap(({ user_id: id, email, roles, definitions }) => {
    const rights = readRights({ roles, definitions, limits: null });
    const address = { method: "GET", path, query: "" };
    const devices = rightsAt(rights, ["devices:read"], address).permits.get("devices:read")?.devices;
    if (devices === undefined) return [];
    const isSeen =
      devices === "all" || devices.ids.includes(device) || (group !== null && devices.groups.includes(group));
    return isSeen ? [{ id, email }] : [];
  });
}
