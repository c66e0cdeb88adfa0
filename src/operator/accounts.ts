import { demandSupport } from "../consent/index.ts";
import type { OperatorActor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { untilUndisturbed } from "../platform/undisturbed.ts";
import { getTenant } from "../tenants/index.ts";
import {
  accountStatement,
  createUser as createTenantUser,
  deleteUser,
  resetPassword,
  unknownUser,
  usersAfterStatement,
  vouchFor,
  type User,
} from "../useradm/index.ts";

export interface UserRef {
  id: string;
  email: string;
  tenant: string;
}

export async function createUser(
  deps: Deps,
  actor: OperatorActor,
  input: { email: string; password: string; id?: string | undefined; roles?: string[] | undefined },
): Promise<UserRef> {
  await demandSupport(deps, actor, "create a user");
  const id = await createTenantUser(deps, actor, input);
  return { id, email: input.email, tenant: actor.tenant };
}

/** Emails are unique in the installation, so that no tenant need be named. */
export const setPassword = (deps: Deps, email: string, password: string): Promise<UserRef> =>
  untilUndisturbed(async () => {
    const user = await deps.directory.one(accountStatement(email));
    if (!user) throw unknownUser();
    const actor: OperatorActor = { kind: "operator", tenant: user.tenant };
    await demandSupport(deps, actor, `set the password of ${email}`);
    await resetPassword(deps, actor, user, password);
    return { id: user.id, email, tenant: user.tenant };
  });

/** For installations that send no mails. */
export async function vouchForUser(deps: Deps, email: string): Promise<UserRef> {
  const user = await deps.directory.one(accountStatement(email));
  if (!user) throw unknownUser();
  await vouchFor(deps, { kind: "operator", tenant: user.tenant }, user);
  return { id: user.id, email, tenant: user.tenant };
}

export async function listUsers(
  deps: Deps,
  actor: OperatorActor,
  after: string,
  limit: number,
): Promise<User[]> {
  await demandSupport(deps, actor, "list users");
  const users = await deps.directory.one(usersAfterStatement(actor.tenant, after, limit));
  if (users.length === 0) await getTenant(deps, actor.tenant); // tells an unknown tenant from one without users
  return users;
}

export async function removeUser(deps: Deps, email: string): Promise<UserRef> {
  const user = await deps.directory.one(accountStatement(email));
  if (!user) throw unknownUser();
  const actor: OperatorActor = { kind: "operator", tenant: user.tenant };
  await demandSupport(deps, actor, `delete ${email}`);
  await deleteUser(deps, actor, user.id);
  return { id: user.id, email, tenant: user.tenant };
}
