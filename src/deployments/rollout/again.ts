import type { Actor } from "../../platform/actor.ts";
import { addAuditIfChanged } from "../../platform/audit.ts";
import { refusalOf, type Statement } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { newId } from "../../platform/ids.ts";
import { addEventIfChanged } from "../../platform/outbox.ts";
import { devicesFor, forbidden, releasesFor } from "../../platform/permissions.ts";
import { artifactCandidatesStatement } from "../../releases/index.ts";
import { auditedDeployment } from "../audit-object.ts";
import { addWithCandidates } from "../create.ts";
import { addSteered, EVENTS } from "../events.ts";
import { STATUS_CODES } from "../status.ts";
import { addDeployment, type DeploymentToStore } from "../store/create.ts";
import { targetsReached } from "../store/reach.ts";
import { addGoverning } from "../store/governing.ts";
import { settingsOf } from "../store/settings.ts";
import {
  addSuccessor,
  demandReached,
  demandSome,
  NOBODY,
  OUT_OF_REACH,
  windowsOfThose,
} from "../store/successor.ts";
import { governingOf } from "./govern.ts";
import { withWindows } from "./inherited-windows.ts";
import type { Rollout } from "./rollout-schema.ts";
import { zoneWindows } from "./zones.ts";
import { deploymentById } from "../store/queries.ts";

/** To those that failed the same again, or to those that were updated another release. */
export type Successor = { kind: "retry" } | { kind: "revert"; artifactName: string };

const MAX_NAME = 256;

/** Makes a deployment for devices of another by what became of them; answers its id. */
export async function deployToThose(
  deps: Deps,
  actor: Actor,
  id: string,
  wanted: Successor,
): Promise<string> {
  const { tenant } = actor;
  const [row, atMs] = [await deps.db(tenant).one(deploymentById(tenant, id)), deps.now()];
  if (!row) throw new Fault("not_found", "Resource not found");
  if (row.kind !== "software") throw new Fault("conflict", "configurations are deployed anew instead");
  const artifactName = wanted.kind === "revert" ? wanted.artifactName : row.artifact_name;
  const devices = devicesFor(actor, "deployments:manage");
  const reach = { devices, releases: releasesFor(actor, "artifacts:read") };
  const code = STATUS_CODES[wanted.kind === "revert" ? "success" : "failure"];
  const [candidates, isReached, settings, groups] = await deps
    .db(tenant)
    .batch([
      artifactCandidatesStatement(tenant, artifactName),
      targetsReached(tenant, reach, { devices: undefined, releases: [artifactName] }),
      settingsOf(tenant),
      windowsOfThose(tenant, id, code),
    ]);
  if (!isReached) throw forbidden();
  if (candidates.length === 0) throw new Fault("unprocessable", "No artifact for the deployment");
  const name = `${wanted.kind} of ${row.name}`.slice(0, MAX_NAME);
  const { rollout } = withWindows<{ rollout?: Rollout }>({}, settings, groups);
  const next: DeploymentToStore = {
    tenant,
    id: newId(),
    kind: "software",
    name,
    artifactName,
    forceInstallation: row.force_installation === 1,
    scope: "list",
    groups: [],
    phases: null,
    updateControlMap: null,
    configuration: null,
    retries: row.retries,
    fingerprint: `${wanted.kind} ${id} ${artifactName}`,
    idempotencyKey: null,
    atMs,
    opensMs: atMs,
    createdBy: actor.kind === "user" ? actor.user : undefined,
    rollout: rollout && JSON.stringify(rollout),
  };
  const entry = {
    action: "create",
    object: auditedDeployment(next.id, { name, artifact_name: artifactName }),
    change: `${wanted.kind} of ${id}`,
  };
  const data = { type: "software", name, artifact_name: artifactName };
  const created = { kind: EVENTS.created, tenant, subject: next.id, data };
  const told = { successor: next.id, artifact_name: artifactName };
  const statements = [
    addDeployment(next),
    addAuditIfChanged(actor, entry, atMs),
    addEventIfChanged(created, atMs),
    addSteered(actor, id, wanted.kind === "retry" ? "retried" : "reverted", told, atMs),
    ...addSuccessor(next, { of: id, code }, await governed(deps, next, rollout)),
  ];
  try {
    const [made] = await addWithCandidates(deps, next, statements, candidates, [
      demandSome(tenant, id, code),
      ...(devices === "all" ? [] : [demandReached(tenant, { of: id, code }, devices)]),
    ]);
    if (made === 0) throw new Fault("conflict", "there is already an active deployment of this kind");
    return next.id;
  } catch (cause) {
    const refusal = refusalOf(cause);
    if (refusal === OUT_OF_REACH) throw forbidden();
    if (refusal !== NOBODY) throw cause;
    throw new Fault("conflict", "there is no device for it", { cause });
  }
}

/** One phase, for whom windows are open. */
async function governed(
  deps: Deps,
  next: DeploymentToStore,
  rollout: Rollout | undefined,
): Promise<Statement<number>[]> {
  const definition = { name: next.name, artifact_name: next.artifactName, rollout };
  const nobody = { total: 0, ids: undefined, isDynamic: false };
  const governing = governingOf(definition, nobody, { atMs: next.atMs, approvals: 0 });
  if (!governing) return [];
  return addGoverning(next, governing, await zoneWindows(deps, next.tenant, rollout ?? {}));
}
