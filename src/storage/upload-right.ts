import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { TenantId } from "../platform/ids.ts";
import { unwatched, watchRight, type Watch } from "../platform/recheck.ts";
import type { UserRecipient } from "./links.ts";

/** Rows that must be there for a link to work; the operator's links end by their time alone. */
export const rightsTo = (deps: Deps, tenant: TenantId, holder: UserRecipient | undefined) =>
  holder ? [deps.participants.mayUpload(tenant, holder, deps.now())] : [];

/** Refuses a link whose user lost the right to it. */
export function judgeRights(held: readonly (object | undefined)[]): void {
  if (held.includes(undefined)) throw new Fault("forbidden", "URL revoked");
}

export const demandRight = async (deps: Deps, tenant: TenantId, holder: UserRecipient | undefined) =>
  judgeRights(await deps.db(tenant).batch(rightsTo(deps, tenant, holder)));

/** Looks from time to time while bytes come; the operator's links are not watched. */
export const watchUpload = (deps: Deps, tenant: TenantId, holder: UserRecipient | undefined): Watch =>
  holder ? watchRight(deps, () => demandRight(deps, tenant, holder)) : unwatched();
