import { groupOfStatement } from "../devices/index.ts";
import { besideDirectory } from "../platform/beside.ts";
import type { Deps } from "../platform/deps.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { isReached } from "../platform/reach.ts";
import { rightsOfPeopleStatement } from "./people-store.ts";
import { readRights } from "./roles/read-rights.ts";

/** Addresses of everybody who may see a device, for mails about it. */
export async function whoMaySee(deps: Deps, tenant: TenantId, device: DeviceId): Promise<string[]> {
  const [people, [group]] = await besideDirectory(deps, tenant, rightsOfPeopleStatement(tenant), [
    groupOfStatement(tenant, device),
  ]);
  const maySee = (stored: (typeof people)[number]) => {
    const reach = readRights({ ...stored, limits: null }).permits.get("devices:read");
    return reach !== undefined && isReached(reach.devices, device, group);
  };
  return people.filter(maySee).map(({ email }) => email);
}
