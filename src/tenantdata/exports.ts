import type { OperatorActor, UserActor } from "../platform/actor.ts";
import { inPages, type Duty } from "../platform/apart.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Sweep } from "../platform/background.ts";
import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { newSortableId, type TenantId } from "../platform/ids.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import { getTenant } from "../tenants/index.ts";
import { signedLink } from "../storage/index.ts";
import { SECTIONS } from "./archive-format.ts";
import { EXPORT_PART } from "./events.ts";
import { dropArchive } from "./export-step.ts";
import {
  addExportStatement,
  countExportsStatement,
  expiredExportsStatement,
  exportsStatement,
  exportStatement,
  forgetExportStatement,
  type ExportRow,
} from "./export-store.ts";
import { EXPORT_LIFE_MS, KEPT_EXPORTS } from "./limits.ts";
import { linesOf, sectionOf, START, type Position } from "./position.ts";

/** Whoever may have a copy of a tenant: its users with the permission, and the operator. */
export type Exporter = UserActor | OperatorActor;

/** An export as clients see it. */
export interface ExportView {
  id: string;
  tenant_id: TenantId;
  state: ExportRow["state"];
  objects: ExportRow["objects"];
  created_at: string;
  created_by: string;
  expires_at: string;
  size: number;
  progress: { section?: string; sections_done: number; sections: number; lines: number; parts: number };
  error?: string;
}

function viewOf(row: ExportRow): ExportView {
  const position = JSON.parse(row.position) as Position; // only this domain writes it
  const section = row.state === "running" ? sectionOf(position) : undefined;
  return {
    id: row.export_id,
    tenant_id: row.tenant_id,
    state: row.state,
    objects: row.objects,
    created_at: rfc3339(row.created_ms),
    created_by: row.asked_by,
    expires_at: rfc3339(row.expires_ms),
    size: row.size,
    progress: {
      ...(section !== undefined && { section }),
      sections_done: position.done.length,
      sections: SECTIONS.length,
      lines: linesOf(position),
      parts: row.parts,
    },
    ...(row.failure !== null && { error: row.failure }),
  };
}

const auditObject = (tenant: TenantId) => ({ type: "tenant", id: tenant });

/** Begins a copy of the tenant. It is made in the background, a part at a time. */
export async function askForExport(
  deps: Deps,
  actor: Exporter,
  { objects }: Pick<ExportRow, "objects">,
): Promise<ExportView> {
  const { tenant } = actor;
  await getTenant(deps, tenant);
  const atMs = deps.now();
  const id = newSortableId(atMs);
  const row = {
    tenant_id: tenant,
    export_id: id,
    objects,
    asked_by: actor.kind === "user" ? actor.email : "operator",
    created_ms: atMs,
    expires_ms: atMs + EXPORT_LIFE_MS,
    position: JSON.stringify(START),
  };
  const [added] = await deps
    .db(tenant)
    .batch([
      addExportStatement(row, KEPT_EXPORTS),
      addAuditIfChanged(
        actor,
        { action: "export", object: auditObject(tenant), change: `export ${id}, objects ${objects}` },
        atMs,
      ),
      addEventIfChanged({ kind: EXPORT_PART, tenant, subject: id, data: { part: 1 } }, atMs),
    ]);
  if (added === 0)
    throw new Fault(
      "conflict",
      `an export is under way, or ${KEPT_EXPORTS} are kept already: delete one of them first`,
    );
  return showExport(deps, actor, id);
}

async function exportOf(deps: Deps, { tenant }: Exporter, id: string): Promise<ExportRow> {
  const row = await deps.db(tenant).one(exportStatement({ tenant, id }));
  if (!row) throw new Fault("not_found", "there is no such export");
  return row;
}

export const showExport = async (deps: Deps, actor: Exporter, id: string): Promise<ExportView> =>
  viewOf(await exportOf(deps, actor, id));

export async function listExports(
  deps: Deps,
  { tenant }: Exporter,
  page: Page,
): Promise<{ views: ExportView[]; total: number }> {
  const [found, total] = await deps
    .db(tenant)
    .batch([
      exportsStatement(tenant, { offset: offsetOf(page), limit: page.perPage }),
      countExportsStatement(tenant),
    ]);
  return { views: found.map(viewOf), total };
}

/** A link to the archive, which dies with the right of whom it is given to. */
export async function linkToExport(
  deps: Deps,
  actor: Exporter,
  id: string,
): Promise<{ uri: string; expire: string }> {
  const { state } = await exportOf(deps, actor, id);
  if (state !== "done") throw new Fault("conflict", "the export is not done");
  const query =
    actor.kind === "user" ? ([["user", actor.user] as const, ["token", actor.token] as const] as const) : [];
  return signedLink(deps, {
    method: "GET",
    path: `/api/storage/v1/exports/${encodeURIComponent(actor.tenant)}/${id}`,
    lifeS: deps.settings.DOWNLOAD_LINK_LIFE_S,
    query,
  });
}

/** Ends an export that is under way, and removes the archive of one that is done. */
export async function deleteExport(deps: Deps, actor: Exporter, id: string): Promise<void> {
  const row = await exportOf(deps, actor, id);
  await deps
    .db(actor.tenant)
    .batch([
      forgetExportStatement({ tenant: actor.tenant, id }),
      addAuditIfChanged(
        actor,
        { action: "delete", object: auditObject(actor.tenant), change: `export ${id}` },
        deps.now(),
      ),
    ]);
  await dropArchive(deps, row);
}

/** Archives do not stay for ever: they hold all that a tenant has. */
export const forgetOldExports: Sweep = async (deps) => {
  const duty: Duty<ExportRow> = {
    name: "forget-exports",
    of: ({ tenant_id: tenant, export_id: key }) => ({ tenant, key }),
    work: async (row) => {
      await dropArchive(deps, row);
      await deps.db(row.tenant_id).one(forgetExportStatement({ tenant: row.tenant_id, id: row.export_id }));
    },
  };
  await inPages(deps, duty, (db, limit) => db.one(expiredExportsStatement(deps.now(), limit)));
};
