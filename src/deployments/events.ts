/**
 * Events of this domain. The subject is the deployment's id.
 * - `created`: a deployment exists; its targets may still be resolved by the follower.
 * - `finished`: every target has a final status. Comes once.
 * - `aborted`: an operator ended it. Comes instead of `finished`; devices are not told one by one.
 * - `deviceFinished`: one device reached a final status otherwise; data is `{ device_id, status }`.
 */
export const EVENTS = {
  created: "deployment.created",
  finished: "deployment.finished",
  aborted: "deployment.aborted",
  deviceFinished: "deployment.device_finished",
} as const;
