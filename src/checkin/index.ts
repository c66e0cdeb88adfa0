export { headOf } from "./head-stub.ts";
export {
  Head,
  type Check,
  type LiveCounters,
  type Verdict,
  type DigestRequest,
  type DigestResponse,
} from "./head.ts";
export { askHead, contactsOf, tellHeads, tellUsed, untilKnown } from "./heads.ts";
export { mountPresenceRoutes } from "./presence-routes.ts";
export { type Contact } from "./presence.ts";
export { CallCounts, Quotas, WorkBudget, spreadSeconds } from "./rate-limit.ts";
export type { HeadRpc } from "./head-rpc.ts";
