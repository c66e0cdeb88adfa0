import { sql } from "drizzle-orm";
import { inventoryDevicesTable } from "../../devices/index.ts";
import { into } from "../../platform/columns.ts";
import { firstRow, inJson, mapped, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { moving } from "./moving.ts";

interface Revised {
  id: string;
  revision: number;
}

export const someDevices = (tenant: TenantId, ids: readonly string[]): Statement<number> =>
  mapped(
    firstRow<{ n: number }>(sql`
      SELECT count(*) AS n FROM ${inventoryDevicesTable}
      WHERE tenant_id = ${tenant} AND ${inJson(sql`device_id`, ids)}`),
    (row) => row?.n ?? 0,
  );

/** How many of these status updates are not newer than what is stored. */
export const countStale = (tenant: TenantId, items: readonly Revised[]): Statement<number> =>
  mapped(
    firstRow<{ n: number }>(sql`
      SELECT count(*) AS n FROM json_each(${JSON.stringify(items)}) i
      CROSS JOIN ${inventoryDevicesTable} d ON d.tenant_id = ${tenant} AND d.device_id = i.value ->> 'id'
      WHERE d.status_revision >= i.value ->> 'revision'`),
    (row) => row?.n ?? 0,
  );

/** As `setStatus` for many devices. */
export const setStatuses = (
  tenant: TenantId,
  status: string,
  items: readonly Revised[],
  atMs: number,
): Statement<number> =>
  moving(
    tenant,
    items.map(({ id }) => id),
  )(sql`
    INSERT ${into(inventoryDevicesTable, "tenant_id, device_id, status, status_revision, created_ms, updated_ms")}
    SELECT ${tenant}, value ->> 'id', ${status}, value ->> 'revision', ${atMs}, ${atMs}
    FROM json_each(${JSON.stringify(items)}) WHERE true
    ON CONFLICT (tenant_id, device_id) DO UPDATE
    SET status = excluded.status, status_revision = excluded.status_revision
    WHERE excluded.status_revision > status_revision`);

export const removeDevices = (tenant: TenantId, ids: readonly string[]): Statement<number> =>
  moving(
    tenant,
    ids,
  )(sql`
    DELETE FROM ${inventoryDevicesTable} WHERE tenant_id = ${tenant} AND ${inJson(sql`device_id`, ids)}`);
