import { asLiveDevice, asLiveDeviceWith, ifLive } from "../devices/index.ts";
import type { Wait } from "../platform/contacts.ts";
import type { DeviceClaim } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { downloadLink, signedLink } from "../storage/index.ts";
import { mapFor } from "./control-map.ts";
import { decidedFailure } from "./device-status.ts";
import { hasJustEnded } from "./just-ended.ts";
import { STATUS_CODES, type Status } from "./status.ts";
import { satisfies, type Predicate, type SavedFilter } from "../inventory/index.ts";
import {
  askAgain,
  budgetJoined,
  countJoined,
  currentDeployment,
  join,
  joinPlain,
  lastPlace,
  tallyJoined,
  type Asking,
  type CurrentRow,
  type DeviceState,
} from "./store/assignment.ts";
import { candidates, deviceToMatch, type DynamicCandidate } from "./store/dynamic.ts";
import { beforeJoining, plainWait, waitOf, type PlainRow } from "./store/waits.ts";
import { AWAITS_LOG, JOINED, moveStatements } from "./store/status-transitions.ts";

const CONFIGURATION_LIFE_S = 900;

export interface Instructions {
  id: string;
  type?: "configuration";
  artifact: {
    id: string;
    artifact_name: string;
    source: { uri: string; expire: string; method?: "GET" };
    device_types_compatible: string[];
  };
  update_control_map?: Record<string, unknown>;
}

/**
 * What the device shall install now, if anything. Joining and reading are one transaction, so no device is given a
 * deployment after its abort was answered; outcomes that end the device's part, and dynamic deployments, take a second one.
 */
export async function nextUpdate(
  deps: Deps,
  claim: DeviceClaim,
  state: DeviceState,
  wants: { controlMap: boolean } = { controlMap: false },
): Promise<Instructions | undefined> {
  const { found, wait } = await currentOf(deps, claim, state, wants);
  if (found?.awaits_retry === AWAITS_LOG) return void (await giveUpLog(deps, claim, found));
  // A failed attempt, whose deployment was paused before the next one, is nothing to do either.
  if (!found || found.awaits_retry === 1) {
    if (wait) await deps.contacts.waits(claim, wait);
    return undefined;
  }
  const verdict = verdictOn(found, state);
  if (verdict === "give") {
    const instructions = await instructionsOf(deps, claim, found);
    const map = wants.controlMap ? mapFor(found) : undefined;
    return map ? { ...instructions, update_control_map: map } : instructions;
  }
  await settle(deps, claim, found, verdict, state);
  if (verdict === "failure") throw new Fault("conflict", "Device provided conflicting request data");
  return undefined;
}

/** A device that asks has nothing more to tell of the attempt that failed. */
const giveUpLog = (deps: Deps, { tenant, device }: DeviceClaim, { deployment_id: id }: CurrentRow) =>
  deps.db(tenant).batch(decidedFailure({ tenant, device }, id, undefined, deps.now()));

/** What the device is at, now or from now on. A device matches a dynamic deployment at the moment when it asks. */
async function currentOf(
  deps: Deps,
  claim: DeviceClaim,
  state: DeviceState,
  { controlMap: canWait }: { controlMap: boolean },
): Promise<{ found: CurrentRow | undefined; wait: Wait | undefined }> {
  const { tenant, device } = claim;
  const asking: Asking = { tenant, device, state, atMs: deps.now(), only: ifLive(claim), canWait };
  if (deps.contacts.hasPlainWork(claim)) {
    const plainly = await plainlyOf(deps, claim, asking);
    if (plainly) return plainly;
  }
  const { results } = await asLiveDevice(deps, claim, [
    ...joining(asking),
    candidates(tenant, device, asking.atMs),
    deviceToMatch(tenant, device),
  ]);
  const [, , , , , , found, wait, dynamic, known] = results;
  if (found || dynamic.length === 0) return { found, wait };
  const isTold = dynamic.every(({ filter }) => termsOf(filter).every(changesAreTold));
  const tested = dynamic.map(({ seq }) => seq);
  const matches = ({ filter }: DynamicCandidate) => known !== undefined && satisfies(known, termsOf(filter));
  const matched = dynamic.filter(matches).map(({ seq }) => seq);
  if (matched.length === 0 && dynamic[0]?.behind === null)
    return { found: undefined, wait: isTold ? wait : undefined };
  const again = await asLiveDevice(deps, claim, joining({ ...asking, tested, matched }));
  const [, , , , , , joined, waits] = again.results;
  return { found: joined, wait: isTold ? waits : undefined };
}

/** The same while lists of devices and openings decide alone, which is all that most fleets need; undefined if there is more. */
async function plainlyOf(
  deps: Deps,
  claim: DeviceClaim,
  asking: Asking,
): Promise<{ found: CurrentRow | undefined; wait: Wait | undefined } | undefined> {
  const waitOf = (before: PlainRow | undefined) => before && plainWait(before, asking.atMs);
  if (hasJustEnded(claim)) {
    // There is hardly ever anything for it, which one statement tells.
    const { found } = await asLiveDeviceWith(deps, claim, beforeJoining(asking, { looking: true }), []);
    if (!found?.next && !found?.more && !found?.current) return { found: undefined, wait: waitOf(found) };
  }
  const before = beforeJoining(asking, { looking: false });
  const joined = await asLiveDeviceWith(deps, claim, before, joiningPlainly(asking));
  const [, , found] = joined.results; // what it is at may have rules of its own if there is more
  if (joined.found?.more || (found && isToTryAgain(found, asking.atMs))) return undefined;
  return { found, wait: waitOf(joined.found) };
}

/** Its next attempt begins by asking, which most devices never come to. */
const isToTryAgain = ({ awaits_retry: waits, retry_ms: fromMs }: CurrentRow, atMs: number): boolean =>
  waits === 1 && fromMs <= atMs;

/** Times of the server's own change without a word. */
const changesAreTold = ({ scope, attribute }: Predicate): boolean =>
  scope !== "system" || attribute === "group";

const joining = (asking: Asking) =>
  [
    askAgain(asking),
    join(asking),
    countJoined(asking),
    tallyJoined(asking),
    budgetJoined(asking),
    lastPlace(asking),
    currentDeployment(asking, { governed: true }),
    waitOf(asking),
  ] as const;

/** A third of the text that the database would have to read. */
const joiningPlainly = (asking: Asking) =>
  [joinPlain(asking), countJoined(asking), currentDeployment(asking, { governed: false })] as const;

export const termsOf = (filter: string) => (JSON.parse(filter) as SavedFilter).terms; // stored with the deployment

/** The rules of the protocol notes, deployments 4.2, in their order. Only type and name must stay as they were told first. */
function verdictOn(found: CurrentRow, state: DeviceState): Status | "give" {
  if (found.device_type !== state.deviceType || found.artifact_name !== state.artifactName) return "failure";
  if (found.kind === "configuration") return "give";
  if (found.artifact_id === null) return "noartifact";
  const untouched = found.status === STATUS_CODES.pending && found.force_installation === 0;
  return untouched && state.artifactName === found.wanted ? "already-installed" : "give";
}

async function settle(deps: Deps, claim: DeviceClaim, found: CurrentRow, to: Status, state: DeviceState) {
  const provides = state.complete ? JSON.stringify(state.provides) : null;
  await deps.db(claim.tenant).batch(
    moveStatements({
      tenant: claim.tenant,
      device: claim.device,
      deployment: found.deployment_id,
      to,
      atMs: deps.now(),
      only: JOINED,
      also: to === "noartifact" ? { provides } : undefined,
    }),
  );
}

async function instructionsOf(deps: Deps, claim: DeviceClaim, found: CurrentRow): Promise<Instructions> {
  const id = found.deployment_id;
  if (found.kind === "configuration") {
    return { id, type: "configuration", artifact: await configurationOf(deps, claim, found) };
  }
  const { uri, expire } = await downloadLink(deps, {
    tenant: claim.tenant,
    artifact: found.artifact_id ?? "",
    lifeS: deps.settings.DEVICE_LINK_LIFE_S,
    recipient: { kind: "device", device: claim.device, deployment: id },
  });
  return {
    id,
    artifact: {
      id: found.artifact_id ?? "",
      artifact_name: found.wanted,
      source: { uri, expire, method: "GET" },
      device_types_compatible: JSON.parse(found.device_types ?? "[]") as string[], // written by `kept`
    },
  };
}

/** The artifact is made on the fly for whoever has the link (protocol notes, deployments 3.4). */
async function configurationOf(
  deps: Deps,
  claim: DeviceClaim,
  found: CurrentRow,
): Promise<Instructions["artifact"]> {
  const parts = [found.deployment_id, found.device_type, claim.device].map(encodeURIComponent);
  const source = await signedLink(deps, {
    method: "GET",
    path: `/api/devices/v1/deployments/download/configuration/${parts.join("/")}`,
    lifeS: CONFIGURATION_LIFE_S,
    query: [["tenant_id", claim.tenant]],
  });
  return {
    id: found.deployment_id + claim.device,
    artifact_name: found.wanted,
    source,
    device_types_compatible: [found.device_type],
  };
}
