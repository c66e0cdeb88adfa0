import { deviceStatement, waitingStatements } from "../../deviceauth/index.ts";
import type { OperatorActor } from "../../platform/actor.ts";
import { DEVICES_A_BATCH, DEVICES_A_LOOK } from "./limits.ts";
import { toldMore } from "./restore-position.ts";
import type { Restoring } from "./restoring.ts";
import { toWaitStatement } from "./staging-store.ts";

/** Sends devices that were let in since to wait for a decision. */
async function sendToWait(restoring: Restoring, ids: readonly string[]): Promise<void> {
  const { deps, tenant, db } = restoring;
  const actor: OperatorActor = { kind: "operator", tenant };
  const devices = await db.batch(ids.map((id) => deviceStatement(tenant, id)));
  const atMs = deps.now();
  await restoring.write(
    devices.flatMap((device) => (device ? waitingStatements(deps, actor, device, atMs) : [])),
  );
}

/** Looks through some devices for such as were let in since. */
export async function waitPage(restoring: Restoring, isWriting: boolean): Promise<boolean> {
  const { tenant, db } = restoring;
  const { walk } = restoring.position;
  if (walk.subject > 0) return false;
  const { devices, last } = await db.one(
    toWaitStatement(tenant, String(walk.after?.[0] ?? ""), DEVICES_A_LOOK),
  );
  const some = isWriting ? devices.slice(0, DEVICES_A_BATCH) : devices;
  const { changes } = restoring.position;
  restoring.position = {
    ...restoring.position,
    changes: { ...changes, devicesWaiting: toldMore(changes.devicesWaiting, some) },
  };
  const isCut = some.length < devices.length;
  const after = isCut ? some.at(-1) : last;
  restoring.go(after === undefined ? { subject: 1, after: null } : { after: [after] });
  if (isWriting && some.length > 0) await sendToWait(restoring, some);
  return true;
}
