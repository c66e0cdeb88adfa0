import { asLiveDevice, ifLive } from "../devices/index.ts";
import type { DeviceClaim } from "../platform/actor.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { writeLog } from "./logs.ts";
import type { LogMessage } from "./log-text.ts";
import { consequences } from "./rollout/stop.ts";
import { noteEnded } from "./just-ended.ts";
import { isWithoutRules, rememberWithoutRules } from "./without-rules.ts";
import { isFinal, STATUS_CODES, type Status } from "./status.ts";
import { endToldStatements } from "./store/told.ts";
import { atItAnd, decideStatements, failureStatements, moveStatements } from "./store/status-transitions.ts";
import { mapFor } from "./control-map.ts";
import { causeOf } from "./failures/cause.ts";
import { endingOf, printOf } from "./failures/ending.ts";
import { controlMapOf, noteLateSuccess, reportedState, type ReportedRow } from "./store/device-status.ts";
import { countLogged } from "./store/failures.ts";

/**
 * Takes a device's word for where it stands, in one round trip. A final status stays: what comes after it is answered
 * as if it had been taken, except that a device whose part was ended must hear so and roll back.
 */
export async function reportStatus(
  deps: Deps,
  claim: DeviceClaim,
  deployment: string,
  report: { status: Status; substate?: string | undefined },
): Promise<void> {
  const { tenant, device } = claim;
  const state = reportedState(tenant, device, deployment);
  const withoutRules = isWithoutRules(tenant, deployment);
  const move = {
    tenant,
    device,
    deployment,
    withoutRules,
    atMs: deps.now(),
    only: atItAnd(ifLive(claim)),
    also: report.substate ? { substate: report.substate } : undefined,
  };
  const moves =
    report.status === "failure" ? failureStatements(move) : moveStatements({ ...move, to: report.status });
  const { status } = report;
  const further =
    !withoutRules && (status === "success" || status === "failure")
      ? consequences(tenant, deployment, status, move.atMs, ifLive(claim))
      : [];
  // Only rules give a device up.
  if (!withoutRules && status === "success")
    further.push(noteLateSuccess(tenant, device, deployment, ifLive(claim)));
  const told = isFinal(status) ? endToldStatements(claim, deployment, status, move.atMs) : [];
  const { results } = await asLiveDevice(deps, claim, [state, ...moves, ...further, ...told]);
  const [row] = results;
  if (row?.governed === 0) rememberWithoutRules(tenant, deployment);
  if (status === "success") noteEnded(claim);
  refuseEnded(row);
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
