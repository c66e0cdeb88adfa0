import { z } from "zod";
import type { Permission } from "./permissions.ts";

/** A kind of event as the world is told of it. */
interface EventKindOf<T extends z.ZodType> {
  /** When it comes. */
  when: string;
  data: T;
  sample: z.input<T>;
  /** What a user must be allowed to, for the device if it is about one, to read of it. */
  needs: Permission;
}

const kind = <T extends z.ZodType>(of: EventKindOf<T>): EventKindOf<T> => of;

const none = z.strictObject({});
const Status = z.strictObject({ status: z.string(), previous: z.string().nullable() });

const deviceStatus = (when: string, status: string, previous: string | null) =>
  kind({ when, data: Status, sample: { status, previous }, needs: "devices:read" });

const Provisioned = z.looseObject({
  id: z.string(),
  status: z.string().optional(),
  auth_sets: z.array(z.unknown()).optional(),
  created_ts: z.string().optional(),
});

const Attributes = z.strictObject({
  attributes: z.array(z.object({ scope: z.string(), name: z.string(), value: z.unknown() })),
  /** Values were left out, because they are too large. */
  shortened: z.boolean().optional(),
});

const Alert = z.strictObject({
  subject: z.string(),
  level: z.string(),
  /** The server's own, or the device's. */
  source: z.enum(["device", "server"]),
  text: z.string().optional(),
});

const alert = (when: string, level: string) =>
  kind({
    when,
    data: Alert,
    sample: { subject: "systemd/mender-client", level, source: "device" as const, text: "service" },
    needs: "devices:read",
  });

const Session = z.strictObject({ session: z.string(), user: z.string(), email: z.string() });
const session = (when: string) =>
  kind({
    when,
    data: Session,
    sample: { session: "5c7d0b5e-2f3c-4f0e-9a51-0d3c2b1a4e5f", user: "5e0c3f0c", email: "ada@example.com" },
    needs: "devices:connect",
  });

const deployment = (when: string) => kind({ when, data: none, sample: {}, needs: "deployments:read" });

const ByWhom = z.strictObject({
  /** Id of the user, or `operator` or `system`. */
  by: z.string(),
});
const SOMEBODY = { by: "5e0c3f0c-3a4b-4f6e-8a51-1d3c2b1a4e5f" };
const byWhom = (when: string, needs: Permission) => kind({ when, data: ByWhom, sample: SOMEBODY, needs });

const Successor = ByWhom.extend({
  /** The other deployment. */
  successor: z.string(),
  artifact_name: z.string(),
});
const SUCCESSOR = {
  ...SOMEBODY,
  successor: "9d3f6a52-7c1b-4b0e-8f0a-2e1d4c5b6a70",
  artifact_name: "release-2",
};

/** Every kind of event that the world is told of; docs/events.md shows them all. */
export const EVENT_TYPES = {
  "device.first_seen": deviceStatus("a device that nobody knew, with its first status", "pending", null),
  "device.pending": deviceStatus("a device waits for a decision", "pending", "rejected"),
  "device.accepted": deviceStatus("a device may connect", "accepted", "pending"),
  "device.rejected": deviceStatus("a device may not connect", "rejected", "accepted"),
  "device.preauthorized": deviceStatus("a device is expected", "preauthorized", null),
  "device.noauth": deviceStatus("a device has no authentication set any more", "noauth", "accepted"),
  "device.provisioned": kind({
    when: "a device is accepted for the first time",
    data: Provisioned,
    sample: { id: "d1", status: "accepted", auth_sets: [], created_ts: "2026-01-02T03:04:05.000Z" },
    needs: "devices:read",
  }),
  "device.decommissioned": kind({
    when: "a device is gone, with everything the product knew about it",
    data: z.strictObject({
      /** The one it had. */
      status: z.string().nullable(),
    }),
    sample: { status: "accepted" },
    needs: "devices:read",
  }),
  "device.inventory_changed": kind({
    when: "attributes of a device are new, different or gone (`null`)",
    data: Attributes,
    sample: { attributes: [{ scope: "inventory", name: "kernel", value: "6.12" }] },
    needs: "devices:read",
  }),
  "device.updated": kind({
    when: "a device has ended its part of a deployment",
    data: z.strictObject({ status: z.string() }),
    sample: { status: "success" },
    needs: "deployments:read",
  }),
  "device.silent": kind({
    when: "a device was not heard of for longer than is usual for it, where a rule minds",
    data: z.strictObject({
      /** Of the last contact. */
      since: z.string(),
    }),
    sample: { since: "2026-11-30T02:45:00.000Z" },
    needs: "devices:read",
  }),
  "device.back": kind({
    when: "a device that was silent is heard of again",
    data: none,
    sample: {},
    needs: "devices:read",
  }),
  "configuration.applied": kind({
    when: "a device runs with another configuration than before",
    data: z.strictObject({ keys: z.array(z.string()) }),
    sample: { keys: ["interval", "timezone"] },
    needs: "devices:read",
  }),
  "alert.raised": alert("something is wrong with a device, or still is and at another level", "CRITICAL"),
  "alert.cleared": alert("it is not wrong any more", "OK"),
  "session.opened": session("a user is connected with a device"),
  "session.closed": session("and not any more"),
  "deployment.created": kind({
    when: "a deployment exists",
    data: z.strictObject({ name: z.string(), artifact_name: z.string(), type: z.string() }),
    sample: { name: "spring", artifact_name: "release-2", type: "software" },
    needs: "deployments:read",
  }),
  "deployment.opened": deployment(
    "devices may join that could not: its next phase, its gate, or after a pause",
  ),
  "deployment.halted": kind({
    when: "one of its own rules, or the judge, has stopped a deployment",
    data: z.strictObject({ reason: z.string() }),
    sample: { reason: "stop rule" },
    needs: "deployments:read",
  }),
  "deployment.paused": kind({
    when: "somebody lets no further device begin",
    data: ByWhom.extend({ reason: z.string() }),
    sample: { ...SOMEBODY, reason: "line 2 has a visitor" },
    needs: "deployments:read",
  }),
  "deployment.resumed": byWhom("devices may begin again that could not", "deployments:read"),
  "deployment.approved": byWhom("somebody has approved the phase that waits for people", "deployments:read"),
  "deployment.widened": byWhom("somebody has opened the next phase", "deployments:read"),
  "deployment.changed": kind({
    when: "somebody has changed pace, budgets or windows of a deployment that is running",
    data: ByWhom.extend({ members: z.array(z.string()) }),
    sample: { ...SOMEBODY, members: ["per_minute"] },
    needs: "deployments:read",
  }),
  "deployment.retried": kind({
    when: "the same goes to the devices that failed, by another deployment",
    data: Successor,
    sample: SUCCESSOR,
    needs: "deployments:read",
  }),
  "deployment.reverted": kind({
    when: "the devices that were updated go back to another release, by another deployment",
    data: Successor,
    sample: { ...SUCCESSOR, artifact_name: "release-1" },
    needs: "deployments:read",
  }),
  "rollout.template_changed": kind({
    when: "a template of deployments was made, replaced or removed; the subject is its id",
    data: ByWhom.extend({ action: z.string(), name: z.string() }),
    sample: { ...SOMEBODY, action: "create", name: "night shift" },
    needs: "deployments:read",
  }),
  "rollout.settings_changed": kind({
    when: "what deployments have to keep to was changed: approvals and windows of the tenant, or windows of a group",
    data: ByWhom.extend({ approvals: z.number().optional(), group: z.string().optional() }),
    sample: { ...SOMEBODY, group: "line-2" },
    needs: "deployments:read",
  }),
  "deployment.aborted": deployment("a deployment was ended before its time"),
  "deployment.finished": deployment("no device of a deployment is left to wait for"),
  "user.created": byWhom("a user was added", "users:read"),
  "user.updated": byWhom("a user was changed: address, password, roles", "users:read"),
  "user.deleted": byWhom("a user is gone", "users:read"),
  "role.changed": byWhom("a role was added, changed or removed", "users:read"),
  "token.created": byWhom("a user has made a token for programs", "users:read"),
  "token.deleted": byWhom("such a token is void", "users:read"),
  "tenant.status": kind({
    when: "a tenant was suspended or taken up again",
    data: z.strictObject({ status: z.string() }),
    sample: { status: "suspended" },
    needs: "audit:read",
  }),
  "webhook.test": kind({
    when: "somebody has pressed the test button of a webhook; in no list of events",
    data: none,
    sample: {},
    needs: "settings:manage",
  }),
} as const;

export type EventType = keyof typeof EVENT_TYPES;

export type EventDataOf<T extends EventType> = z.input<(typeof EVENT_TYPES)[T]["data"]>;

/** A pattern for types: a name, or a beginning with a star. */
export const TYPE_PATTERN = /^(?:[a-z_]+(?:\.[a-z_]+)*(?:\.\*)?|\*)$/;

export const isOfType = (patterns: readonly string[], type: string): boolean =>
  patterns.some((one) => (one.endsWith("*") ? type.startsWith(one.slice(0, -1)) : one === type));
