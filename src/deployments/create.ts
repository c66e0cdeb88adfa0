import { hasSomeDeviceStatement, unknownDevicesStatement } from "../devices/index.ts";
import { deviceGroupStatement, searchDeviceIds } from "../inventory/index.ts";
import type { Actor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import { refusalOf, type Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { asDeviceId, newId } from "../platform/ids.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { devicesFor, forbidden, releasesFor, requireGroup } from "../platform/permissions.ts";
import {
  artifactCandidatesStatement,
  CANDIDATES_CHANGED,
  demandCandidatesStatement,
  type ArtifactCandidate,
} from "../releases/index.ts";
import { auditedDeployment } from "./audit-object.ts";
import { EVENTS } from "./events.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { NewDeployment } from "./schema.ts";
import { SMALL, TARGET_PAGE } from "./limits.ts";
import { keepCandidate } from "./store/artifacts.ts";
import {
  addCounters,
  addDeployment,
  addTargets,
  byIdempotencyKey,
  queueDevices,
  type DeploymentToStore,
  type KnownKey,
  type Targeting,
} from "./store/create.ts";
import { targetsReached } from "./store/reach.ts";
import { scopeTerms, sortedIds } from "./targets.ts";

/** What a user asks for; `group` names one, otherwise the definition has devices or means all. */
export interface Wanted {
  definition: NewDeployment;
  group?: string | undefined;
  idempotencyKey?: string | undefined;
}

interface Targets extends Targeting {
  ids: readonly string[];
}

/** A deployment, and the first of its devices that are none of the tenant and so will never ask for it. */
export interface Created {
  id: string;
  unknownDevices: string[];
}

/** At most so many unknown devices are told. */
const MAX_TOLD = 100;

/** None of the devices would ever ask for it. */
const noneKnown = (unknownDevices: string[]) =>
  new Fault("bad_request", "No devices for the deployment", { extra: { unknown_devices: unknownDevices } });

/**
 * Whether the release and the device are within the user's reach. Of groups those are that are named; several devices, or all,
 * are nobody's whose reach is bounded (protocol notes, rbac 6).
 */
function reachedStatement(actor: Actor, { definition, group }: Wanted): Statement<boolean> {
  const [devices, releases] = [devicesFor(actor, "deployments:manage"), releasesFor(actor, "artifacts:read")];
  const [device, ...others] = definition.devices ?? [];
  if (group !== undefined) requireGroup(actor, "deployments:manage", group);
  else if (devices !== "all" && (device === undefined || others.length > 0)) throw forbidden();
  const one = group === undefined && devices !== "all" ? device : undefined;
  return targetsReached(
    actor.tenant,
    { devices, releases },
    { device: one, release: definition.artifact_name },
  );
}

/** Creates a deployment; a repeated request with the same key returns the first one. */
export async function createDeployment(deps: Deps, actor: Actor, wanted: Wanted): Promise<Created> {
  const { definition } = wanted;
  const reached = reachedStatement(actor, wanted);
  const fingerprint = await fingerprintOf(wanted);
  const [targets, [known, candidates, group, unknown, hasSome, isReached]] = await Promise.all([
    firstTargets(deps, actor, wanted),
    deps
      .db(actor.tenant)
      .batch([
        byIdempotencyKey(actor.tenant, wanted.idempotencyKey ?? null),
        artifactCandidatesStatement(actor.tenant, definition.artifact_name),
        deviceGroupStatement(actor.tenant, asDeviceId(definition.devices?.[0] ?? "")),
        unknownDevicesStatement(actor.tenant, definition.devices ?? [], MAX_TOLD),
        hasSomeDeviceStatement(actor.tenant, definition.devices ?? []),
        reached,
      ]),
  ]);
  if (!isReached) throw forbidden();
  const unknownDevices = unknown.map(({ id }) => id);
  if (known) return { id: sameOrRefuse(known, fingerprint), unknownDevices };
  if (targets.count === 0) throw new Fault("bad_request", "No devices for the deployment");
  if (definition.devices && !hasSome) throw noneKnown(unknownDevices);
  if (candidates.length === 0) throw new Fault("unprocessable", "No artifact for the deployment");
  const inGroup = targets.count === 1 && definition.devices ? group?.group : undefined;
  const deployment = toStore(deps, actor, wanted, { fingerprint, group: wanted.group ?? inGroup });
  const [made] = await add(deps, deployment, creation(actor, deployment, targets), candidates);
  return { id: made === 0 ? await lostOrRefuse(deps, deployment) : deployment.id, unknownDevices };
}

/** Keeps the artifacts with the deployment. If one came or went since they were read, the user may try again. */
async function add(
  deps: Deps,
  { tenant, id, artifactName }: DeploymentToStore,
  statements: Statement<number>[],
  candidates: readonly ArtifactCandidate[],
): Promise<number[]> {
  const ids = candidates.map((candidate) => candidate.id);
  const keep = candidates.map((candidate) => keepCandidate(tenant, id, candidate));
  const made = [...statements, ...keep];
  try {
    const [, ...counts] = await deps
      .db(tenant)
      .batch([demandCandidatesStatement(tenant, artifactName, ids), ...made]);
    return counts;
  } catch (cause) {
    if (refusalOf(cause) !== CANDIDATES_CHANGED) throw cause;
    throw new Fault("conflict", "the artifacts of the release are just being changed", { cause });
  }
}

async function firstTargets(deps: Deps, actor: Actor, { definition, group }: Wanted): Promise<Targets> {
  if (group === undefined && !definition.all_devices) {
    const ids = sortedIds(definition.devices ?? []);
    return { ids, count: ids.length, wide: ids.length > SMALL, goOnAfter: null };
  }
  const ids = await searchDeviceIds(deps, actor.tenant, scopeTerms(group), { limit: TARGET_PAGE });
  const goOnAfter = ids.length < TARGET_PAGE ? null : (ids.at(-1) ?? null);
  return { ids, count: ids.length, wide: ids.length > SMALL, goOnAfter };
}

function toStore(
  deps: Deps,
  actor: Actor,
  { definition, group, idempotencyKey }: Wanted,
  found: { fingerprint: string; group: string | null | undefined },
): DeploymentToStore {
  const atMs = deps.now();
  const [phase] = definition.phases ?? [];
  const start = phase?.start_ts === undefined ? atMs : Date.parse(phase.start_ts);
  const opensMs = Math.max(start, atMs);
  const whole = group === undefined ? (definition.all_devices ? "all" : "list") : "group";
  const scheduled = opensMs > atMs;
  return {
    tenant: actor.tenant,
    id: newId(),
    kind: "software",
    name: definition.name,
    artifactName: definition.artifact_name,
    forceInstallation: definition.force_installation,
    scope: whole,
    groups: found.group ? [found.group] : [],
    phases: scheduled ? JSON.stringify([{ id: newId(), ...phase }]) : null,
    updateControlMap: definition.update_control_map ? JSON.stringify(definition.update_control_map) : null,
    configuration: null,
    retries: definition.retries,
    fingerprint: found.fingerprint,
    idempotencyKey: idempotencyKey ?? null,
    atMs,
    opensMs,
  };
}

/** One batch makes all of it or nothing; the first statement's count tells which. */
export function creation(actor: Actor, deployment: DeploymentToStore, targets: Targets): Statement<number>[] {
  const { tenant, id, atMs, name, artifactName } = deployment;
  const object = auditedDeployment(id, { name, artifact_name: artifactName });
  const entry = { action: "create", object };
  const opensLater = deployment.opensMs > atMs;
  const data = { type: deployment.kind, ...(opensLater && { opens_later: true }) };
  const created = { kind: EVENTS.created, tenant, subject: id, data };
  const opened = { kind: EVENTS.opened, tenant, subject: id };
  const goOn = { kind: EVENTS.targeting, tenant, subject: id };
  return [
    addDeployment(deployment),
    // A configuration is audited by the domain it belongs to.
    ...(deployment.kind === "software" ? [addAuditIfChanged(actor, entry, atMs)] : []),
    addEventIfChanged(created, atMs),
    ...(opensLater ? [addEventIfChanged(opened, atMs, deployment.opensMs)] : []),
    ...(targets.goOnAfter === null ? [] : [addEventIfChanged(goOn, atMs)]),
    addCounters(deployment, targets),
    addTargets(deployment, targets.ids),
    ...(targets.wide ? [] : [queueDevices(deployment, targets.ids)]),
  ];
}

function sameOrRefuse(known: KnownKey, fingerprint: string): string {
  if (known.fingerprint === fingerprint) return known.deployment_id;
  throw new Fault("unprocessable", "Idempotency-Key was used for another deployment");
}

/** Nothing was made: either the same request was faster, or an unfinished deployment is the same. */
async function lostOrRefuse(deps: Deps, deployment: DeploymentToStore): Promise<string> {
  const faster = await deps
    .db(deployment.tenant)
    .one(byIdempotencyKey(deployment.tenant, deployment.idempotencyKey));
  if (faster) return sameOrRefuse(faster, deployment.fingerprint);
  throw new Fault(
    "conflict",
    "Invalid deployment definition: there is already an active deployment with the same parameters",
  );
}
