import { sql, type SQL } from "drizzle-orm";
import { change, firstRow, mapped, rows, type Statement } from "../platform/database.ts";
import type { Row } from "../platform/columns.ts";
import type { TenantId, UserId } from "../platform/ids.ts";
import { hasPasskey, isGoodPasskey, usePasskeyIfChanged, type PasskeyProof } from "./passkeys/store.ts";
import { usersTable, type TfaStatus } from "./tables.ts";

/** Whose factor it is, as it was read. */
interface Holder {
  tenant: TenantId;
  id: UserId;
  email: string;
  tfa: { secret: string | null };
}

const isUser = ({ tenant, id }: Pick<Holder, "tenant" | "id">) =>
  sql`tenant_id = ${tenant} AND user_id = ${id}`;

/** True in SQL for a user and its tenant, by the names of their rows, where the tenant or one of the roles demands a second factor. */
export const mustHaveFactor = (
  user: SQL,
  tenant: SQL,
  roles: SQL = sql`${user}.roles`,
): SQL => sql`(${tenant}.require_2fa = 1
    OR (${tenant}.require_2fa_roles <> '[]' AND EXISTS (
      SELECT 1 FROM json_each(${roles}) r WHERE r.value IN (SELECT value FROM json_each(${tenant}.require_2fa_roles)))))`;

/** True in SQL for a user that has a second factor. */
const hasFactor = (user: SQL): SQL => sql`(${user}.tfa_status = 'enabled' OR ${hasPasskey(user)})`;

/** True in SQL for a user who has to set up a second factor before anything else. */
export const mustEnrol = (user: SQL, tenant: SQL, roles: SQL): SQL =>
  sql`(${mustHaveFactor(user, tenant, roles)} AND NOT ${hasFactor(user)})`;

/** What makes a user one without a second factor. */
const NO_FACTOR: SQL = sql`tfa_status = 'disabled', tfa_secret = NULL, tfa_step = 0, tfa_recovery = '[]'`;

/** Begins to set one up, with a secret that no code was shown for yet. */
export const setUpFactorStatement = (user: Holder, sealed: string): Statement<number> =>
  change(sql`
    UPDATE ${usersTable} SET tfa_status = 'unverified', tfa_secret = ${sealed}, tfa_step = 0, tfa_recovery = '[]'
    WHERE ${isUser(user)} AND tfa_status <> 'enabled' AND email = ${user.email} AND verified_ms IS NOT NULL`);

/** Turns on what was set up, if it is still the same. */
export const turnOnStatement = (user: Holder): Statement<number> =>
  change(sql`
    UPDATE ${usersTable} SET tfa_status = 'enabled'
    WHERE ${isUser(user)} AND tfa_status = 'unverified' AND tfa_secret = ${user.tfa.secret}`);

export const turnOffStatement = (user: Pick<Holder, "tenant" | "id">, from: TfaStatus): Statement<number> =>
  change(sql`UPDATE ${usersTable} SET ${NO_FACTOR} WHERE ${isUser(user)} AND tfa_status = ${from}`);

export const setRecoveryStatement = (user: Holder, digests: readonly string[]): Statement<number> =>
  change(sql`
    UPDATE ${usersTable} SET tfa_recovery = ${JSON.stringify(digests)}
    WHERE ${isUser(user)} AND tfa_status = 'enabled' AND tfa_secret = ${user.tfa.secret}`);

/** What a login proved besides the password: the step of a code, the digest of a recovery code, a signature, or nothing. */
export type Proof = { step: number } | { recovery: string } | PasskeyProof | undefined;

/** True in SQL while the proof is good for a login. */
export function isGood(proof: Proof): SQL {
  if (!proof) return sql`tfa_status <> 'enabled'`;
  if ("passkey" in proof) return isGoodPasskey(proof);
  return "step" in proof
    ? sql`tfa_status = 'enabled' AND tfa_step < ${proof.step}`
    : sql`tfa_status = 'enabled' AND EXISTS (SELECT 1 FROM json_each(tfa_recovery) WHERE value = ${proof.recovery})`;
}

/** Has a proof log in no more. */
export function usedUp(proof: Proof): SQL {
  if (!proof || "passkey" in proof) return sql`tfa_step = tfa_step`;
  return "step" in proof
    ? sql`tfa_step = ${proof.step}`
    : sql`tfa_recovery = (SELECT json_group_array(value) FROM json_each(tfa_recovery) WHERE value <> ${proof.recovery})`;
}

/** Uses up what lies outside the row of the user, if the statement before it in the batch changed something. */
export const useProofIfChanged = (user: Pick<Holder, "tenant" | "id">, proof: Proof, atMs: number) =>
  proof && "passkey" in proof ? usePasskeyIfChanged({ tenant: user.tenant, user: user.id }, proof, atMs) : [];

type SealedRow = Row<typeof usersTable, "tenant_id" | "user_id"> & { tfa_secret: string };

export interface SealedFactor {
  tenant: TenantId;
  id: UserId;
  secret: string;
}

/** Secrets after this user that another key has sealed, in order. */
export const sealedOtherwiseStatement = (
  presentSeal: string,
  after: Pick<SealedFactor, "tenant" | "id">,
  limit: number,
): Statement<SealedFactor[]> =>
  mapped(
    rows<SealedRow>(sql`
      SELECT tenant_id, user_id, tfa_secret FROM ${usersTable}
      WHERE (tenant_id, user_id) > (${after.tenant}, ${after.id})
        AND tfa_secret IS NOT NULL AND substr(tfa_secret, 1, ${presentSeal.length}) <> ${presentSeal}
      ORDER BY tenant_id, user_id LIMIT ${limit}`),
    (found) =>
      found.map(({ tenant_id, user_id, tfa_secret }) => ({
        tenant: tenant_id,
        id: user_id,
        secret: tfa_secret,
      })),
  );

export const resealStatement = ({ tenant, id, secret }: SealedFactor, sealed: string): Statement<number> =>
  change(sql`
    UPDATE ${usersTable} SET tfa_secret = ${sealed} WHERE ${isUser({ tenant, id })} AND tfa_secret = ${secret}`);

/** How many recovery codes are left. */
export const recoveryLeftStatement = (user: Pick<Holder, "tenant" | "id">): Statement<number> =>
  mapped(
    firstRow<{ left: number }>(
      sql`SELECT json_array_length(tfa_recovery) AS left FROM ${usersTable} WHERE ${isUser(user)}`,
    ),
    (row) => row?.left ?? 0,
  );
