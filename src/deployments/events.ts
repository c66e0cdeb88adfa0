/**
 * Events of this domain. The subject is the deployment's id.
 * - `created`: a deployment exists; its targets may still be looked up. Data is `{ type }`, and `opens_later` if it is scheduled.
 * - `opened`: devices may ask now that could not when it was created, because it was scheduled or had not found them.
 * - `targeting`: targets are still to be looked up; this domain's own follower does it.
 * - `settling`: device rows of an aborted deployment are still to be written; likewise.
 * - `stopped`: one of its own rules paused it, or the judge (data is `{ judge }`, what it measured); this domain's own follower does what it says further.
 * - `deleted`: a finished deployment was removed; its rows and logs follow. Data is `{ seq }`.
 */
export const EVENTS = {
  created: "deployment.created",
  opened: "deployment.opened",
  stopped: "deployment.stopped",
  deleted: "deployment.deleted",
  targeting: "deployment.targeting",
  settling: "deployment.settling",
} as const;

type Kinds = Record<(typeof EVENTS)[keyof typeof EVENTS], true>;

declare module "../platform/outbox.ts" {
  interface EventKinds extends Kinds {}
}
