import { adoptionStatement, recordedStatement, updatedByDay, type Adoption } from "../deployments/index.ts";
import { deviceCountsStatement } from "../deviceauth/index.ts";
import { countFew, termsOf, within, type Predicate, type Search } from "../inventory/index.ts";
import type { LiveUser } from "../platform/actor.ts";
import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { devicesFor, hasPermission, releasesFor } from "../platform/permissions.ts";
import {
  artifactCandidatesStatement,
  namesInReachStatement,
  releaseStatement,
  type ArtifactCandidate,
} from "../releases/index.ts";

/** Devices that are looked at to be counted; of more it is told that they are more. */
export const LOOKED_AT = 10_000;
/** Deployments of a release that are added up, the newest. */
export const ADDED_UP = 20;
const DAYS = 90;
/** Artifacts whose needs are held against devices, and needs of each. */
const ARTIFACTS = 20;
const NEEDS = 20;

const NOBODY = { groups: [], ids: [] };

const told = ({ deployments, on_the_way, success, failure, other }: Adoption) => ({
  deployments,
  on_the_way,
  success,
  failure,
  other,
});

const reachOf = (actor: LiveUser) =>
  hasPermission(actor, "deployments:read") ? devicesFor(actor, "deployments:read") : NOBODY;

/** What became of the devices to which these releases were deployed; releases that are not there or out of reach are left out. */
export async function adoptionOfEach(deps: Deps, actor: LiveUser, names: readonly string[]) {
  const { tenant } = actor;
  const [known, found] = await deps
    .db(tenant)
    .batch([
      namesInReachStatement(tenant, names, releasesFor(actor, "artifacts:read")),
      adoptionStatement(tenant, names, reachOf(actor), ADDED_UP),
    ]);
  return found.filter(({ name }) => known.includes(name)).map((one) => ({ name: one.name, ...told(one) }));
}

const inInventory = (attribute: string, value: readonly string[]): Predicate => ({
  scope: "inventory",
  attribute,
  type: "$in",
  value,
});

const ACCEPTED: Predicate = { scope: "identity", attribute: "status", type: "$eq", value: "accepted" };

/** What an artifact needs of a device beside its type. */
const needsOf = ({ depends }: ArtifactCandidate): Predicate[] =>
  Object.entries(depends)
    .filter(([name]) => name !== "device_type")
    .slice(0, NEEDS)
    .map(([name, values]) => inInventory(name, values));

/** Devices on it, of its types, and of those the ones for which an artifact fits. */
function searchesOf(name: string, candidates: readonly ArtifactCandidate[]): Search[] {
  const terms = termsOf([
    ACCEPTED,
    inInventory("device_type", [...new Set(candidates.flatMap(({ deviceTypes }) => deviceTypes))]),
  ]);
  const groups = candidates.map((one) => {
    const needs = needsOf(one);
    return needs.length === 0 ? undefined : termsOf([inInventory("device_type", one.deviceTypes), ...needs]);
  });
  const onIt: Predicate = { scope: "inventory", attribute: "artifact_name", type: "$eq", value: name };
  return [
    { terms: termsOf([ACCEPTED, onIt]) },
    { terms },
    ...(groups.some((group) => group !== undefined)
      ? [
          {
            terms,
            groups: candidates.map(
              ({ deviceTypes }, i) => groups[i] ?? termsOf([inInventory("device_type", deviceTypes)]),
            ),
          },
        ]
      : []),
  ];
}

/** How far a release has come: what devices run, for whom it is, and what its deployments came to. */
export async function showAdoption(deps: Deps, actor: LiveUser, name: string) {
  const { tenant } = actor;
  const maySee = hasPermission(actor, "devices:read");
  const [release, candidates, [deployed], recorded, counts] = await deps
    .db(tenant)
    .batch([
      releaseStatement(tenant, name, releasesFor(actor, "artifacts:read")),
      artifactCandidatesStatement(tenant, name),
      adoptionStatement(tenant, [name], reachOf(actor), ADDED_UP),
      recordedStatement(tenant, name, reachOf(actor), ADDED_UP),
      deviceCountsStatement(tenant, maySee ? devicesFor(actor, "devices:read") : NOBODY),
    ]);
  if (!release) throw new Fault("not_found", "release not found");
  const none = { name, deployments: 0, on_the_way: 0, success: 0, failure: 0, other: 0 };
  const accepted = counts.reduce((sum, one) => (one.status === "accepted" ? sum + one.devices : sum), 0);
  return {
    ...(hasPermission(actor, "deployments:read") && {
      deployed: told(deployed ?? none),
      days: updatedByDay(recorded, DAYS).map(({ day_ms: at, success }) => ({
        day: rfc3339(at).slice(0, "2026-01-01".length),
        success,
      })),
    }),
    ...(maySee && { devices: await devicesOf(deps, actor, { name, candidates, accepted }) }),
  };
}

async function devicesOf(
  deps: Deps,
  actor: LiveUser,
  {
    name,
    candidates,
    accepted,
  }: { name: string; candidates: readonly ArtifactCandidate[]; accepted: number },
) {
  const searches = searchesOf(name, candidates.slice(0, ARTIFACTS)).map((one) => within(actor, one));
  const [onIt, ofType, all] = await countFew(deps, actor.tenant, searches, LOOKED_AT);
  const fits = searches.length > 2 ? all : ofType;
  const found = (devices: number | undefined) => ({
    devices: devices ?? LOOKED_AT,
    more: devices === undefined,
  });
  const not = [
    { reason: "type" as const, devices: ofType === undefined ? 0 : accepted - ofType },
    { reason: "depends" as const, devices: (ofType ?? 0) - (fits ?? ofType ?? 0) },
  ];
  return {
    accepted,
    on_it: found(onIt),
    fits: found(fits),
    not: not.filter(({ devices }) => devices > 0),
  };
}
