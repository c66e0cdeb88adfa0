import type { SQL } from "drizzle-orm";
import type { Actor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import { demandChanged, type Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { byOf } from "../platform/stream.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { noticeIfChanged } from "./account-mails.ts";
import { removeSecretsOfChangedStatement } from "./account-secret-store.ts";
import { givingRights } from "./roles/roles.ts";
import { demandRolesStatements } from "./roles/store.ts";
import { removePasskeysOfChangedStatement } from "./passkeys/store.ts";
import { removeTokensEverywhereIfChanged, removeTokensIfChanged } from "./token-store.ts";
import {
  anotherAdminStatement,
  demandUnchangedStatement,
  updateUserStatement,
  type User,
} from "./user-store.ts";
import { userObject, writingEmail } from "./users.ts";

export const sameRoles = (a: readonly string[], b: readonly string[]) =>
  JSON.stringify(a) === JSON.stringify(b);

/** What changed, as the audit log shows it; a password is only named. */
function describeUpdate(before: User, after: User): string {
  const lines = [`Updated user ${before.email}:`];
  if (before.email !== after.email) lines.push(`-email: ${before.email}`, `+email: ${after.email}`);
  if (!sameRoles(before.roles, after.roles))
    lines.push(`-roles: ${before.roles.join(", ")}`, `+roles: ${after.roles.join(", ")}`);
  return lines.join("\n");
}

function auditOfUpdate(actor: Actor, before: User, after: User, at: number) {
  const object = userObject(after);
  const entries = [];
  const changed = before.email !== after.email || !sameRoles(before.roles, after.roles);
  const newPassword = before.passwordHash !== after.passwordHash;
  if (changed || !newPassword)
    entries.push(
      addAuditIfChanged(actor, { action: "update", object, change: describeUpdate(before, after) }, at),
    );
  if (newPassword) entries.push(addAuditIfChanged(actor, { action: "password_change", object }, at));
  return entries;
}

function noticesOfUpdate(deps: Deps, before: User, after: User): Statement<number>[] {
  const notices = [];
  if (before.passwordHash !== after.passwordHash)
    notices.push(noticeIfChanged(deps, after, "password_changed"));
  if (before.email !== after.email) notices.push(noticeIfChanged(deps, before, "email_changed", after.email));
  return notices;
}

/** Roles are good in one tenant; password and address in all that the user has a place in. */
const isSameAccount = (before: User, after: User): boolean =>
  before.passwordHash === after.passwordHash && before.email === after.email;

/** Links were sent for the old password and the old address. */
const voidLinks = (before: User, after: User): Statement<number>[] =>
  isSameAccount(before, after) ? [] : [removeSecretsOfChangedStatement(after)];

/** Passkeys were made for the old address. They stay where the user does, as the change may not happen. */
const voidPasskeys = ({ tenant, id, email }: User): Statement<number> =>
  removePasskeysOfChangedStatement({ tenant, user: id }, email);

export interface Written {
  updated: boolean;
  anotherAdmin: boolean;
}

/** What follows an update in its batch, if the statement before changed something: audit, mails, the end of tokens. */
function followUps(
  deps: Deps,
  actor: Actor,
  { before, after, keepToken = "" }: { before: User; after: User; keepToken?: string | undefined },
): Statement<unknown>[] {
  const at = deps.now();
  return [
    ...auditOfUpdate(actor, before, after, at),
    addEventIfChanged(
      { kind: "user.updated", tenant: before.tenant, subject: before.id, data: byOf(actor) },
      at,
    ),
    ...noticesOfUpdate(deps, before, after),
    isSameAccount(before, after)
      ? removeTokensIfChanged(before.tenant, before.id, keepToken)
      : removeTokensEverywhereIfChanged(before.tenant, before.id, keepToken),
    ...voidLinks(before, after),
    ...(before.email === after.email ? [] : [voidPasskeys(before)]),
    ...(sameRoles(before.roles, after.roles) ? [] : demandRolesStatements(before.tenant, after.roles)),
  ];
}

export const USER_CHANGED = "user-changed";
export const LAST_ADMINISTRATOR = "last-administrator";

/** An update among others of one batch, all of which happen or none: it fails where it would change nothing. */
export const updateStatements = (
  deps: Deps,
  actor: Actor,
  change: { before: User; after: User },
): Statement<unknown>[] => [
  demandUnchangedStatement(change.before, USER_CHANGED),
  updateUserStatement(change.before, change.after, deps.now()),
  demandChanged(LAST_ADMINISTRATOR),
  ...followUps(deps, actor, change),
];

/**
 * Writes the update, tells the user, and ends every token of the user but one: all of it if nobody changed the user
 * meanwhile and the guard holds, or nothing.
 */
export async function writeUser(
  deps: Deps,
  actor: Actor,
  { before, after, keepToken, guard }: { before: User; after: User; keepToken?: string; guard?: SQL },
): Promise<Written> {
  const batch = deps.directory.batch([
    updateUserStatement(before, after, deps.now(), guard),
    anotherAdminStatement(before.tenant, before.id),
    ...followUps(deps, actor, { before, after, keepToken }),
  ]);
  const [updated, anotherAdmin] = await givingRights(writingEmail(batch));
  return { updated: updated > 0, anotherAdmin };
}
