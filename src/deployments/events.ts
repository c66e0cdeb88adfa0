import type { Actor } from "../platform/actor.ts";
import type { Statement } from "../platform/database.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { byOf } from "../platform/stream.ts";

/**
 * Events of this domain. The subject is the deployment's id.
 * - `created`: a deployment exists; its targets may still be looked up. Data is `{ type }`, and `opens_later` if it is scheduled.
 * - `opened`: devices may ask now that could not when it was created, because it was scheduled or had not found them.
 * - `targeting`: targets are still to be looked up; this domain's own follower does it.
 * - `settling`: device rows of an aborted deployment are still to be written; likewise.
 * - `stopped`: one of its own rules paused it, or the judge (data is `{ judge }`, what it measured); this domain's own follower does what it says further.
 * - `steered`: somebody did something with it; data is `{ what, by }` and what belongs to that.
 * - `template_changed`, `settings_changed`: the subject is the template, or what the settings are of.
 * - `deleted`: a finished deployment was removed; its rows and logs follow. Data is `{ seq }`.
 */
export const EVENTS = {
  created: "deployment.created",
  opened: "deployment.opened",
  stopped: "deployment.stopped",
  steered: "deployment.steered",
  templateChanged: "deployment.template_changed",
  settingsChanged: "deployment.settings_changed",
  deleted: "deployment.deleted",
  targeting: "deployment.targeting",
  settling: "deployment.settling",
} as const;

/** What somebody does with a deployment that is there. */
export const STEERED = [
  "paused",
  "resumed",
  "approved",
  "widened",
  "changed",
  "retried",
  "reverted",
] as const;

/** One of them, in the batch of what was done, if the statement before did it. */
export const addSteered = (
  actor: Actor,
  id: string,
  what: (typeof STEERED)[number],
  more: Record<string, unknown>,
  atMs: number,
): Statement<number> =>
  addEventIfChanged(
    { kind: EVENTS.steered, tenant: actor.tenant, subject: id, data: { what, ...byOf(actor), ...more } },
    atMs,
  );

type Kinds = Record<(typeof EVENTS)[keyof typeof EVENTS], true>;

declare module "../platform/outbox.ts" {
  interface EventKinds extends Kinds {}
}
