export { updatedByDay } from "./adoption.ts";
export { type ReportRequest } from "./analytics/scope.ts";
export { type ReportFilter } from "./analytics/terms.ts";
export { deployConfiguration } from "./configuration/deploy.ts";
export { configurationDeploymentStatements } from "./configuration/deployment.ts";
export { masked as maskedConfiguration } from "./configuration/masking.ts";
export { STEERED } from "./events.ts";
export { eachId } from "./id-list.ts";
export { judgeRollouts } from "./judge/look.ts";
export { watchRollouts } from "./judge/watch.ts";
export { decommissionDeviceStatements } from "./device-membership.ts";
export { asksByBody, asksByQuery } from "./device-state.ts";
export { aggregateDeviceDeployments, searchDeviceDeployments } from "./device-status-history.ts";
export { purgeDeployment, resolveTargets, settleAbort } from "./jobs.ts";
export { inventoryChangedStatements, useInDeployments } from "./participants.ts";
export { mountDeployments } from "./routes.ts";
export { keepCandidateEverywhere as offerNewArtifact } from "./store/artifacts.ts";
export { actOnStop } from "./rollout/stop.ts";
export { agesOf, needsAges, Outlook, outlookOf } from "./progress/outlook.ts";
export { recordProgress } from "./progress/record.ts";
export { endStuck } from "./rollout/stuck.ts";
export { rollWindows } from "./rollout/roll-windows.ts";
export { placeOf } from "./rollout/order.ts";
export { wideDeployment, type PlaceOrder, type WideDeployment } from "./rollout/waiting.ts";
export {
  busyDevices as busyDevicesStatement,
  openTargets as openTargetsStatement,
  queuedDeployments as queuedDeploymentsStatement,
  queuedTargets as queuedTargetsStatement,
  wideDeployments as wideDeploymentsStatement,
} from "./store/digest.ts";
export {
  adoptionOf as adoptionStatement,
  recordedOf as recordedStatement,
  type Adoption,
} from "./store/adoption.ts";
export {
  forgetBudgets as forgetBudgetsStatement,
  openAfter as openAfterStatement,
  resumeWork as resumeWorkStatements,
} from "./store/recounting.ts";
export { beginRecount, recountSome, type Recount } from "./recount.ts";
export { anySuccessStatement } from "./store/first.ts";
export { failingDeployments } from "./store/failing.ts";
export { deploymentIdInReach, deploymentInReach } from "./store/reach.ts";
export { historyOf as deviceHistoryStatement } from "./store/devices.ts";
export { DeviceObject } from "./schema.ts";
export { deploymentObject, deviceObject as deploymentOfDevice } from "./wire-objects.ts";
export { listDeployments as listDeploymentsStatement } from "./store/queries.ts";
export { targetedDevices } from "./targeted.ts";
