import type { EventHandler } from "../platform/background.ts";
import { STEERED } from "../deployments/index.ts";
import { tellOnce, type Told } from "../platform/stream.ts";

const text = (value: unknown, otherwise: string): string => (typeof value === "string" ? value : otherwise);

function steered(deployment: string, data: Record<string, unknown>): Told | undefined {
  const by = { by: text(data.by, "system") };
  const what = STEERED.find((one) => one === data.what);
  switch (what) {
    case undefined:
      return undefined;
    case "paused":
      return { type: "deployment.paused", deployment, data: { ...by, reason: text(data.reason, "") } };
    case "changed": {
      const members = Array.isArray(data.members) ? data.members.map(String) : [];
      return { type: "deployment.changed", deployment, data: { ...by, members } };
    }
    case "retried":
    case "reverted": {
      const [successor, artifactName] = [text(data.successor, ""), text(data.artifact_name, "")];
      return {
        type: `deployment.${what}`,
        deployment,
        data: { ...by, successor, artifact_name: artifactName },
      };
    }
    default:
      return { type: `deployment.${what}`, deployment, data: by };
  }
}

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
  deploymentSteered: tellOnce(({ subject, data = {} }) => steered(subject, data)),
  templateChanged: tellOnce(({ subject, data = {} }) => ({
    type: "rollout.template_changed",
    subject,
    data: { by: text(data.by, "system"), action: text(data.action, ""), name: text(data.name, "") },
  })),
  deploymentSettingsChanged: tellOnce(({ data = {} }) => ({
    type: "rollout.settings_changed",
    data: {
      by: text(data.by, "system"),
      ...(typeof data.approvals === "number" && { approvals: data.approvals }),
      ...(typeof data.group === "string" && { group: data.group }),
    },
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
