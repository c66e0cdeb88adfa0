import { sql } from "drizzle-orm";
import { altering, change } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";

const PORTION = 2000;

/** Removes a portion of a tenant's devices, with all that is not a device. The second result is 0 when none is left. */
export const removeAllStatements = (tenant: TenantId) => {
  const portion = sql`SELECT device_id FROM devices WHERE tenant_id = ${tenant} ORDER BY device_id LIMIT ${PORTION}`;
  return [
    altering(
      { tenant, what: { kind: "standing" } },
      change(sql`
        DELETE FROM auth_sets INDEXED BY auth_sets_by_device
        WHERE tenant_id = ${tenant} AND device_id IN (${portion})`),
    ),
    change(sql`DELETE FROM devices WHERE tenant_id = ${tenant} AND device_id IN (${portion})`),
    change(sql`DELETE FROM device_counts WHERE tenant_id = ${tenant} AND devices = 0`),
    change(sql`DELETE FROM test_device_changes WHERE tenant_id = ${tenant}`),
    change(sql`DELETE FROM auto_accept_rules WHERE tenant_id = ${tenant}`),
    change(sql`DELETE FROM admission_settings WHERE tenant_id = ${tenant}`),
    change(sql`DELETE FROM waiting_removals WHERE tenant_id = ${tenant}`),
  ] as const;
};
