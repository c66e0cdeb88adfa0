import { sql, type SQL } from "drizzle-orm";
import { firstRow, inJson, mapped, rows, type Statement } from "../platform/database.ts";
import type { TenantId, UserId } from "../platform/ids.ts";
import { definitionsOf } from "./roles/store.ts";
import { ssoIdentitiesTable } from "./sso/tables.ts";
import { membershipsTable, usersTable } from "./tables.ts";
import { identitiesOf, toUser, type User, type UserRow } from "./user-store.ts";

/** Somebody of a tenant: a user whose home it is or a guest. The account of a guest is not this tenant's to write. */
export interface Person extends Omit<User, "tenant" | "passwordHash" | "revision"> {
  home: TenantId;
  isGuest: boolean;
}

/** With the roles that a guest was given, as text. */
type PersonRow = UserRow & { invited: string | null };

function toPerson({ invited: guestRoles, ...row }: PersonRow): Person {
  const { tenant: home, passwordHash: _, revision: __, ...user } = toUser(row);
  const roles = guestRoles === null ? user.roles : (JSON.parse(guestRoles) as string[]); // only this domain writes them
  return { ...user, home, roles, isGuest: guestRoles !== null };
}

const peopleOf = (tenant: TenantId): SQL => sql`(
  SELECT u.*, ${identitiesOf(sql`u`)}, NULL AS invited FROM ${usersTable} u WHERE u.tenant_id = ${tenant}
  UNION ALL
  SELECT u.*, ${identitiesOf(sql`u`)}, m.roles FROM ${membershipsTable} m
    CROSS JOIN ${usersTable} u ON u.tenant_id = m.home_id AND u.user_id = m.user_id
  WHERE m.tenant_id = ${tenant})`;

export const personStatement = (tenant: TenantId, id: UserId): Statement<Person | undefined> =>
  mapped(
    firstRow<PersonRow>(sql`SELECT * FROM ${peopleOf(tenant)} WHERE user_id = ${id}`),
    (row) => row && toPerson(row),
  );

export interface UserFilter {
  ids?: readonly string[];
  emails?: readonly string[];
  createdAfterMs?: number | undefined;
  createdBeforeMs?: number | undefined;
  updatedAfterMs?: number | undefined;
  updatedBeforeMs?: number | undefined;
  ssoProvider?: string | undefined;
  ssoSubject?: string | undefined;
}

const conditionOf = (filter: UserFilter): SQL => {
  const terms = [sql`1`];
  if (filter.ids?.length) terms.push(inJson(sql`user_id`, filter.ids));
  if (filter.emails?.length) terms.push(inJson(sql`email`, filter.emails));
  if (filter.createdAfterMs !== undefined) terms.push(sql`created_ms > ${filter.createdAfterMs}`);
  if (filter.createdBeforeMs !== undefined) terms.push(sql`created_ms < ${filter.createdBeforeMs}`);
  if (filter.updatedAfterMs !== undefined) terms.push(sql`updated_ms > ${filter.updatedAfterMs}`);
  if (filter.updatedBeforeMs !== undefined) terms.push(sql`updated_ms < ${filter.updatedBeforeMs}`);
  return sql.join(terms, sql` AND `);
};

/** Of the row `u` of an account. */
const identityCondition = ({ ssoProvider, ssoSubject }: UserFilter): SQL =>
  ssoProvider === undefined && ssoSubject === undefined
    ? sql`1`
    : sql`EXISTS (SELECT 1 FROM ${ssoIdentitiesTable} i
        WHERE i.tenant_id = u.tenant_id AND i.user_id = u.user_id
          AND ${ssoProvider === undefined ? sql`1` : sql`i.provider_id = ${ssoProvider}`}
          AND ${ssoSubject === undefined ? sql`1` : sql`i.subject = ${ssoSubject}`})`;

/** Everybody of a tenant in order of creation. */
export const peopleStatement = (tenant: TenantId, filter: UserFilter): Statement<Person[]> =>
  mapped(
    rows<PersonRow>(
      sql`SELECT * FROM ${peopleOf(tenant)} WHERE ${conditionOf(filter)} ORDER BY created_ms, user_id`,
    ),
    (found) => found.map(toPerson),
  );

/** Accounts of the installation by id, of tenants for which the condition on `u.tenant_id` holds. */
export const accountsPageStatement = (
  filter: UserFilter,
  condition: SQL,
  { offset, limit }: { offset: number; limit: number },
): Statement<Person[]> =>
  mapped(
    rows<PersonRow>(sql`
      SELECT u.*, ${identitiesOf(sql`u`)}, NULL AS invited FROM ${usersTable} u WHERE ${condition} AND ${conditionOf(filter)}
        AND ${identityCondition(filter)}
      ORDER BY u.user_id, u.tenant_id LIMIT ${limit} OFFSET ${offset}`),
    (found) => found.map(toPerson),
  );

export const countAccountsStatement = (filter: UserFilter, condition: SQL): Statement<number> =>
  mapped(
    firstRow<{ n: number }>(
      sql`SELECT COUNT(*) AS n FROM ${usersTable} u WHERE ${condition} AND ${conditionOf(filter)}
        AND ${identityCondition(filter)}`,
    ),
    (row) => row?.n ?? 0,
  );

/** Everybody of a tenant with what their roles allow, as texts. */
export const rightsOfPeopleStatement = (
  tenant: TenantId,
): Statement<{ email: string; roles: string; definitions: string }[]> =>
  rows(sql`
    SELECT p.email AS email, coalesce(invited, roles) AS roles,
      ${definitionsOf(sql`${tenant}`, sql`coalesce(invited, roles)`, sql`NULL`)} AS definitions
    FROM ${peopleOf(tenant)} p ORDER BY p.email`);
