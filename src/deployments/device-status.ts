import { asLiveDevice, asLiveDeviceWith, ifLive, type Beside } from "../devices/index.ts";
import type { DeviceClaim } from "../platform/actor.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { tell, wakeAfterwards } from "../platform/stream.ts";
import { writeLog } from "./logs.ts";
import type { LogMessage } from "./log-text.ts";
import { consequences } from "./rollout/stop.ts";
import { noteEnded } from "./just-ended.ts";
import { knownDeployment, rememberDeployment, type KnownDeployment } from "./known-deployments.ts";
import { isFinal, STATUS_CODES, type Status } from "./status.ts";
import { endToldStatements, partEnded } from "./store/told.ts";
import {
  atItAnd,
  beginAgain,
  decideStatements,
  endOneOfMany,
  failureStatements,
  moveStatements,
} from "./store/status-transitions.ts";
import { mapFor } from "./control-map.ts";
import { causeOf } from "./failures/cause.ts";
import { endingOf, printOf } from "./failures/ending.ts";
import {
  contentUntil,
  controlMapOf,
  endedBeside,
  noteLateSuccess,
  reportedBeside,
  reportedState,
  type EndedRow,
  type ReportedRow,
} from "./store/device-status.ts";
import { countLogged } from "./store/failures.ts";

interface Report {
  status: Status;
  substate?: string | undefined;
}

/**
 * Takes a device's word for where it stands, in one round trip. A final status stays: what comes after it is answered
 * as if it had been taken, except that a device whose part was ended must hear so and roll back.
 */
export async function reportStatus(
  deps: Deps,
  claim: DeviceClaim,
  deployment: string,
  report: Report,
): Promise<void> {
  const { tenant } = claim;
  const known = knownDeployment(tenant, deployment);
  const row =
    (isPlainEnd(report, known) ? await endAmongMany(deps, claim, deployment, report, known) : undefined) ??
    (await moveByReport(deps, claim, deployment, report, known));
  if (row) rememberDeployment(tenant, deployment, learntFrom(row));
  if (row?.stage === 0 && known.hasBegun)
    await deps.db(tenant).one(beginAgain(tenant, claim.device, deployment));
  refuseEnded(row);
}

const learntFrom = (row: ReportedRow): KnownDeployment => ({
  withoutRules: row.governed === 0,
  hasBegun: row.stage > 0,
  hasMore: row.remaining > 1,
  isUnheard: row.heard === 0,
});

const moveOf = (deps: Deps, claim: DeviceClaim, deployment: string, { substate }: Report) => ({
  tenant: claim.tenant,
  device: claim.device,
  deployment,
  atMs: deps.now(),
  only: atItAnd(ifLive(claim)),
  also: substate ? { substate } : undefined,
});

/** Whatever the report says and the deployment is. */
async function moveByReport(
  deps: Deps,
  claim: DeviceClaim,
  deployment: string,
  report: Report,
  { withoutRules, hasBegun }: KnownDeployment,
): Promise<ReportedRow | undefined> {
  const { tenant, device } = claim;
  const { status } = report;
  const move = { ...moveOf(deps, claim, deployment, report), withoutRules, hasBegun };
  const moves = status === "failure" ? failureStatements(move) : moveStatements({ ...move, to: status });
  const further =
    !withoutRules && (status === "success" || status === "failure")
      ? consequences(tenant, deployment, status, move.atMs, ifLive(claim))
      : [];
  // Only rules give a device up.
  if (!withoutRules && status === "success")
    further.push(noteLateSuccess(tenant, device, deployment, ifLive(claim)));
  const told = isFinal(status) ? endToldStatements(claim, deployment, status, move.atMs) : [];
  const beside = reportedBeside(tenant, device, deployment);
  const { found } = await asLiveDeviceWith(deps, claim, beside, [...moves, ...further, ...told]);
  if (status === "success") noteEnded(claim);
  return found;
}

/** Whether the end of a device's part most likely means nothing to anybody else. */
const isPlainEnd = ({ status }: Report, { withoutRules, hasBegun, hasMore }: KnownDeployment): boolean =>
  (status === "success" || status === "already-installed") && withoutRules && hasBegun && hasMore;

/** What such a report needs. Undefined if it is the end of the deployment as well, of which nothing is done here. */
async function endAmongMany(
  deps: Deps,
  claim: DeviceClaim,
  deployment: string,
  report: Report,
  { isUnheard }: KnownDeployment,
): Promise<ReportedRow | undefined> {
  const { tenant, device } = claim;
  const move = { ...moveOf(deps, claim, deployment, report), to: report.status };
  const told = [partEnded(device, deployment, report.status)];
  const noteContent = deps.contacts.noteContent(claim);
  const beside: Beside<EndedRow> = noteContent
    ? endedBeside(tenant, device, deployment, move.atMs)
    : reportedBeside(tenant, device, deployment);
  const { found, results } = await asLiveDeviceWith(deps, claim, beside, [
    ...endOneOfMany(move),
    ...tell(tenant, told, move.atMs, { ifChanged: true, quietly: isUnheard }),
  ]);
  const hasMoved = Number(results[0]) > 0;
  if (!hasMoved && found?.active === 1 && found.aborted_ms === null && found.remaining <= 1) return undefined;
  const untilMs = hasMoved && found ? contentUntil(found, move.atMs) : undefined;
  if (noteContent && untilMs !== undefined) noteContent(untilMs);
  else if (hasMoved) noteEnded(claim);
  if (hasMoved && isUnheard && found?.heard === 1)
    await deps.db(tenant).batch(wakeAfterwards(tenant, told, move.atMs));
  return found;
}

function refuseEnded(row: ReportedRow | undefined): void {
  if (!row) throw new Fault("not_found", "Resource not found");
  const aborted = row.status === STATUS_CODES.aborted || (row.active === 1 && row.aborted_ms !== null);
  if (aborted) throw new Fault("conflict", "Deployment aborted");
  if (row.status === STATUS_CODES.decommissioned) throw new Fault("conflict", "Device decommissioned");
}

/**
 * Keeps the device's log of the deployment, in place of an earlier one. Comes after the final status as a rule: that of a
 * failure is counted by its end.
 */
export async function reportLog(
  deps: Deps,
  claim: DeviceClaim,
  deployment: string,
  messages: readonly LogMessage[],
): Promise<void> {
  const { tenant, device } = claim;
  const { results } = await asLiveDevice(deps, claim, [reportedState(tenant, device, deployment)]);
  const [row] = results;
  if (!row) throw new Fault("not_found", "Deployment not found");
  await writeLog(deps, { tenant, deployment, device }, messages);
  const [ending, atMs] = [endingOf(messages), deps.now()];
  const failure = { tenant, device, seq: row.seq, ending, print: await printOf(ending), atMs };
  const decided =
    row.active === 1 ? decidedFailure({ tenant, device }, deployment, causeOf(messages), atMs) : [];
  await deps.db(tenant).batch([...decided, ...countLogged(failure)]);
}

/** What becomes of an attempt that failed, once its log is there or will not come. */
export const decidedFailure = (
  claim: Pick<DeviceClaim, "tenant" | "device">,
  deployment: string,
  cause: ReturnType<typeof causeOf>,
  atMs: number,
): Statement<unknown>[] => [
  ...decideStatements({ ...claim, deployment, atMs }, cause),
  ...consequences(claim.tenant, deployment, "failure", atMs),
  ...endToldStatements(claim, deployment, "failure", atMs),
];

/** Where the device shall pause in a deployment it is at. */
export async function controlMapFor(
  deps: Deps,
  claim: DeviceClaim,
  deployment: string,
): Promise<Record<string, unknown>> {
  const { results } = await asLiveDevice(deps, claim, [
    controlMapOf(claim.tenant, claim.device, deployment, deps.now()),
  ]);
  const [row] = results;
  const map = row && mapFor(row);
  if (!map) throw new Fault("not_found", "Resource not found");
  return map;
}
