import type { OperatorActor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import {
  accountStatement,
  createUser as createTenantUser,
  resetPassword,
  unknownUser,
} from "../useradm/service.ts";

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
  const id = await createTenantUser(deps, actor, input);
  return { id, email: input.email, tenant: actor.tenant };
}

/** Emails are unique in the installation, so that no tenant need be named. */
export async function setPassword(deps: Deps, email: string, password: string): Promise<UserRef> {
  const user = await deps.directory.one(accountStatement(email));
  if (!user) throw unknownUser();
  await resetPassword(deps, { kind: "operator", tenant: user.tenant }, user, password);
  return { id: user.id, email, tenant: user.tenant };
}
