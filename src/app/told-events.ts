import type { EventHandler } from "../platform/background.ts";
import { tellOnce } from "../platform/stream.ts";

const text = (value: unknown, otherwise: string): string => (typeof value === "string" ? value : otherwise);

/** What the world is told of events that others follow, too. */
export const TOLD = {
  deploymentCreated: tellOnce(({ subject, data = {} }) => ({
    type: "deployment.created",
    deployment: subject,
    data: {
      name: text(data.name, ""),
      artifact_name: text(data.artifact_name, ""),
      type: text(data.type, "software"),
    },
  })),
  deploymentOpened: tellOnce(({ subject }) => ({ type: "deployment.opened", deployment: subject, data: {} })),
  deploymentHalted: tellOnce(({ subject, data = {} }) => ({
    type: "deployment.halted",
    deployment: subject,
    data: { reason: data.judge === undefined ? "stop rule" : "judge" },
  })),
  userUpdated: tellOnce(({ subject, data = {} }) => ({
    type: "user.updated",
    subject,
    data: { by: text(data.by, "system") },
  })),
  userDeleted: tellOnce(({ subject, data = {} }) => ({
    type: "user.deleted",
    subject,
    data: { by: text(data.by, "system") },
  })),
  roleChanged: tellOnce(({ data = {} }) =>
    typeof data.role === "string"
      ? { type: "role.changed", subject: data.role, data: { by: text(data.by, "system") } }
      : undefined,
  ),
  tenantStatus: tellOnce(({ subject, data = {} }) => ({
    type: "tenant.status",
    subject,
    data: { status: text(data.status, "") },
  })),
} satisfies Record<string, EventHandler>;
