import { refusalOf, type Results, type Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import type { PledgedRow } from "../platform/near-reports.ts";
import { Disturbed, untilUndisturbed } from "../platform/undisturbed.ts";
import { dropPledges, PLEDGED, pledgesOf } from "./store/pledges.ts";

/**
 * Runs a batch that changes what these devices reported, or removes them. Their heads are told before: while one is away, what is
 * pledged to it cannot be changed. Few rows are pledged of which nobody thinks, so that the first attempt does not look.
 */
export function batchWithoutPledges<const S extends readonly Statement<unknown>[]>(
  deps: Deps,
  tenant: TenantId,
  devices: readonly DeviceId[],
  statements: S,
): Promise<Results<S>> {
  const db = deps.db(tenant);
  if (devices.length === 0) return db.batch(statements);
  const end = async (): Promise<PledgedRow[]> => {
    const found = await db.one(pledgesOf(tenant, devices));
    if (found.length > 0) await deps.nearReports.end(tenant, found);
    return found;
  };
  return untilUndisturbed(async (attempt) => {
    const ended = attempt === 1 ? [] : await end();
    try {
      const [, , ...results] = await db.batch([...dropPledges(tenant, devices, ended), ...statements]);
      return results as unknown as Results<S>; // the tail of a batch has the types of the tail's statements
    } catch (cause) {
      throw refusalOf(cause) === PLEDGED ? new Disturbed("a device is pledged") : cause;
    }
  });
}
