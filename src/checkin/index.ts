export { headOf } from "./head-stub.ts";
export { Head } from "./head.ts";
export {
  askHead,
  askReport,
  contactsOf,
  knownSetsOf,
  nearReportsOf,
  tellHeads,
  tellUsed,
  untilKnown,
} from "./heads.ts";
export { mountPresenceRoutes } from "./presence-routes.ts";
export { type Contact } from "./presence.ts";
export { CallCounts, Quotas, WorkBudget, spreadSeconds } from "./rate-limit.ts";
export {
  type Check,
  type DigestRequest,
  type DigestResponse,
  type HeadRpc,
  type LiveCounters,
  type Verdict,
} from "./head-rpc.ts";
