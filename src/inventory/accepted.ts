import { sql } from "drizzle-orm";
import { rows, type Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";

export const acceptedDevices = (
  tenant: TenantId,
  group: string | null,
  after: string,
  limit: number,
): Statement<{ device_id: DeviceId }[]> =>
  rows(sql`
    SELECT device_id FROM inventory_devices
    WHERE tenant_id = ${tenant} AND device_id > ${after} AND status = 'accepted'
      AND (${group} IS NULL OR group_name = ${group})
    ORDER BY device_id LIMIT ${limit}`);
