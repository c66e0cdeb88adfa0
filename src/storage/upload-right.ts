import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { TenantId } from "../platform/ids.ts";
import type { UserRecipient } from "./links.ts";

/** How often an upload that goes on asks whether it still may. */
export const RECHECK_MS = 4_000;

/** Rows that must be there for a link to work; the operator's links end by their time alone. */
export const rightsTo = (deps: Deps, tenant: TenantId, holder: UserRecipient | undefined) =>
  holder ? [deps.participants.mayUpload(tenant, holder, deps.now())] : [];

/** Refuses a link whose user lost the right to it. */
export function judgeRights(held: readonly (object | undefined)[]): void {
  if (held.includes(undefined)) throw new Fault("forbidden", "URL revoked");
}

export const demandRight = async (deps: Deps, tenant: TenantId, holder: UserRecipient | undefined) =>
  judgeRights(await deps.db(tenant).batch(rightsTo(deps, tenant, holder)));

/** Looks from time to time while bytes come; `lost` aborts with the refusal. Call `end` when they came. */
export function watchRight(deps: Deps, tenant: TenantId, holder: UserRecipient | undefined) {
  const [lost, ended] = [new AbortController(), new AbortController()];
  const again = () => deps.after(RECHECK_MS, check, ended.signal);
  const check = async () => {
    if (ended.signal.aborted) return;
    try {
      await demandRight(deps, tenant, holder);
    } catch (cause) {
      // A database that is away takes nobody's right.
      if (cause instanceof Fault && cause.kind === "forbidden") return lost.abort(cause);
      deps.log.error("right to upload not verified", { cause });
    }
    again();
  };
  if (holder) again();
  return { lost: lost.signal, end: () => ended.abort() };
}
