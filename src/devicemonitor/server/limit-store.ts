import { sql } from "drizzle-orm";
import { deviceCountsTable, limitNameOf, TIERS } from "../../deviceauth/index.ts";
import { mapped, rows } from "../../platform/database.ts";
import type { TroubleSource } from "../../platform/trouble.ts";
import { storageUsageTable } from "../../storage/index.ts";
import { tenantLimitsTable } from "../../tenants/index.ts";

const WORDS: Readonly<Record<string, string>> = { storage: "bytes of storage" };

/** Limits of devices and of storage of which such a share is used. */
export const limitsNear: TroubleSource = (tenant, { threshold, limit }) => {
  const tiers = JSON.stringify(TIERS.map((tier) => [limitNameOf(tier), tier]));
  return mapped(
    rows<{ name: string; most: number; used: number }>(sql`
      SELECT name, most, used FROM (
        SELECT l.name, l.value AS most, CASE l.name
          WHEN 'storage' THEN (SELECT u.bytes FROM ${storageUsageTable} u WHERE u.tenant_id = l.tenant_id)
          ELSE (SELECT c.devices FROM ${deviceCountsTable} c JOIN json_each(${tiers}) t ON t.value ->> 0 = l.name
            WHERE c.tenant_id = l.tenant_id AND c.status = 'accepted' AND c.tier = t.value ->> 1) END AS used
        FROM ${tenantLimitsTable} l WHERE l.tenant_id = ${tenant} AND l.value > 0)
      WHERE used * 100 >= most * ${threshold} LIMIT ${limit}`),
    (found) =>
      found.map(({ name, most, used }) => ({
        object: name,
        measure: (used * 100) / most,
        text: `${used} of ${most} ${WORDS[name] ?? "devices"} are used (${name})`,
      })),
  );
};
