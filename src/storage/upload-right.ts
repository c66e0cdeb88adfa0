import { besideDirectory } from "../platform/beside.ts";
import type { Results, Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { TenantId } from "../platform/ids.ts";
import { unwatched, watchRight, type Watch } from "../platform/recheck.ts";
import type { UserRecipient } from "./links.ts";

const revoked = () => new Fault("forbidden", "URL revoked");

/** Refuses a link whose user lost the right to it; the operator's links end by their time alone. */
export async function demandRight(
  deps: Deps,
  tenant: TenantId,
  holder: UserRecipient | undefined,
): Promise<void> {
  if (holder && !(await deps.directory.one(deps.participants.mayUpload(tenant, holder, deps.now()))))
    throw revoked();
}

/** The same beside what is to be read of the upload. */
export async function readWithRight<const S extends readonly Statement<unknown>[]>(
  deps: Deps,
  tenant: TenantId,
  holder: UserRecipient | undefined,
  own: S,
): Promise<Results<S>> {
  if (!holder) return deps.db(tenant).batch(own);
  const may = deps.participants.mayUpload(tenant, holder, deps.now());
  const [right, found] = await besideDirectory(deps, tenant, may, own);
  if (!right) throw revoked();
  return found;
}

/** Looks from time to time while bytes come; the operator's links are not watched. */
export const watchUpload = (deps: Deps, tenant: TenantId, holder: UserRecipient | undefined): Watch =>
  holder ? watchRight(deps, () => demandRight(deps, tenant, holder)) : unwatched();
