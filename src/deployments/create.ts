import { hasSomeDeviceStatement, unknownDevicesStatement } from "../devices/index.ts";
import { deviceGroupStatement } from "../inventory/index.ts";
import type { Actor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import { refusalOf, type Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { asDeviceId, newId } from "../platform/ids.ts";
import { addEventIfChanged, addEventsIfChanged } from "../platform/outbox.ts";
import { forbidden } from "../platform/permissions.ts";
import {
  artifactCandidatesStatement,
  CANDIDATES_CHANGED,
  demandCandidatesStatement,
  type ArtifactCandidate,
} from "../releases/index.ts";
import { auditedDeployment } from "./audit-object.ts";
import { EVENTS } from "./events.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { firstTargets, reachedStatement, type Targets, type Wanted } from "./create-targets.ts";
import { NEVER_MS } from "./limits.ts";
import { governingOf, opensMsOf, type Governing } from "./rollout/govern.ts";
import { keepCandidate } from "./store/artifacts.ts";
import {
  addCounters,
  addDeployment,
  addTargets,
  byIdempotencyKey,
  queueDevices,
  type DeploymentToStore,
  type KnownKey,
} from "./store/create.ts";
import type { Phase } from "./rollout/phase-schema.ts";
import { refuseImpossible, wayBack } from "./rollout/refusals.ts";
import { zoneWindows, type ZoneWindow } from "./rollout/zones.ts";
import { settingsOf, windowsOfListed } from "./store/settings.ts";
import { addGoverning } from "./store/governing.ts";
import { addProgress } from "./store/progress.ts";
import { withWindows } from "./rollout/inherited-windows.ts";

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

/** Creates a deployment; a repeated request with the same key returns the first one. */
export async function createDeployment(deps: Deps, actor: Actor, asked: Wanted): Promise<Created> {
  const { definition } = asked;
  const reached = reachedStatement(actor, asked);
  const fingerprint = await fingerprintOf(asked);
  const [targets, [known, candidates, group, unknown, hasSome, isReached, settings, groups, ofWayBack]] =
    await Promise.all([
      firstTargets(deps, actor, asked),
      deps
        .db(actor.tenant)
        .batch([
          byIdempotencyKey(actor.tenant, asked.idempotencyKey ?? null),
          artifactCandidatesStatement(actor.tenant, definition.artifact_name),
          deviceGroupStatement(actor.tenant, asDeviceId(definition.devices?.[0] ?? "")),
          unknownDevicesStatement(actor.tenant, definition.devices ?? [], MAX_TOLD),
          hasSomeDeviceStatement(actor.tenant, definition.devices ?? []),
          reached,
          settingsOf(actor.tenant, asked.group),
          windowsOfListed(actor.tenant, definition.devices ?? []),
          artifactCandidatesStatement(actor.tenant, wayBack(definition) ?? ""),
        ]),
    ]);
  if (!isReached) throw forbidden();
  const unknownDevices = unknown.map(({ id }) => id);
  if (known) return { id: sameOrRefuse(known, fingerprint), unknownDevices };
  if (targets.count === 0 && !targets.filter) throw new Fault("bad_request", "No devices for the deployment");
  if (definition.devices && !hasSome) throw noneKnown(unknownDevices);
  refuseImpossible(definition, candidates, ofWayBack);
  const inGroup = targets.count === 1 && definition.devices ? group?.group : undefined;
  const found = { fingerprint, group: asked.group ?? inGroup, approvals: settings.approvals };
  const wanted = { ...asked, definition: withWindows(definition, settings, groups) };
  const { deployment, governing } = toStore(deps, actor, wanted, targets, found);
  const windows = await zoneWindows(deps, actor.tenant, governing?.rollout ?? {});
  const statements = creation(actor, deployment, targets, governing, windows);
  const [made] = await addWithCandidates(deps, deployment, statements, candidates);
  return { id: made === 0 ? await lostOrRefuse(deps, deployment) : deployment.id, unknownDevices };
}

/** Keeps the artifacts with the deployment. If one came or went since they were read, the user may try again. */
export async function addWithCandidates(
  deps: Deps,
  { tenant, id, artifactName }: DeploymentToStore,
  statements: Statement<number>[],
  candidates: readonly ArtifactCandidate[],
  demands: readonly Statement<void>[] = [],
): Promise<number[]> {
  const ids = candidates.map((candidate) => candidate.id);
  const keep = candidates.map((candidate) => keepCandidate(tenant, id, candidate));
  const made = [...statements, ...keep];
  try {
    const [, counts] = await deps
      .db(tenant)
      .batch([demandCandidatesStatement(tenant, artifactName, ids), ...demands, ...made])
      .then((results) => [results[0], results.slice(1 + demands.length) as number[]] as const); // of `made`
    return counts;
  } catch (cause) {
    if (refusalOf(cause) !== CANDIDATES_CHANGED) throw cause;
    throw new Fault("conflict", "the artifacts of the release are just being changed", { cause });
  }
}

function toStore(
  deps: Deps,
  actor: Actor,
  { definition, group, idempotencyKey }: Wanted,
  { total, ids, filter, goOnAfter }: Targets,
  { approvals, ...found }: { fingerprint: string; group: string | null | undefined; approvals: number },
): { deployment: DeploymentToStore; governing: Governing | undefined } {
  const [id, atMs] = [newId(), deps.now()];
  const crowd = {
    total,
    ids: goOnAfter === null && !filter ? ids : undefined,
    isDynamic: filter !== undefined,
  };
  const governing = governingOf(definition, crowd, { atMs, approvals });
  const [phase] = definition.phases ?? [];
  const start = phase?.start_ts === undefined ? atMs : Date.parse(phase.start_ts);
  const opensMs = governing ? opensMsOf(governing) : Math.max(start, atMs);
  const whole = group === undefined ? (definition.all_devices ? "all" : "list") : "group";
  const scheduled = opensMs > atMs && !governing;
  const deployment: DeploymentToStore = {
    tenant: actor.tenant,
    id,
    kind: "software",
    name: definition.name,
    artifactName: definition.artifact_name,
    forceInstallation: definition.force_installation,
    scope: filter ? "filter" : whole,
    groups: found.group ? [found.group] : [],
    phases: phasesText(definition.phases ?? [], scheduled),
    updateControlMap: jsonOrNull(definition.update_control_map),
    configuration: null,
    retries: definition.retries,
    fingerprint: found.fingerprint,
    idempotencyKey: idempotencyKey ?? null,
    atMs,
    opensMs,
    filter: filter && JSON.stringify(filter),
    initialDevices: filter && total,
    uniformPhases: definition.uniform_phases && JSON.stringify(definition.uniform_phases),
    rollout: definition.rollout && JSON.stringify(definition.rollout),
    autogenerateDelta: definition.autogenerate_delta,
    createdBy: actor.kind === "user" ? actor.user : undefined,
  };
  return { deployment, governing };
}

/** Of a governed deployment they are only told apart from those without phases. */
function phasesText(phases: readonly Phase[], scheduled: boolean): string | null {
  if (scheduled) return JSON.stringify([{ id: newId(), ...phases[0] }]);
  return phases.length > 1 ? JSON.stringify(phases) : null;
}

const jsonOrNull = (value: object | undefined): string | null =>
  value === undefined ? null : JSON.stringify(value);

/** One batch makes all of it or nothing; the first statement's count tells which. */
export function creation(
  actor: Actor,
  deployment: DeploymentToStore,
  targets: Targets,
  governing?: Governing,
  windows: readonly ZoneWindow[] = [],
): Statement<number>[] {
  const { tenant, id, atMs, name, artifactName } = deployment;
  const object = auditedDeployment(id, { name, artifact_name: artifactName });
  const entry = { action: "create", object };
  const opensLater = deployment.opensMs > atMs;
  const data = {
    type: deployment.kind,
    name,
    artifact_name: artifactName,
    ...(opensLater && { opens_later: true }),
  };
  const created = { kind: EVENTS.created, tenant, subject: id, data };
  const opened = { kind: EVENTS.opened, tenant, subject: id };
  const wide = targets.wide || governing !== undefined;
  const goOn = { kind: EVENTS.targeting, tenant, subject: id };
  return [
    addDeployment(deployment),
    // A configuration is audited by the domain it belongs to.
    ...(deployment.kind === "software" ? [addAuditIfChanged(actor, entry, atMs)] : []),
    addEventIfChanged(created, atMs),
    ...(opensLater && deployment.opensMs < NEVER_MS
      ? [addEventIfChanged(opened, atMs, deployment.opensMs)]
      : []),
    ...laterPhases(deployment, governing),
    ...(targets.goOnAfter === null ? [] : [addEventIfChanged(goOn, atMs)]),
    addCounters(deployment, {
      ...targets,
      wide,
      governed: governing !== undefined,
      weight: governing?.rollout?.weight,
    }),
    ...(wide && deployment.kind === "software" ? [addProgress(deployment)] : []),
    ...(governing ? addGoverning(deployment, governing, windows) : []),
    ...(targets.filter ? [] : [addTargets(deployment, targets.ids)]),
    ...(wide ? [] : [queueDevices(deployment, targets.ids)]),
  ];
}

/** Each phase wakes its devices when it opens by time. */
function laterPhases({ tenant, id, atMs }: DeploymentToStore, governing?: Governing): Statement<number>[] {
  const times = governing?.phases.slice(1).flatMap(({ opensMs }) => opensMs ?? []) ?? [];
  const due = [...new Set(times)].filter((ms) => ms > atMs);
  if (due.length === 0) return [];
  const event = { kind: EVENTS.opened, tenant, subject: id };
  return [
    addEventsIfChanged(
      due.map((dueMs) => ({ event, dueMs })),
      atMs,
    ),
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
