import type { SystemActor } from "../platform/actor.ts";
import { type Duty, eachApart, inEachDatabase } from "../platform/apart.ts";
import type { Deps } from "../platform/deps.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { auditStatement, untilUndisturbed } from "./transitions.ts";
import { EXPIRY, overdueStatement } from "./rule-store.ts";
import { deviceStatement } from "./store.ts";
import { endWaiting } from "./waiting.ts";

/** Devices of one run; the rest waits for the next minute. */
const PORTION = 50;

interface Overdue {
  tenant: TenantId;
  device: DeviceId;
  /** Sets made before this have waited too long. */
  beforeMs: number;
}

/** Dismisses what has waited too long. A device that was never accepted and has no other set goes with it. */
const expire = (deps: Deps, { tenant, device: id, beforeMs }: Overdue): Promise<void> =>
  untilUndisturbed(async () => {
    const db = deps.db(tenant);
    const device = await db.one(deviceStatement(tenant, id));
    const stale = device?.sets.filter((set) => set.status === "pending" && set.createdMs < beforeMs) ?? [];
    if (!device || stale.length === 0) return;
    const at = deps.now();
    const actor: SystemActor = { kind: "system", tenant };
    const { goes, statements } = endWaiting(deps, tenant, device, stale, at);
    const action = goes ? "decommission" : "dismiss";
    await db.batch([...statements, auditStatement(actor, action, device, at, "waited too long")]);
  });

/** Cron duty: ends the waiting of sets in tenants that do not let it go on for ever. */
export async function expireWaitingSets(deps: Deps): Promise<void> {
  const duty: Duty<Overdue> = {
    name: EXPIRY,
    of: ({ tenant, device }) => ({ tenant, key: device }),
    work: (device) => expire(deps, device),
  };
  await inEachDatabase(deps, async (place) => {
    const overdue = await place.db.one(overdueStatement(deps.now(), PORTION));
    await eachApart(deps, duty, overdue, place);
  });
}
