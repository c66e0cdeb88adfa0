import { sql } from "drizzle-orm";
import { into, type Row } from "../../platform/columns.ts";
import { change, demand, firstRow, mapped, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { jurisdictionOf, type Jurisdiction } from "../../platform/placing.ts";
import {
  d1MigrationsTable,
  tenantDoorsTable,
  tenantHomesTable,
  tenantMovesTable,
} from "../../platform/tables.ts";

export type MoveRow = Row<typeof tenantMovesTable>;
export type MoveStep = MoveRow["step"];

const ENDED_STEPS: ReadonlySet<MoveStep> = new Set(["done", "failed", "cancelled"]);
const ENDED = sql`('done', 'failed', 'cancelled')`;

export const moveStatement = (tenant: TenantId): Statement<MoveRow | undefined> =>
  firstRow(sql`SELECT * FROM ${tenantMovesTable} WHERE tenant_id = ${tenant}`);

/** Whether a tenant is on its way to another database. */
export const isMovedStatement = (tenant: TenantId): Statement<boolean> =>
  mapped(moveStatement(tenant), (row) => row !== undefined && !ENDED_STEPS.has(row.step));

export const openMovesStatement = (limit: number): Statement<TenantId[]> =>
  mapped(
    rows<{ tenant_id: TenantId }>(sql`
      SELECT tenant_id FROM ${tenantMovesTable} INDEXED BY tenant_moves_open WHERE step NOT IN ${ENDED} LIMIT ${limit}`),
    (found) => found.map(({ tenant_id }) => tenant_id),
  );

/** Begins a move, unless one is under way. From here on the directory records nothing for the tenant. */
export const beginStatements = (
  { tenant, source, target }: { tenant: TenantId; source: string; target: string },
  atMs: number,
): Statement<number>[] => [
  change(sql`
    INSERT ${into(tenantMovesTable, "tenant_id, source, target, step, paused, position, begun_ms, paused_ms, updated_ms")}
    VALUES (${tenant}, ${source}, ${target}, 'pausing', 1, '{}', ${atMs}, ${atMs}, ${atMs})
    ON CONFLICT (tenant_id) DO UPDATE SET source = excluded.source, target = excluded.target, step = excluded.step,
      paused = 1, position = '{}', begun_ms = max(${atMs}, tenant_moves.begun_ms + 1), paused_ms = ${atMs}, resumed_ms = NULL, updated_ms = ${atMs},
      leased_ms = 0, attempts = 0, failure = NULL
    WHERE tenant_moves.step IN ${ENDED}`),
  change(sql`
    INSERT ${into(tenantHomesTable, "tenant_id, home, copied")}
    SELECT ${tenant}, ${source}, 1 WHERE changes() > 0 ON CONFLICT DO NOTHING`),
];

/** The move, for who works on it from here on; nothing if somebody does already. */
export const leaseStatement = (
  tenant: TenantId,
  nowMs: number,
  untilMs: number,
): Statement<MoveRow | undefined> =>
  firstRow(sql`
    UPDATE ${tenantMovesTable} SET leased_ms = ${untilMs}
    WHERE tenant_id = ${tenant} AND leased_ms <= ${nowMs} AND step NOT IN ${ENDED} RETURNING *`);

export const releaseStatement = (tenant: TenantId, untilMs: number): Statement<number> =>
  change(
    sql`UPDATE ${tenantMovesTable} SET leased_ms = 0 WHERE tenant_id = ${tenant} AND leased_ms = ${untilMs}`,
  );

export interface Advance {
  step: MoveStep;
  position?: string;
  attempts?: number;
  failure?: string;
}

const PAUSED: ReadonlySet<MoveStep> = new Set([
  "pausing",
  "copying",
  "checking",
  "opening",
  "switching",
  "closing",
  "reopening",
]);

/** The refusal of a batch whose move is not where it was. */
export const MOVED_ON = "moved-on";

/** Takes the move on, if it still is where it was. */
export function advanceStatements(move: MoveRow, to: Advance, nowMs: number): Statement<unknown>[] {
  const isPaused = PAUSED.has(to.step);
  return [
    demand(
      sql`EXISTS (SELECT 1 FROM ${tenantMovesTable} WHERE tenant_id = ${move.tenant_id} AND step = ${move.step} AND position = ${move.position})`,
      MOVED_ON,
    ),
    change(sql`
      UPDATE ${tenantMovesTable} SET step = ${to.step}, position = ${to.position ?? move.position}, paused = ${Number(isPaused)},
        attempts = ${to.attempts ?? move.attempts}, failure = ${to.failure ?? move.failure}, updated_ms = ${nowMs},
        resumed_ms = CASE WHEN ${Number(isPaused)} = 1 THEN NULL ELSE coalesce(resumed_ms, ${nowMs}) END
      WHERE tenant_id = ${move.tenant_id}`),
  ];
}

/** Ends a move that has not switched yet; the tenant stays where it is. */
export const cancelStatement = (tenant: TenantId, nowMs: number): Statement<number> =>
  change(sql`
    UPDATE ${tenantMovesTable} SET step = 'reopening', updated_ms = ${nowMs}, leased_ms = 0
    WHERE tenant_id = ${tenant} AND step IN ('pausing', 'copying', 'checking', 'opening')`);

/** The one moment at which a tenant changes its home. */
export const switchStatement = ({ tenant_id: tenant, target }: MoveRow): Statement<number> =>
  change(sql`
    UPDATE ${tenantHomesTable} SET home = ${target}, jurisdiction = ${jurisdictionOf(target) ?? null}
    WHERE tenant_id = ${tenant}`);

/** Where a tenant was asked to be. */
export const jurisdictionStatement = (tenant: TenantId): Statement<Jurisdiction | undefined> =>
  mapped(
    firstRow<{ jurisdiction: Jurisdiction | null }>(
      sql`SELECT jurisdiction FROM ${tenantHomesTable} WHERE tenant_id = ${tenant}`,
    ),
    (row) => row?.jurisdiction ?? undefined,
  );

/** Steps in the order in which doors are turned. */
const RANKS: Partial<Record<MoveStep, number>> = {
  pausing: 1,
  copying: 2,
  checking: 3,
  opening: 4,
  closing: 5,
  removing: 6,
  reopening: 7,
  clearing: 8,
};
const RANKS_AN_ATTEMPT = 10;
const ATTEMPTS_A_MILLISECOND = 100;

/** Grows with each step of a move, with each of its attempts, and with each move. */
export const turnOf = ({ begun_ms, attempts }: MoveRow, step: MoveStep): number =>
  (begun_ms * ATTEMPTS_A_MILLISECOND + attempts) * RANKS_AN_ATTEMPT + (RANKS[step] ?? 0);

/**
 * That no later step has turned the door: what somebody does who was held up for so long that another took his place
 * has no effect.
 */
export const demandTurn = (tenant: TenantId, turn: number): Statement<void> =>
  demand(
    sql`NOT EXISTS (SELECT 1 FROM ${tenantDoorsTable} WHERE tenant_id = ${tenant} AND turn > ${turn})`,
    MOVED_ON,
  );

export const turnDoorStatements = (
  tenant: TenantId,
  state: Row<typeof tenantDoorsTable>["state"],
  turn: number,
): Statement<unknown>[] => [
  demandTurn(tenant, turn),
  change(sql`
    INSERT ${into(tenantDoorsTable, "tenant_id, state, turn")} VALUES (${tenant}, ${state}, ${turn})
    ON CONFLICT (tenant_id) DO UPDATE SET state = excluded.state, turn = excluded.turn`),
];

/** How new a copy of the tenant's own rows is begins anew with the home. */
export const forgetCopyStatement = (tenant: TenantId): Statement<number> =>
  change(sql`UPDATE ${tenantDoorsTable} SET copied = 0 WHERE tenant_id = ${tenant}`);

export const revocationsStatement = (tenant: TenantId): Statement<number> =>
  mapped(
    firstRow<{ revocations: number }>(sql`SELECT revocations FROM tenants WHERE tenant_id = ${tenant}`),
    (row) => row?.revocations ?? 0,
  );

export const setRevocationsStatement = (tenant: TenantId, revocations: number): Statement<number> =>
  change(sql`UPDATE tenants SET revocations = ${revocations} WHERE tenant_id = ${tenant}`);

/** The migrations of a database: rows fit where these are the same. */
export const migrationsStatement: Statement<string> = mapped(
  rows<{ name: string }>(sql`SELECT name FROM ${d1MigrationsTable} ORDER BY name`),
  (found) => found.map(({ name }) => name).join(" "),
);
