import { sql, type SQL } from "drizzle-orm";
import { into, type Row } from "../../platform/columns.ts";
import { change, firstRow, mapped, rows, type Statement } from "../../platform/database.ts";
import type { TenantId, UserId } from "../../platform/ids.ts";
import { passkeysTable, spentChallengesTable, usersTable } from "../tables.ts";
import type { Spent } from "./challenges.ts";

export interface StoredPasskey {
  tenant: TenantId;
  user: UserId;
  id: string;
  name: string;
  publicKey: string;
  counter: number;
  transports: string[];
  createdMs: number;
  lastUsedMs: number | null;
}

const toPasskey = (row: Row<typeof passkeysTable>): StoredPasskey => ({
  tenant: row.tenant_id,
  user: row.user_id,
  id: row.passkey_id,
  name: row.name,
  publicKey: row.public_key,
  counter: row.counter,
  transports: JSON.parse(row.transports) as string[], // only this store writes them
  createdMs: row.created_ms,
  lastUsedMs: row.last_used_ms,
});

type Owner = Pick<StoredPasskey, "tenant" | "user">;

const ofUser = ({ tenant, user }: Owner) => sql`tenant_id = ${tenant} AND user_id = ${user}`;

/** True in SQL for a user, by the name of its row, that has a passkey. */
export const hasPasskey = (user: SQL): SQL =>
  sql`EXISTS (SELECT 1 FROM ${passkeysTable} p WHERE p.tenant_id = ${user}.tenant_id AND p.user_id = ${user}.user_id)`;

export const passkeysStatement = (owner: Owner): Statement<StoredPasskey[]> =>
  mapped(
    rows<Row<typeof passkeysTable>>(
      sql`SELECT * FROM ${passkeysTable} WHERE ${ofUser(owner)} ORDER BY created_ms, passkey_id`,
    ),
    (found) => found.map(toPasskey),
  );

/** Whoever's passkey it is: browsers name it without saying whose. */
export const passkeyStatement = (id: string): Statement<StoredPasskey | undefined> =>
  mapped(
    firstRow<Row<typeof passkeysTable>>(sql`SELECT * FROM ${passkeysTable} WHERE passkey_id = ${id}`),
    (row) => row && toPasskey(row),
  );

const isSpent = ({ digest }: Spent) =>
  sql`EXISTS (SELECT 1 FROM ${spentChallengesTable} WHERE digest = ${digest})`;

/** Adds a passkey while its user is there, has the same address, and not as many as there may be; answers one challenge once. */
export const addPasskeyStatement = (
  passkey: StoredPasskey,
  { email, spent, most }: { email: string; spent: Spent; most: number },
): Statement<number> =>
  change(sql`
    INSERT ${into(passkeysTable, "tenant_id, user_id, passkey_id, name, public_key, counter, transports, created_ms")}
    SELECT ${passkey.tenant}, ${passkey.user}, ${passkey.id}, ${passkey.name}, ${passkey.publicKey}, ${passkey.counter},
      ${JSON.stringify(passkey.transports)}, ${passkey.createdMs}
    WHERE NOT ${isSpent(spent)} AND EXISTS (SELECT 1 FROM ${usersTable} WHERE ${ofUser(passkey)} AND email = ${email})
      AND (SELECT COUNT(*) FROM ${passkeysTable} WHERE ${ofUser(passkey)}) < ${most}
    ON CONFLICT DO NOTHING`);

/** Keeps a challenge from being answered again if the statement before it in the batch changed something. */
export const spendIfChanged = ({ digest, expiresMs }: Spent): Statement<number> =>
  change(sql`
    INSERT ${into(spentChallengesTable, "digest, expires_ms")} SELECT ${digest}, ${expiresMs} WHERE changes() > 0`);

export const renamePasskeyStatement = (owner: Owner, id: string, name: string): Statement<number> =>
  change(sql`UPDATE ${passkeysTable} SET name = ${name} WHERE ${ofUser(owner)} AND passkey_id = ${id}`);

export const removePasskeyStatement = (owner: Owner, id: string): Statement<number> =>
  change(sql`DELETE FROM ${passkeysTable} WHERE ${ofUser(owner)} AND passkey_id = ${id}`);

/** Passkeys go with their user, and with the address that they were made for. */
export const removePasskeysOfChangedStatement = (owner: Owner, email: string): Statement<number> =>
  change(sql`
    DELETE FROM ${passkeysTable} WHERE ${ofUser(owner)}
      AND NOT EXISTS (SELECT 1 FROM ${usersTable} WHERE ${ofUser(owner)} AND email = ${email})`);

/** The passkeys of an account follow it to another tenant, if it has just been moved there. */
export const followPasskeysStatement = (owner: Owner, to: TenantId, email: string): Statement<number> =>
  change(sql`
    UPDATE ${passkeysTable} SET tenant_id = ${to} WHERE ${ofUser(owner)} AND EXISTS (
      SELECT 1 FROM ${usersTable} WHERE ${ofUser({ tenant: to, user: owner.user })} AND email = ${email})`);

/** A signature by a passkey: which one, what it counted, and the challenge that it answers. */
export interface PasskeyProof {
  passkey: string;
  counter: number;
  spent: Spent;
}

/** True in SQL while the signature is good for one more sign-in. A counter that does not grow tells of a copied key. */
export const isGoodPasskey = ({ passkey, counter, spent }: PasskeyProof): SQL => sql`
  NOT ${isSpent(spent)} AND EXISTS (
    SELECT 1 FROM ${passkeysTable} p
    WHERE p.tenant_id = ${usersTable}.tenant_id AND p.user_id = ${usersTable}.user_id AND p.passkey_id = ${passkey}
      AND (p.counter < ${counter} OR (p.counter = 0 AND ${counter} = 0)))`;

/** Uses a signature up if the statement before it in the batch changed something; each of these changes one row. */
export const usePasskeyIfChanged = (
  owner: Owner,
  { passkey, counter, spent }: PasskeyProof,
  atMs: number,
): Statement<number>[] => [
  spendIfChanged(spent),
  change(sql`
    UPDATE ${passkeysTable} SET counter = ${counter}, last_used_ms = ${atMs}
    WHERE ${ofUser(owner)} AND passkey_id = ${passkey} AND changes() > 0`),
];

export const forgetSpentStatement = (nowMs: number, limit: number): Statement<number> =>
  change(sql`
    DELETE FROM ${spentChallengesTable} WHERE digest IN (
      SELECT digest FROM ${spentChallengesTable} WHERE expires_ms <= ${nowMs} ORDER BY expires_ms LIMIT ${limit})`);
