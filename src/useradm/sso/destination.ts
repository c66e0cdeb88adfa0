import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { ADDONS, hasFeature } from "../../platform/plans.ts";
import type { Account } from "../user-store.ts";
import { destinationStatement } from "./person-store.ts";
import { toSubscription } from "./provider-store.ts";

/** Which provider signs in the user of an address; for all others the form asks for a password. */
export async function destinationOf(deps: Deps, email: string): Promise<{ id: string; kind: string }> {
  const found = await deps.directory.one(destinationStatement(email));
  const isOpen =
    found && hasFeature(deps.settings.PLANS, toSubscription(found.subscription, deps.now()), "sso");
  if (!isOpen) throw new Fault("unauthorized", "unauthorized");
  return { id: found.id, kind: `sso/${found.kind}` };
}

/** Whether the plan of a tenant has it; it is no part of an add-on. */
export const hasSingleSignOn = (
  deps: Deps,
  { plan, trialEndsMs }: { plan: string; trialEndsMs: number | null },
): boolean =>
  hasFeature(deps.settings.PLANS, { plan, addons: ADDONS, trial: (trialEndsMs ?? 0) > deps.now() }, "sso");

/** For every way in but single sign-on, once its proof is there: the tenant may want no other, while its plan has this one. */
export function refuseOutsideProvider(deps: Deps, account: Account): void {
  if (!account.mustUseProvider || !hasSingleSignOn(deps, account)) return;
  throw new Fault("unauthorized", "single sign-on is required here");
}
