import type { Actor } from "../../platform/actor.ts";
import type { Statement } from "../../platform/database.ts";
import type { DeviceId } from "../../platform/ids.ts";
import { creation } from "../create.ts";

export interface ConfigurationDeployment {
  /** Chosen by the caller, so that a repeated request makes nothing new. */
  id: string;
  device: DeviceId;
  name: string;
  configuration: Record<string, unknown>;
  retries: number;
  updateControlMap?: Record<string, unknown> | undefined;
  atMs: number;
}

/**
 * Makes a deployment that brings a configuration to one device (protocol notes, deviceconfig 5). For the batch of whoever
 * wants it; the first count is 0 if a deployment of that id exists.
 */
export function configurationDeploymentStatements(
  actor: Actor,
  wanted: ConfigurationDeployment,
): Statement<number>[] {
  const { id, device, name, retries, atMs } = wanted;
  const deployment = {
    tenant: actor.tenant,
    id,
    kind: "configuration" as const,
    name,
    artifactName: name,
    forceInstallation: false,
    scope: "list" as const,
    groups: [],
    phases: null,
    updateControlMap: wanted.updateControlMap ? JSON.stringify(wanted.updateControlMap) : null,
    configuration: JSON.stringify(wanted.configuration),
    retries,
    fingerprint: `configuration ${id}`,
    idempotencyKey: null,
    atMs,
    opensMs: atMs,
  };
  return creation(actor, deployment, { ids: [device], count: 1, total: 1, wide: false, goOnAfter: null });
}
