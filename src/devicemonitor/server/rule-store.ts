import { sql } from "drizzle-orm";
import { columnsOf, into, type RowOf } from "../../platform/columns.ts";
import { change, firstRow, mapped, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { Rules, type RuleKind, type StoredRule } from "../rules.ts";
import { monitorMutesTable, monitorRulesTable } from "../tables.ts";

const ruleColumns = columnsOf(monitorRulesTable, "kind, group_name, enabled, mail, level, threshold");

/** Rules that a tenant has said. */
export const MAX_RULES = 200;

export const rulesStatement = (tenant: TenantId): Statement<StoredRule[]> =>
  mapped(
    rows<RowOf<typeof ruleColumns>>(sql`
      SELECT ${ruleColumns} FROM ${monitorRulesTable} WHERE tenant_id = ${tenant} ORDER BY kind, group_name`),
    (found) =>
      found.map(({ kind, group_name: group, enabled, mail, level, threshold }) => ({
        kind,
        group,
        enabled: enabled === 1,
        mail: mail === 1,
        level,
        threshold,
      })),
  );

export const readRulesStatement = (tenant: TenantId): Statement<Rules> =>
  mapped(rulesStatement(tenant), (stored) => new Rules(stored));

/** Changes nothing where there are as many as can be. */
export const setRuleStatement = (
  tenant: TenantId,
  { kind, group, enabled, mail, level, threshold }: StoredRule,
): Statement<number> =>
  change(sql`
    INSERT ${into(monitorRulesTable, "tenant_id, kind, group_name, enabled, mail, level, threshold")}
    SELECT ${tenant}, ${kind}, ${group}, ${Number(enabled)}, ${Number(mail)}, ${level}, ${threshold}
    WHERE (SELECT count(*) FROM ${monitorRulesTable}
      WHERE tenant_id = ${tenant} AND (kind, group_name) <> (${kind}, ${group})) < ${MAX_RULES}
    ON CONFLICT (tenant_id, kind, group_name) DO UPDATE SET enabled = excluded.enabled, mail = excluded.mail,
      level = excluded.level, threshold = excluded.threshold`);

export const removeRuleStatement = (tenant: TenantId, kind: RuleKind, group: string): Statement<number> =>
  change(sql`
    DELETE FROM ${monitorRulesTable} WHERE tenant_id = ${tenant} AND kind = ${kind} AND group_name = ${group}`);

const muteColumns = columnsOf(
  monitorMutesTable,
  "mute_id, device_id, group_name, subject, until_ms, reason, created_by, created_ms",
);

export type MuteRow = RowOf<typeof muteColumns>;

/** Mutes that a tenant has at once. */
export const MAX_MUTES = 200;

/** Those that are not over, the newest first. */
export const mutesStatement = (tenant: TenantId, nowMs: number): Statement<MuteRow[]> =>
  rows<MuteRow>(sql`
    SELECT ${muteColumns} FROM ${monitorMutesTable}
    WHERE tenant_id = ${tenant} AND coalesce(until_ms, ${nowMs + 1}) > ${nowMs} ORDER BY created_ms DESC, mute_id`);

/** Forgets those that are over. */
export const forgetMutesStatement = (nowMs: number): Statement<number> =>
  change(sql`DELETE FROM ${monitorMutesTable} WHERE until_ms <= ${nowMs}`);

/** Changes nothing where there are as many as can be. */
export const addMuteStatement = (tenant: TenantId, mute: MuteRow): Statement<number> =>
  change(sql`
    INSERT ${into(monitorMutesTable, "tenant_id, mute_id, device_id, group_name, subject, until_ms, reason, created_by, created_ms")}
    SELECT ${tenant}, ${mute.mute_id}, ${mute.device_id}, ${mute.group_name}, ${mute.subject}, ${mute.until_ms}, ${mute.reason},
      ${mute.created_by}, ${mute.created_ms}
    WHERE (SELECT count(*) FROM ${monitorMutesTable}
      WHERE tenant_id = ${tenant} AND coalesce(until_ms, ${mute.created_ms + 1}) > ${mute.created_ms}) < ${MAX_MUTES}`);

export const muteStatement = (tenant: TenantId, id: string): Statement<MuteRow | undefined> =>
  firstRow<MuteRow>(sql`
    SELECT ${muteColumns} FROM ${monitorMutesTable} WHERE tenant_id = ${tenant} AND mute_id = ${id}`);

export const removeMuteStatement = (tenant: TenantId, id: string): Statement<number> =>
  change(sql`DELETE FROM ${monitorMutesTable} WHERE tenant_id = ${tenant} AND mute_id = ${id}`);
