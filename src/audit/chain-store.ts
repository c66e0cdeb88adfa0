import { sql, type SQL } from "drizzle-orm";
import { notPaused } from "../platform/apart.ts";
import { lastPosition } from "../platform/audit.ts";
import { columnsOf, into, type Row } from "../platform/columns.ts";
import { change, firstRow, mapped, rows, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { auditChainsTable, auditLogTable, auditSealsTable } from "../platform/tables.ts";
import type { PlacedEntry } from "./chain.ts";
import type { Head } from "./head.ts";
import { KEY, tenantsOfLogs } from "./store.ts";

export interface Chain {
  head: Head;
  signature: string;
  checkpointPosition: number;
  checkpointMs: number;
}

const toChain = (row: Row<typeof auditChainsTable>): Chain => ({
  head: {
    tenant: row.tenant_id,
    position: row.position,
    hash: row.hash,
    begunMs: row.begun_ms,
    unchained: row.unchained,
    anchorPosition: row.anchor_position,
    anchorHash: row.anchor_hash,
  },
  signature: row.signature,
  checkpointPosition: row.checkpoint_position,
  checkpointMs: row.checkpoint_ms,
});

export const chainStatement = (tenant: TenantId): Statement<Chain | undefined> =>
  mapped(
    firstRow<Row<typeof auditChainsTable>>(
      sql`SELECT * FROM ${auditChainsTable} WHERE tenant_id = ${tenant}`,
    ),
    (row) => row && toChain(row),
  );

const entryColumns = columnsOf(
  auditLogTable,
  "time_ms, id, actor_type, actor_id, actor_email, action, object_type, object_id, object, change, meta, position",
);

/** A place, or the beginning of the chain where that is later. */
const startAfter = (tenant: TenantId, after: number): SQL => sql`max(${after}, coalesce(
  (SELECT c.anchor_position FROM ${auditChainsTable} c WHERE c.tenant_id = ${tenant}), 0))`;

/** Entries after a place, in order of place. */
export const placedEntries = (tenant: TenantId, after: number, limit: number): Statement<PlacedEntry[]> =>
  rows(sql`SELECT ${entryColumns} FROM ${auditLogTable} INDEXED BY audit_log_position
    WHERE tenant_id = ${tenant} AND position > ${startAfter(tenant, after)} ORDER BY position LIMIT ${limit}`);

/** The same, with what is at the end of a chain that nothing follows yet. */
export const unsealedEntries = (tenant: TenantId, limit: number): Statement<PlacedEntry[]> =>
  rows(sql`SELECT ${entryColumns} FROM ${auditLogTable} INDEXED BY audit_log_position
    WHERE tenant_id = ${tenant} AND position > coalesce(
      (SELECT c.position FROM ${auditChainsTable} c WHERE c.tenant_id = ${tenant}), 0)
    ORDER BY position LIMIT ${limit}`);

/** Entries of the time before there were places; they are looked at while there is no chain. */
export const countUnchained = (tenant: TenantId): Statement<number> =>
  mapped(
    firstRow<{ entries: number }>(sql`
      SELECT COUNT(*) AS entries FROM ${auditLogTable} WHERE tenant_id = ${tenant} AND position IS NULL
        AND NOT EXISTS (SELECT 1 FROM ${auditChainsTable} WHERE tenant_id = ${tenant})`),
    (row) => row?.entries ?? 0,
  );

/** Moves the end of the chain, unless somebody else has moved it or its beginning meanwhile. */
export const moveHead = (
  before: Head | undefined,
  head: Head,
  signature: string,
  atMs: number,
): Statement<number> =>
  change(sql`
    INSERT ${into(auditChainsTable, "tenant_id, position, hash, begun_ms, unchained, anchor_position, anchor_hash, signature, sealed_ms")}
    VALUES (${head.tenant}, ${head.position}, ${head.hash}, ${head.begunMs}, ${head.unchained},
      ${head.anchorPosition}, ${head.anchorHash}, ${signature}, ${atMs})
    ON CONFLICT (tenant_id) DO UPDATE SET position = excluded.position, hash = excluded.hash,
      anchor_position = excluded.anchor_position, anchor_hash = excluded.anchor_hash,
      signature = excluded.signature, sealed_ms = excluded.sealed_ms
    WHERE audit_chains.position = ${before?.position ?? -1} AND audit_chains.hash = ${before?.hash ?? ""}
      AND audit_chains.anchor_position = ${before?.anchorPosition ?? -1}`);

/** Only with the move of the head before it in the batch. */
export const addSealsIfMoved = (
  tenant: TenantId,
  seals: readonly (readonly [position: number, hash: string])[],
): Statement<number> =>
  change(sql`
    INSERT ${into(auditSealsTable, "tenant_id, position, hash")}
    SELECT ${tenant}, value ->> 0, value ->> 1 FROM json_each(${JSON.stringify(seals)}) WHERE changes() > 0`);

export type Seal = Row<typeof auditSealsTable, "position" | "hash">;

/** Seals from a place on, in order of place. */
export const sealsStatement = (tenant: TenantId, from: number, limit: number): Statement<Seal[]> =>
  rows(sql`SELECT position, hash FROM ${auditSealsTable}
    WHERE tenant_id = ${tenant} AND position >= ${startAfter(tenant, from)} ORDER BY position LIMIT ${limit}`);

export const setCheckpoint = (tenant: TenantId, position: number, atMs: number): Statement<number> =>
  change(sql`UPDATE ${auditChainsTable} SET checkpoint_position = ${position}, checkpoint_ms = ${atMs}
    WHERE tenant_id = ${tenant} AND checkpoint_position < ${position}`);

export type Outside = Row<typeof auditLogTable, "time_ms" | "id">;

/**
 * Entries without a place that the chain does not know of: those that are not older than it, and the latest of those
 * before if there are more than there were.
 */
export const outsideStatement = (tenant: TenantId, limit: number): Statement<Outside[]> =>
  rows(sql`
    SELECT time_ms, id FROM (
      SELECT l.time_ms, l.id, c.begun_ms, row_number() OVER (ORDER BY l.time_ms, l.id) AS number, c.unchained
      FROM ${auditLogTable} l INDEXED BY audit_log_position
      JOIN ${auditChainsTable} c ON c.tenant_id = l.tenant_id
      WHERE l.tenant_id = ${tenant} AND l.position IS NULL)
    WHERE time_ms >= begun_ms OR number > unchained LIMIT ${limit}`);

/** The duty that seals; its rows are the logs of tenants. */
export const SEALING = "seal-audit";

/** Tenants with entries that are not sealed; who has waited the longest comes first. */
export function tenantsToSeal(nowMs: number, limit: number): Statement<TenantId[]> {
  const paused = notPaused(SEALING, { tenant: sql`t.tenant`, key: sql`${KEY}` }, nowMs);
  const found = rows<{ tenant: TenantId }>(sql`
    WITH RECURSIVE ${tenantsOfLogs}
    SELECT t.tenant FROM t LEFT JOIN ${auditChainsTable} c ON c.tenant_id = t.tenant
    WHERE t.tenant IS NOT NULL AND ${paused}
      AND (${lastPosition(sql`t.tenant`)}) > coalesce(c.position, 0)
    ORDER BY coalesce(c.sealed_ms, 0), t.tenant LIMIT ${limit}`);
  return mapped(found, (list) => list.map(({ tenant }) => tenant));
}

export interface Prefix {
  position: number;
  hash: string;
  time_ms: number;
}

/** The sealed entries with which the log begins. */
export const prefixStatement = (tenant: TenantId, limit: number): Statement<Prefix[]> =>
  rows(sql`
    SELECT l.position, s.hash, l.time_ms FROM ${auditLogTable} l INDEXED BY audit_log_position
    JOIN ${auditSealsTable} s ON s.tenant_id = l.tenant_id AND s.position = l.position
    WHERE l.tenant_id = ${tenant} AND l.position > 0 ORDER BY l.position LIMIT ${limit}`);

const movedTo = (tenant: TenantId, anchor: number) => sql`
  EXISTS (SELECT 1 FROM ${auditChainsTable} WHERE tenant_id = ${tenant} AND anchor_position = ${anchor})`;

/** Removes what is behind the new beginning of the chain, if it has moved there. */
export const forgetPrefix = (tenant: TenantId, anchor: number): Statement<number>[] => [
  change(sql`DELETE FROM ${auditLogTable}
    WHERE tenant_id = ${tenant} AND position <= ${anchor} AND ${movedTo(tenant, anchor)}`),
  change(sql`DELETE FROM ${auditSealsTable}
    WHERE tenant_id = ${tenant} AND position <= ${anchor} AND ${movedTo(tenant, anchor)}`),
];
