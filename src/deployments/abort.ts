import type { Actor } from "../platform/actor.ts";
import { addAudit, addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { DeviceId } from "../platform/ids.ts";
import { auditedDeployment } from "./audit-object.ts";
import type { UpdateControlMap } from "./control-map.ts";
import { moveStatements } from "./store/status-transitions.ts";
import { deploymentById, type DeploymentRow } from "./store/queries.ts";
import { removeDeployment } from "./store/remove.ts";
import { resetHistory } from "./store/history.ts";
import { abort, setControlMap, settleAborted, settleRest, unqueue } from "./store/abort.ts";
import { abortToldStatements } from "./store/told.ts";
import { queueUnseen } from "./store/usage.ts";

async function found(deps: Deps, actor: Actor, id: string): Promise<DeploymentRow> {
  const row = await deps.db(actor.tenant).one(deploymentById(actor.tenant, id));
  if (!row) throw new Fault("not_found", "Resource not found");
  return row;
}

/** Ends a deployment. Once this is answered no device is given it, however many take part. */
export async function abortDeployment(deps: Deps, actor: Actor, id: string): Promise<void> {
  const { tenant } = actor;
  const row = await found(deps, actor, id);
  const atMs = deps.now();
  const [aborted] = await deps
    .db(tenant)
    .batch([
      abort(tenant, id, atMs),
      addAuditIfChanged(actor, { action: "abort", object: auditedDeployment(id, row) }, atMs),
      unqueue(tenant, id),
      settleAborted(tenant, id),
      settleRest(tenant, id, atMs),
      ...abortToldStatements(tenant, id, atMs),
    ]);
  if (aborted === 0) throw new Fault("unprocessable", "Deployment already finished");
}

/** Aborts every open deployment for one device, whether it has asked for it or not. */
export async function abortForDevice(deps: Deps, actor: Actor, device: DeviceId): Promise<void> {
  const { tenant } = actor;
  const atMs = deps.now();
  await deps
    .db(tenant)
    .batch([
      queueUnseen(tenant, device),
      ...moveStatements({ tenant, device, to: "aborted", atMs }),
      addAudit(actor, { action: "abort", object: { type: "device", id: device } }, atMs),
    ]);
}

/** Removes a finished deployment and what is kept of its devices. */
export async function deleteDeployment(deps: Deps, actor: Actor, id: string): Promise<void> {
  const { tenant } = actor;
  const row = await found(deps, actor, id);
  const atMs = deps.now();
  const [, removed] = await deps
    .db(tenant)
    .batch([
      ...removeDeployment(tenant, id, atMs),
      addAuditIfChanged(actor, { action: "delete", object: auditedDeployment(id, row) }, atMs),
    ]);
  if (removed === 0) throw new Fault("conflict", "Deployment is not finished");
}

/** Replaces the map that tells devices where to pause, for example to let them go on. */
export async function changeControlMap(
  deps: Deps,
  actor: Actor,
  id: string,
  map: UpdateControlMap,
): Promise<void> {
  const { tenant } = actor;
  const row = await found(deps, actor, id);
  const change = JSON.stringify(map);
  const [changed] = await deps
    .db(tenant)
    .batch([
      setControlMap(tenant, id, change),
      addAuditIfChanged(actor, { action: "update", object: auditedDeployment(id, row), change }, deps.now()),
    ]);
  if (changed > 0) return;
  const reason = row.stage === 2 ? "Deployment already finished" : "Deployment has no update control map";
  throw new Fault("conflict", reason);
}

/** Lets a device get the open deployments again that it has finished, and marks the rest of its history as deleted. */
export async function forgetHistory(deps: Deps, actor: Actor, device: DeviceId): Promise<void> {
  const { tenant } = actor;
  const atMs = deps.now();
  const entry = {
    action: "update",
    object: { type: "device", id: device },
    change: "deployments history deleted",
  };
  await deps.db(tenant).batch([...resetHistory(tenant, device, atMs), addAudit(actor, entry, atMs)]);
}
