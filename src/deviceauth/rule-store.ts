import { sql } from "drizzle-orm";
import { notPaused } from "../platform/apart.ts";
import { change, firstRow, mapped, rows, type Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { into, type Row } from "../platform/columns.ts";
import { tenantsTable } from "../tenants/index.ts";
import { authSetsTable } from "../devices/index.ts";
import { autoAcceptRulesTable, admissionSettingsTable } from "./tables.ts";

/** Lets devices of a kind in without asking. */
export interface Rule {
  id: string;
  name: string;
  /** Pattern by identity attribute; all must match. */
  identity: Record<string, string>;
  /** SHA-256 of the enrolment secret the device must send; null if it need not send one. */
  secretHash: string | null;
  expiresMs: number | null;
  createdMs: number;
}

type RuleRow = Row<typeof autoAcceptRulesTable>;

const toRule = (row: RuleRow): Rule => ({
  id: row.rule_id,
  name: row.name,
  identity: JSON.parse(row.identity) as Rule["identity"], // written by `addRuleStatement`
  secretHash: row.secret_hash,
  expiresMs: row.expires_ms,
  createdMs: row.created_ms,
});

export const rulesStatement = (tenant: TenantId): Statement<Rule[]> => {
  const statement = rows<RuleRow>(
    sql`SELECT * FROM ${autoAcceptRulesTable} WHERE tenant_id = ${tenant} ORDER BY rule_id`,
  );
  return { ...statement, read: (result) => statement.read(result).map(toRule) };
};

/** Adds the rule unless the tenant has `max` already. */
export const addRuleStatement = (tenant: TenantId, rule: Rule, max: number): Statement<number> =>
  change(sql`
    INSERT ${into(autoAcceptRulesTable, "tenant_id, rule_id, name, identity, secret_hash, expires_ms, created_ms")}
    SELECT ${tenant}, ${rule.id}, ${rule.name}, ${JSON.stringify(rule.identity)}, ${rule.secretHash}, ${rule.expiresMs}, ${rule.createdMs}
    WHERE (SELECT COUNT(*) FROM ${autoAcceptRulesTable} WHERE tenant_id = ${tenant}) < ${max}`);

export const removeRuleStatement = (tenant: TenantId, rule: string): Statement<number> =>
  change(sql`DELETE FROM ${autoAcceptRulesTable} WHERE tenant_id = ${tenant} AND rule_id = ${rule}`);

/** How long a set may wait unless its tenant says otherwise. */
const DEFAULT_PENDING_LIFE_MS = 30 * 86_400_000;

/** Stands for a wait without end. */
const FOR_EVER = 0;

export interface AdmissionSettings {
  /** Null lets sets wait for ever. */
  pendingLifeMs: number | null;
  refuseWeakKeys: boolean;
}

export const admissionSettingsStatement = (tenant: TenantId): Statement<AdmissionSettings> =>
  mapped(
    firstRow<Row<typeof admissionSettingsTable, "pending_life_ms" | "refuse_weak_keys">>(
      sql`SELECT pending_life_ms, refuse_weak_keys FROM ${admissionSettingsTable} WHERE tenant_id = ${tenant}`,
    ),
    (row) => ({
      pendingLifeMs:
        row?.pending_life_ms === FOR_EVER ? null : (row?.pending_life_ms ?? DEFAULT_PENDING_LIFE_MS),
      refuseWeakKeys: row?.refuse_weak_keys === 1,
    }),
  );

/** Changes nothing if all is so already. What is undefined stays as it is. */
export function setAdmissionStatement(
  tenant: TenantId,
  pendingLifeMs: number | null,
  refuseWeakKeys: boolean | undefined,
): Statement<number> {
  const refuse = refuseWeakKeys === undefined ? null : Number(refuseWeakKeys);
  return change(sql`
    INSERT ${into(admissionSettingsTable, "tenant_id, pending_life_ms, refuse_weak_keys")}
    VALUES (${tenant}, ${pendingLifeMs ?? FOR_EVER}, COALESCE(${refuse}, 0))
    ON CONFLICT DO UPDATE SET pending_life_ms = excluded.pending_life_ms,
      refuse_weak_keys = COALESCE(${refuse}, refuse_weak_keys)
    WHERE pending_life_ms <> excluded.pending_life_ms OR refuse_weak_keys <> COALESCE(${refuse}, refuse_weak_keys)`);
}

/** The duty of ending the waiting of sets. */
export const EXPIRY = "expire-waiting";

/** Devices with a set that has waited longer than its tenant lets it, of any tenant. */
export const overdueStatement = (
  atMs: number,
  limit: number,
): Statement<{ tenant: TenantId; device: DeviceId; beforeMs: number }[]> =>
  rows(sql`
    WITH lives AS (
      SELECT t.tenant_id, COALESCE(s.pending_life_ms, ${DEFAULT_PENDING_LIFE_MS}) AS life_ms
      FROM ${tenantsTable} t LEFT JOIN ${admissionSettingsTable} s ON s.tenant_id = t.tenant_id)
    SELECT DISTINCT a.tenant_id AS tenant, a.device_id AS device, ${atMs} - l.life_ms AS beforeMs
    FROM lives l CROSS JOIN ${authSetsTable} a INDEXED BY auth_sets_waiting
      ON a.tenant_id = l.tenant_id AND a.status = 'pending' AND a.created_ms < ${atMs} - l.life_ms
    WHERE l.life_ms <> ${FOR_EVER} AND ${notPaused(EXPIRY, { tenant: sql`a.tenant_id`, key: sql`a.device_id` }, atMs)}
    LIMIT ${limit}`);
