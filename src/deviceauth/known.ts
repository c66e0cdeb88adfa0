import { sql } from "drizzle-orm";
import { firstRow, type Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";

/** Whether a tenant has a device, for domains that keep something of their own beside it. */
export const knownDeviceStatement = (
  tenant: TenantId,
  device: DeviceId,
): Statement<{ created_ms: number } | undefined> =>
  firstRow<{ created_ms: number }>(sql`
    SELECT created_ms FROM devices WHERE tenant_id = ${tenant} AND device_id = ${device}`);
