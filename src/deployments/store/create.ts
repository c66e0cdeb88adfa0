import { sql } from "drizzle-orm";
import { altering, change, firstRow, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { into, type Row } from "../../platform/columns.ts";
import { seqOf } from "./membership.ts";
import {
  deploymentsTable,
  deploymentCountersTable,
  deploymentTargetsTable,
  deviceDeploymentsTable,
} from "../tables.ts";

export interface DeploymentToStore {
  tenant: TenantId;
  id: string;
  kind: "software" | "configuration";
  name: string;
  artifactName: string;
  forceInstallation: boolean;
  scope: "list" | "group" | "all";
  groups: readonly string[];
  /** JSON texts. */
  phases: string | null;
  updateControlMap: string | null;
  configuration: string | null;
  retries: number;
  fingerprint: string;
  idempotencyKey: string | null;
  atMs: number;
  opensMs: number;
}

/**
 * Adds the deployment unless an unfinished one is the same, its key was used or its id exists. Every further statement
 * of a creation takes effect only if the one before it did.
 */
export const addDeployment = (d: DeploymentToStore): Statement<number> =>
  altering(
    { tenant: d.tenant, what: { kind: "standing" } },
    change(sql`
    INSERT INTO ${deploymentsTable} (tenant_id, seq, deployment_id, kind, name, artifact_name, force_installation, created_ms,
      scope, group_names, phases, retries, update_control_map, configuration, fingerprint, idempotency_key)
    SELECT ${d.tenant},
      max(coalesce((SELECT max(seq) FROM ${deploymentCountersTable} WHERE tenant_id = ${d.tenant}), 0) + 1, ${d.atMs}),
      ${d.id}, ${d.kind}, ${d.name}, ${d.artifactName}, ${d.forceInstallation ? 1 : 0}, ${d.atMs},
      ${d.scope}, ${JSON.stringify(d.groups)}, ${d.phases}, ${d.retries}, ${d.updateControlMap}, ${d.configuration},
      ${d.fingerprint}, ${d.idempotencyKey}
    WHERE NOT EXISTS (
        SELECT 1 FROM ${deploymentsTable} same
        JOIN ${deploymentCountersTable} c ON c.tenant_id = same.tenant_id AND c.seq = same.seq
        WHERE same.tenant_id = ${d.tenant} AND same.fingerprint = ${d.fingerprint} AND c.stage < 2)
      AND NOT EXISTS (
        SELECT 1 FROM ${deploymentsTable} same WHERE same.tenant_id = ${d.tenant} AND same.idempotency_key = ${d.idempotencyKey})
      AND NOT EXISTS (
        SELECT 1 FROM ${deploymentsTable} same WHERE same.tenant_id = ${d.tenant} AND same.deployment_id = ${d.id})`),
  );

const added = (d: { tenant: TenantId; id: string }) =>
  sql`d.tenant_id = ${d.tenant} AND d.deployment_id = ${d.id}`;

export interface Targeting {
  count: number;
  /** Whether devices find themselves in the chunks instead of in their queue. */
  wide: boolean;
  /** Where a job has to go on; null when every target is known. */
  goOnAfter: string | null;
}

export const addCounters = (d: DeploymentToStore, targets: Targeting): Statement<number> =>
  change(sql`
    INSERT ${into(deploymentCountersTable, "tenant_id, seq, wide_open, targeted, targeted_to, opens_ms, max_devices, remaining, unseen")}
    SELECT d.tenant_id, d.seq, ${targets.wide ? 1 : 0}, ${targets.goOnAfter === null ? 1 : 0}, ${targets.goOnAfter},
      ${d.opensMs}, ${targets.count}, ${targets.count}, ${targets.count}
    FROM ${deploymentsTable} d WHERE changes() > 0 AND ${added(d)}`);

const CHUNK = 1000;

function chunksOf(ids: readonly string[]): string[][] {
  const chunks: string[][] = [];
  for (let at = 0; at < ids.length; at += CHUNK) chunks.push(ids.slice(at, at + CHUNK));
  return chunks;
}

/** Adds target chunks if the statement before counted them; ids are sorted and lie behind those added before. */
export const addTargets = (d: { tenant: TenantId; id: string }, ids: readonly string[]): Statement<number> =>
  change(sql`
    INSERT ${into(deploymentTargetsTable, "tenant_id, seq, first_id, last_id, ids")}
    SELECT d.tenant_id, d.seq, chunk.value ->> '$[0]', chunk.value ->> '$[#-1]', chunk.value
    FROM ${deploymentsTable} d JOIN json_each(${JSON.stringify(chunksOf(ids))}) chunk
    WHERE changes() > 0 AND ${added(d)}`);

export const queueDevices = (
  d: { tenant: TenantId; id: string },
  ids: readonly string[],
): Statement<number> =>
  change(sql`
    INSERT ${into(deviceDeploymentsTable, "tenant_id, device_id, seq, status, active, opens_ms")}
    SELECT d.tenant_id, device.value, d.seq, 0, 1, c.opens_ms
    FROM ${deploymentsTable} d
    JOIN ${deploymentCountersTable} c ON c.tenant_id = d.tenant_id AND c.seq = d.seq
    JOIN json_each(${JSON.stringify(ids)}) device
    WHERE changes() > 0 AND ${added(d)}`);

export type KnownKey = Row<typeof deploymentsTable, "deployment_id" | "fingerprint">;

export const byIdempotencyKey = (tenant: TenantId, key: string | null): Statement<KnownKey | undefined> =>
  firstRow(sql`
    SELECT deployment_id, fingerprint FROM ${deploymentsTable}
    WHERE tenant_id = ${tenant} AND idempotency_key = ${key}`);

export type TargetingRow = Row<typeof deploymentsTable, "seq" | "scope" | "group_names"> &
  Row<typeof deploymentCountersTable, "opens_ms"> & { targeted_to: string };

/** The state of a deployment whose targets are still being looked up. */
export const untargeted = (tenant: TenantId, deployment: string): Statement<TargetingRow | undefined> =>
  firstRow(sql`
    SELECT d.seq, d.scope, d.group_names, c.targeted_to, c.opens_ms FROM ${deploymentsTable} d
    JOIN ${deploymentCountersTable} c ON c.tenant_id = d.tenant_id AND c.seq = d.seq
    WHERE d.tenant_id = ${tenant} AND d.deployment_id = ${deployment} AND c.targeted = 0 AND c.stage < 2`);

/** Counts a page of targets found after `from`; of two jobs that found the same page one counts it. */
export const countTargets = (
  tenant: TenantId,
  seq: number,
  page: { from: string; to: string; count: number },
): Statement<number> =>
  change(sql`
    UPDATE ${deploymentCountersTable} SET max_devices = max_devices + ${page.count}, remaining = remaining + ${page.count},
      unseen = unseen + ${page.count}, targeted_to = ${page.to}
    WHERE tenant_id = ${tenant} AND seq = ${seq} AND targeted = 0 AND targeted_to = ${page.from} AND stage < 2`);

/** All targets are known. If meanwhile none is left to wait for, the deployment is finished. */
export const endTargeting = (
  tenant: TenantId,
  id: string,
  known: { after: string; atMs: number },
): Statement<number>[] => [
  altering(
    { tenant, what: { kind: "standing" } },
    change(sql`
      UPDATE ${deploymentCountersTable} SET targeted = 1, targeted_to = NULL
      WHERE tenant_id = ${tenant} AND seq = ${seqOf(tenant, id)} AND targeted = 0 AND targeted_to = ${known.after}`),
  ),
  change(sql`
    UPDATE ${deploymentCountersTable} SET stage = 2, wide_open = 0, finished_ms = ${known.atMs}
    WHERE tenant_id = ${tenant} AND seq = ${seqOf(tenant, id)} AND targeted = 1 AND remaining = 0 AND stage < 2`),
];
