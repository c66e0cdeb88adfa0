import { sql } from "drizzle-orm";
import { into } from "../../platform/columns.ts";
import { change, firstRow, mapped, rows, type Statement } from "../../platform/database.ts";
import type { TenantId, UserId } from "../../platform/ids.ts";
import { membershipsTable, rolesTable, scimGroupsTable, usersTable } from "../tables.ts";

/** A role as an identity provider knows it. */
export interface StoredGroup {
  /** The name of the role, which it keeps. */
  name: string;
  displayName: string;
  externalId: string | null;
  /** By a provider: others are changed and removed where they were made. */
  isMade: boolean;
}

interface GroupRow {
  name: string;
  display: string | null;
  external: string | null;
}

const toGroup = ({ name, display, external }: GroupRow): StoredGroup => ({
  name,
  displayName: display ?? name,
  externalId: external,
  isMade: display !== null,
});

const groups = sql`
  SELECT r.name AS name, g.display_name AS display, g.external_id AS external FROM ${rolesTable} r
  LEFT JOIN ${scimGroupsTable} g ON g.tenant_id = r.tenant_id AND g.role = r.name`;

/** The roles that are the tenant's own. */
export const groupsStatement = (tenant: TenantId, limit: number): Statement<StoredGroup[]> =>
  mapped(
    rows<GroupRow>(sql`${groups} WHERE r.tenant_id = ${tenant} ORDER BY r.name LIMIT ${limit}`),
    (found) => found.map(toGroup),
  );

export const groupStatement = (tenant: TenantId, name: string): Statement<StoredGroup | undefined> =>
  mapped(
    firstRow<GroupRow>(sql`${groups} WHERE r.tenant_id = ${tenant} AND r.name = ${name}`),
    (row) => row && toGroup(row),
  );

export const DISPLAY_NAME_KEY = "scim_groups.tenant_id, scim_groups.display_name";

/** No other role may have the name, or names would be of two groups. */
const isFree = (tenant: TenantId, { name, displayName }: StoredGroup) => sql`NOT EXISTS (
  SELECT 1 FROM ${rolesTable} r WHERE r.tenant_id = ${tenant} AND r.name = ${displayName} AND r.name <> ${name})`;

/** Notes that a provider made a role that was added just before. */
export const addGroupIfChanged = (tenant: TenantId, group: StoredGroup): Statement<number> =>
  change(sql`
    INSERT ${into(scimGroupsTable, "tenant_id, role, display_name, external_id")}
    SELECT ${tenant}, ${group.name}, ${group.displayName}, ${group.externalId}
    WHERE changes() > 0 AND ${isFree(tenant, group)}`);

export const renameGroupStatement = (tenant: TenantId, group: StoredGroup): Statement<number> =>
  change(sql`
    UPDATE ${scimGroupsTable} SET display_name = ${group.displayName}, external_id = ${group.externalId}
    WHERE tenant_id = ${tenant} AND role = ${group.name} AND ${isFree(tenant, group)}`);

/** Who has a role, in order of id. */
export const holdersStatement = (
  tenant: TenantId,
  role: string,
  most: number,
): Statement<{ id: UserId; email: string }[]> =>
  rows(sql`
    SELECT user_id AS id, email FROM ${usersTable}
    WHERE tenant_id = ${tenant} AND EXISTS (SELECT 1 FROM json_each(roles) WHERE value = ${role})
    ORDER BY user_id LIMIT ${most}`);

/** Takes a role from all who have it, guests as well, so that a later one of its name is nobody's. */
export const takeFromAllStatements = (tenant: TenantId, role: string): Statement<number>[] => {
  const others = sql`(SELECT json_group_array(value) FROM json_each(roles) WHERE value <> ${role})`;
  const holds = sql`tenant_id = ${tenant} AND EXISTS (SELECT 1 FROM json_each(roles) WHERE value = ${role})`;
  return [
    change(sql`UPDATE ${usersTable} SET roles = ${others}, revision = revision + 1 WHERE ${holds}`),
    change(sql`UPDATE ${membershipsTable} SET roles = ${others} WHERE ${holds}`),
  ];
};
