import { sql, type SQL } from "drizzle-orm";
import { columnsOf, into, type RowOf } from "../../platform/columns.ts";
import { change, firstRow, inJson, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { offsetOf, type Page } from "../../platform/paging.ts";
import type { DeviceReach } from "../../platform/reach.ts";
import { deploymentTemplatesTable } from "../record-tables.ts";

const columns = columnsOf(deploymentTemplatesTable, "template_id, name, body, created_ms, updated_ms");

export type TemplateRow = RowOf<typeof columns>;

/** Templates of a tenant. */
export const MAX_TEMPLATES = 500;

/** Templates for a group that is out of reach are not there; others say nothing of devices. */
const reached = (tenant: TenantId, reach: DeviceReach): SQL => sql`
  ${deploymentTemplatesTable} WHERE tenant_id = ${tenant}
    ${reach === "all" ? sql`` : sql`AND (body ->> '$.group' IS NULL OR ${inJson(sql`body ->> '$.group'`, reach.groups)})`}`;

export const listTemplates = (tenant: TenantId, reach: DeviceReach, page: Page): Statement<TemplateRow[]> =>
  rows(sql`
    SELECT ${columns} FROM ${reached(tenant, reach)} ORDER BY name LIMIT ${page.perPage} OFFSET ${offsetOf(page)}`);

export const countTemplates = (
  tenant: TenantId,
  reach: DeviceReach,
): Statement<{ total: number } | undefined> =>
  firstRow(sql`SELECT count(*) AS total FROM ${reached(tenant, reach)}`);

export const templateById = (
  tenant: TenantId,
  reach: DeviceReach,
  id: string,
): Statement<TemplateRow | undefined> =>
  firstRow(sql`SELECT ${columns} FROM ${reached(tenant, reach)} AND template_id = ${id}`);

interface NewTemplate {
  tenant: TenantId;
  id: string;
  name: string;
  body: string;
  atMs: number;
}

/** Adds nothing if there are as many as there may be. */
export const addTemplate = ({ tenant, id, name, body, atMs }: NewTemplate): Statement<number> =>
  change(sql`
    INSERT ${into(deploymentTemplatesTable, "tenant_id, template_id, name, body, created_ms, updated_ms")}
    SELECT ${tenant}, ${id}, ${name}, ${body}, ${atMs}, ${atMs}
    WHERE ${MAX_TEMPLATES} > (SELECT count(*) FROM ${deploymentTemplatesTable} WHERE tenant_id = ${tenant})`);

export const setTemplate = ({ tenant, id, name, body, atMs }: NewTemplate): Statement<number> =>
  change(sql`
    UPDATE ${deploymentTemplatesTable} SET name = ${name}, body = ${body}, updated_ms = ${atMs}
    WHERE tenant_id = ${tenant} AND template_id = ${id}`);

export const dropTemplate = (tenant: TenantId, id: string): Statement<number> =>
  change(sql`DELETE FROM ${deploymentTemplatesTable} WHERE tenant_id = ${tenant} AND template_id = ${id}`);
