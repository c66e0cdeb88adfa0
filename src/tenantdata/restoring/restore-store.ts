import { sql } from "drizzle-orm";
import { into, type Row } from "../../platform/columns.ts";
import { change, demand, firstRow, mapped, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { tenantRestoresTable } from "../tables.ts";

export type RestoreRow = Row<typeof tenantRestoresTable>;
export type RestoreStep = RestoreRow["step"];

/** Adds a restore unless one of the tenant has not ended. */
export const addRestoreStatement = (
  row: Pick<RestoreRow, "tenant_id" | "restore_id" | "dry_run" | "to_ms" | "position" | "created_ms">,
): Statement<number> =>
  change(sql`
    INSERT ${into(tenantRestoresTable, "tenant_id, restore_id, step, dry_run, to_ms, position, created_ms, updated_ms")}
    SELECT ${row.tenant_id}, ${row.restore_id}, 'flushing', ${row.dry_run}, ${row.to_ms}, ${row.position}, ${row.created_ms}, ${row.created_ms}
    WHERE NOT EXISTS (SELECT 1 FROM ${tenantRestoresTable} WHERE tenant_id = ${row.tenant_id} AND ended_ms IS NULL)`);

export const restoreStatement = (tenant: TenantId, id: string): Statement<RestoreRow | undefined> =>
  firstRow(sql`SELECT * FROM ${tenantRestoresTable} WHERE tenant_id = ${tenant} AND restore_id = ${id}`);

/** The newest first. */
export const restoresStatement = (
  tenant: TenantId,
  page: { offset: number; limit: number },
): Statement<RestoreRow[]> =>
  rows(sql`
    SELECT * FROM ${tenantRestoresTable} WHERE tenant_id = ${tenant}
    ORDER BY restore_id DESC LIMIT ${page.limit} OFFSET ${page.offset}`);

export const countRestoresStatement = (tenant: TenantId): Statement<number> =>
  mapped(
    firstRow<{ n: number }>(
      sql`SELECT COUNT(*) AS n FROM ${tenantRestoresTable} WHERE tenant_id = ${tenant}`,
    ),
    (row) => row?.n ?? 0,
  );

export interface OpenRestore {
  tenant: TenantId;
  id: string;
}

/** Restores of a database that wait for nobody. */
export const openRestoresStatement = (limit: number): Statement<OpenRestore[]> =>
  rows(sql`
    SELECT tenant_id AS tenant, restore_id AS id FROM ${tenantRestoresTable} INDEXED BY tenant_restores_open
    WHERE ended_ms IS NULL AND step <> 'ready' ORDER BY updated_ms LIMIT ${limit}`);

/** Whether a restore of the tenant is at work. */
export const isRestoredStatement = (tenant: TenantId): Statement<boolean> =>
  mapped(
    firstRow(sql`
      SELECT 1 AS found FROM ${tenantRestoresTable} WHERE tenant_id = ${tenant} AND ended_ms IS NULL AND step <> 'ready'`),
    (row) => row !== undefined,
  );

/** A dry run of the tenant that waits to be applied. */
export const readyStatement = (tenant: TenantId): Statement<string | undefined> =>
  mapped(
    firstRow<{ restore_id: string }>(sql`
      SELECT restore_id FROM ${tenantRestoresTable} WHERE tenant_id = ${tenant} AND ended_ms IS NULL AND step = 'ready'`),
    (row) => row?.restore_id,
  );

/** Ends what was not applied for so long. */
export const endIdleStatement = (beforeMs: number, nowMs: number): Statement<number> =>
  change(sql`
    UPDATE ${tenantRestoresTable} SET step = 'clearing', turn = turn + 1, updated_ms = ${nowMs}
    WHERE ended_ms IS NULL AND step = 'ready' AND updated_ms <= ${beforeMs}`);

export const forgetEndedStatement = (beforeMs: number): Statement<number> =>
  change(sql`DELETE FROM ${tenantRestoresTable} WHERE ended_ms <= ${beforeMs}`);

/** The restore, for who works on it from here on, so that nobody else's work has an effect; nothing if somebody does already. */
export const leaseStatement = (
  { tenant, id }: OpenRestore,
  nowMs: number,
  untilMs: number,
): Statement<RestoreRow | undefined> =>
  firstRow(sql`
    UPDATE ${tenantRestoresTable} SET leased_ms = ${untilMs}, attempts = attempts + 1, turn = turn + 1
    WHERE tenant_id = ${tenant} AND restore_id = ${id} AND leased_ms <= ${nowMs} AND ended_ms IS NULL AND step <> 'ready'
    RETURNING *`);

export const releaseStatement = ({ tenant, id }: OpenRestore, untilMs: number): Statement<number> =>
  change(sql`
    UPDATE ${tenantRestoresTable} SET leased_ms = 0
    WHERE tenant_id = ${tenant} AND restore_id = ${id} AND leased_ms = ${untilMs}`);

/** The refusal of a batch whose restore is not where it was. */
export const RESTORE_MOVED_ON = "restore-moved-on";

export const demandTurn = ({ tenant_id: tenant, restore_id: id, turn }: RestoreRow): Statement<void> =>
  demand(
    sql`EXISTS (SELECT 1 FROM ${tenantRestoresTable} WHERE tenant_id = ${tenant} AND restore_id = ${id} AND turn = ${turn})`,
    RESTORE_MOVED_ON,
  );

export interface Advance {
  step: RestoreStep;
  position?: string;
  cutMs?: number | null;
  /** The last time before it was paused that can be gone back to. */
  pausedMs?: number;
  failure?: string;
}

const ENDED: ReadonlySet<RestoreStep> = new Set(["done", "failed", "cancelled"]);
const PAUSED: ReadonlySet<RestoreStep> = new Set([
  "sealing",
  "putting",
  "removing",
  "waiting",
  "settling",
  "telling",
  "opening",
]);

/** Takes the restore on; comes after `demandTurn`. */
export const advanceStatement = (row: RestoreRow, to: Advance, nowMs: number): Statement<number> => {
  const isPaused = PAUSED.has(to.step);
  const wasPaused = row.paused_ms !== null;
  const resumedMs = wasPaused && !isPaused ? (row.resumed_ms ?? nowMs) : null;
  return change(sql`
    UPDATE ${tenantRestoresTable} SET step = ${to.step}, position = ${to.position ?? row.position}, turn = turn + 1, attempts = 0,
      cut_ms = ${to.cutMs === undefined ? row.cut_ms : to.cutMs}, failure = ${to.failure ?? row.failure}, updated_ms = ${nowMs},
      paused_ms = ${to.pausedMs ?? row.paused_ms ?? (isPaused ? nowMs : null)}, resumed_ms = ${resumedMs},
      ended_ms = ${ENDED.has(to.step) ? nowMs : null}
    WHERE tenant_id = ${row.tenant_id} AND restore_id = ${row.restore_id}`);
};

/** Has what a dry run has found written. */
export const applyStatement = (tenant: TenantId, id: string, nowMs: number): Statement<number> =>
  change(sql`
    UPDATE ${tenantRestoresTable} SET step = 'pausing', dry_run = 0, turn = turn + 1, updated_ms = ${nowMs}
    WHERE tenant_id = ${tenant} AND restore_id = ${id} AND step = 'ready'`);

/** Ends a restore that has written nothing. */
export const cancelStatement = (tenant: TenantId, id: string, nowMs: number): Statement<number> =>
  change(sql`
    UPDATE ${tenantRestoresTable} SET step = 'clearing', turn = turn + 1, leased_ms = 0, updated_ms = ${nowMs}
    WHERE tenant_id = ${tenant} AND restore_id = ${id} AND step IN ('flushing', 'loading', 'comparing', 'ready', 'pausing')`);

/** Forgets a restore that has ended. */
export const forgetRestoreStatement = (tenant: TenantId, id: string): Statement<number> =>
  change(sql`
    DELETE FROM ${tenantRestoresTable} WHERE tenant_id = ${tenant} AND restore_id = ${id} AND ended_ms IS NOT NULL`);
