import { sql, type SQL } from "drizzle-orm";
import { into } from "../../platform/columns.ts";
import { change, demand, firstRow, inJson, mapped, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { BUILT_IN_ROLES, PERMIT_ALL } from "../../platform/permissions.ts";
import { definitionsFrom } from "./read-rights.ts";
import { CONFINING, type Definitions } from "./rights.ts";
import { membershipsTable, permissionSetsTable, rolesTable, scimGroupsTable, usersTable } from "../tables.ts";

/** Roles and permission sets are kept alike. */
export type Defined = "roles" | "permission_sets";

const TABLES = { roles: rolesTable, permission_sets: permissionSetsTable };

/** In a tenant. */
const MAX_DEFINED: Readonly<Record<Defined, number>> = { roles: 10_000, permission_sets: 1000 };

/** Bytes of all definitions that the rights of one user are made of. */
export const MAX_RIGHTS_BYTES = 32 * 1024;

export interface Stored {
  name: string;
  definition: string;
}

export const definedStatement = (
  kind: Defined,
  tenant: TenantId,
  name: string,
): Statement<Stored | undefined> =>
  firstRow(sql`
    SELECT name, definition FROM ${TABLES[kind]} WHERE tenant_id = ${tenant} AND name = ${name}`);

export const definedPageStatement = (
  kind: Defined,
  tenant: TenantId,
  { offset, limit }: { offset: number; limit: number },
): Statement<Stored[]> =>
  rows(sql`
    SELECT name, definition FROM ${TABLES[kind]} WHERE tenant_id = ${tenant}
    ORDER BY name LIMIT ${limit} OFFSET ${offset}`);

export const definedByNameStatement = (
  kind: Defined,
  tenant: TenantId,
  names: readonly string[],
): Statement<Stored[]> =>
  rows(sql`
    SELECT name, definition FROM ${TABLES[kind]} WHERE tenant_id = ${tenant} AND ${inJson(sql`name`, names)}`);

/** Adds one unless the name is taken or the tenant has too many. */
export const addDefinedStatement = (kind: Defined, tenant: TenantId, one: Stored): Statement<number> =>
  change(sql`
    INSERT ${into(TABLES[kind], "tenant_id, name, definition")}
    SELECT ${tenant}, ${one.name}, ${one.definition}
    WHERE (SELECT count(*) FROM ${TABLES[kind]} WHERE tenant_id = ${tenant}) < ${MAX_DEFINED[kind]}
    ON CONFLICT DO NOTHING`);

export const replaceDefinedStatement = (kind: Defined, tenant: TenantId, one: Stored): Statement<number> =>
  change(sql`
    UPDATE ${TABLES[kind]} SET definition = ${one.definition}
    WHERE tenant_id = ${tenant} AND name = ${one.name}`);

export const removeDefinedStatement = (kind: Defined, tenant: TenantId, name: string): Statement<number> =>
  change(sql`DELETE FROM ${TABLES[kind]} WHERE tenant_id = ${tenant} AND name = ${name}`);

/** Forgets that an identity provider made a role. */
export const removeGroupStatement = (tenant: TenantId, role: string): Statement<number> =>
  change(sql`DELETE FROM ${scimGroupsTable} WHERE tenant_id = ${tenant} AND role = ${role}`);

/** Roles by their names, and the sets that these or a token name. The order of the joins is that of the text. */
const definitions = (tenant: SQL, roles: SQL, limits: SQL): SQL => sql`
  SELECT 'role' AS kind, r.name AS name, r.definition AS definition
  FROM json_each(${roles}) n CROSS JOIN ${rolesTable} r ON r.tenant_id = ${tenant} AND r.name = n.value
  UNION
  SELECT 'set', s.name, s.definition
  FROM json_each(${roles}) n CROSS JOIN ${rolesTable} r ON r.tenant_id = ${tenant} AND r.name = n.value
    CROSS JOIN json_each(r.definition, '$.permission_sets_with_scope') g
    CROSS JOIN ${permissionSetsTable} s ON s.tenant_id = ${tenant} AND s.name = json_extract(g.value, '$.name')
  UNION
  SELECT 'set', s.name, s.definition
  FROM json_each(${limits}, '$.permission_sets_with_scope') g
    CROSS JOIN ${permissionSetsTable} s ON s.tenant_id = ${tenant} AND s.name = json_extract(g.value, '$.name')`;

/** The roles of most users, for which no table is asked. */
const NOTHING_DEFINED = sql.raw(
  ["[]", ...BUILT_IN_ROLES.map((role) => JSON.stringify([role]))].map((text) => `'${text}'`).join(", "),
);

const bytes = (text: SQL) => sql`length(CAST(${text} AS BLOB))`;

/** All that roles are made of, however large. */
export const definedForStatement = (tenant: TenantId, roles: readonly string[]): Statement<Definitions> =>
  mapped(
    firstRow<{ parts: string }>(sql`
      SELECT json_group_array(json_array(kind, json(definition))) AS parts
      FROM (${definitions(sql`${tenant}`, sql`${JSON.stringify(roles)}`, sql`NULL`)})`),
    (row) => definitionsFrom(row?.parts ?? "[]"),
  );

/** What the rights of a token are made of, as a JSON list of [kind, definition]; beyond the bound the rest gives nothing. */
export const definitionsOf = (tenant: SQL, roles: SQL, limits: SQL): SQL => sql`
  CASE WHEN ${roles} IN (${NOTHING_DEFINED}) AND ${limits} IS NULL THEN '[]' ELSE (
  SELECT json_group_array(json_array(kind, json(definition))) FROM (
    SELECT kind, definition, sum(${bytes(sql`definition`)}) OVER (ORDER BY kind, name) AS total
    FROM (${definitions(tenant, roles, limits)}))
  WHERE total <= ${MAX_RIGHTS_BYTES}) END`;

/** The different lists of roles that users of a tenant have, guests as well, with what they are made of; of a role those that name it. */
export const heldListsStatement = (
  tenant: TenantId,
  [kind, name]: readonly [Defined, string],
  most: number,
): Statement<{ roles: string; definitions: string }[]> => {
  const isMeant =
    kind === "roles" ? sql`EXISTS (SELECT 1 FROM json_each(roles) WHERE value = ${name})` : sql`1`;
  return rows(sql`
    SELECT h.roles AS roles, ${definitionsOf(sql`${tenant}`, sql`h.roles`, sql`NULL`)} AS definitions FROM (
      SELECT roles FROM ${usersTable} WHERE tenant_id = ${tenant} AND ${isMeant}
      UNION
      SELECT roles FROM ${membershipsTable} WHERE tenant_id = ${tenant} AND ${isMeant} LIMIT ${most}) h`);
};

/** True for roles of a tenant, as JSON, that are an administrator's: the one for everything, and none that confines it to some devices. */
export const areUnrestricted = (tenant: SQL, roles: SQL): SQL => sql`(
  instr(${roles}, ${JSON.stringify(PERMIT_ALL)}) > 0 AND NOT EXISTS (
    SELECT 1 FROM json_each(${roles}) n CROSS JOIN ${rolesTable} c ON c.tenant_id = ${tenant} AND c.name = n.value
      CROSS JOIN json_each(c.definition, '$.permissions') p
    WHERE p.value ->> '$.action' IN (SELECT value FROM json_each(${JSON.stringify(CONFINING)}))))`;

/** The same for the row `alias` of a user or a guest. */
export const isUnrestricted = (alias: SQL): SQL =>
  areUnrestricted(sql`${alias}.tenant_id`, sql`${alias}.roles`);

export const NO_ADMINISTRATOR = "no-administrator";

/** Fails the batch that writes a role by which the last administrator of a tenant is confined to some devices. */
export function demandAdministratorStatement(tenant: TenantId, role: string): Statement<void> {
  const of = (table: typeof usersTable | typeof membershipsTable, condition: SQL) =>
    sql`EXISTS (SELECT 1 FROM ${table} h WHERE h.tenant_id = ${tenant} AND ${condition})`;
  const holds = sql`instr(h.roles, ${JSON.stringify(PERMIT_ALL)}) > 0
    AND EXISTS (SELECT 1 FROM json_each(h.roles) WHERE value = ${role})`;
  const isOne = isUnrestricted(sql`h`);
  return demand(
    sql`NOT ${of(usersTable, holds)} OR ${of(usersTable, sql`h.suspended_ms IS NULL AND ${isOne}`)} OR ${of(membershipsTable, isOne)}`,
    NO_ADMINISTRATOR,
  );
}

const sizeOf = (tenant: SQL, roles: SQL): SQL => sql`coalesce((
  SELECT sum(${bytes(sql`definition`)}) FROM (${definitions(tenant, roles, sql`NULL`)})), 0)`;

export const UNKNOWN_ROLE = "unknown-role";
export const RIGHTS_TOO_LARGE = "rights-too-large";

const customOf = (names: readonly string[]) => names.filter((name) => !BUILT_IN_ROLES.includes(name));

/** Fails the batch that names a role that does not exist. */
export function demandKnownRolesStatements(tenant: TenantId, names: readonly string[]): Statement<void>[] {
  const custom = customOf(names);
  if (custom.length === 0) return [];
  const known = sql`NOT EXISTS (
    SELECT 1 FROM json_each(${JSON.stringify(custom)}) n
    WHERE NOT EXISTS (SELECT 1 FROM ${rolesTable} r WHERE r.tenant_id = ${tenant} AND r.name = n.value))`;
  return [demand(known, UNKNOWN_ROLE)];
}

/** Fails the batch that gives somebody a role that does not exist, or rights beyond their bound. */
export function demandRolesStatements(tenant: TenantId, names: readonly string[]): Statement<void>[] {
  const custom = customOf(names);
  if (custom.length === 0) return [];
  const fits = sql`${sizeOf(sql`${tenant}`, sql`${JSON.stringify(custom)}`)} <= ${MAX_RIGHTS_BYTES}`;
  return [...demandKnownRolesStatements(tenant, names), demand(fits, RIGHTS_TOO_LARGE)];
}

/** Fails the batch that makes the rights of a user larger than their bound. */
export const demandHoldersFitStatement = (tenant: TenantId): Statement<void> =>
  demand(
    sql`NOT EXISTS (
      SELECT 1 FROM ${usersTable} u
      WHERE u.tenant_id = ${tenant} AND ${sizeOf(sql`u.tenant_id`, sql`u.roles`)} > ${MAX_RIGHTS_BYTES})
    AND NOT EXISTS (
      SELECT 1 FROM ${membershipsTable} m
      WHERE m.tenant_id = ${tenant} AND ${sizeOf(sql`m.tenant_id`, sql`m.roles`)} > ${MAX_RIGHTS_BYTES})`,
    RIGHTS_TOO_LARGE,
  );
