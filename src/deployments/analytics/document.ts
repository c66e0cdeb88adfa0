import { rfc3339 } from "../../platform/clock.ts";
import { entryId } from "../wire-objects.ts";
import { statusOf } from "../status.ts";
import type { ReportedDeviceRow } from "../store/device-status-history.ts";

/** One device in one deployment as reports show it (protocol notes, reporting 1.7). */
export interface DeviceDeployment {
  id: string;
  tenant_id: string;
  device_id: string;
  deployment_id: string;
  deployment_name: string;
  deployment_artifact_name: string;
  deployment_type: string;
  deployment_created: string;
  deployment_all_devices: boolean;
  deployment_force_installation: boolean;
  deployment_groups?: string[];
  deployment_phased: boolean;
  deployment_retries: number;
  deployment_max_devices: number;
  /** Misspelt on the wire. */
  deployment_autogenerate_deta: boolean;
  device_created: string;
  device_finished?: string;
  device_elapsed_seconds: number;
  device_deleted?: string;
  device_status: string;
  device_is_log_available: boolean;
  device_retries: number;
  device_attempts: number;
  image_id?: string;
  image_description?: string;
  image_artifact_name: string;
  image_device_types: string[];
  image_signed: boolean;
  image_artifact_info_format?: string;
  image_artifact_info_version?: number;
  image_provides?: Record<string, unknown>;
  image_depends?: Record<string, unknown>;
  image_clears_provides?: string[];
  image_size?: number;
}

type ImagePart = Pick<DeviceDeployment, Extract<keyof DeviceDeployment, `image_${string}`>>;

interface StoredImage {
  id: string;
  name: string;
  description?: string;
  device_types_compatible: string[];
  info: { format: string; version: number };
  signed: boolean;
  artifact_provides?: Record<string, unknown>;
  artifact_depends?: Record<string, unknown>;
  clears_artifact_provides?: string[];
  size: number;
}

function imagePart(text: string | null): ImagePart {
  if (text === null) return { image_artifact_name: "", image_device_types: [], image_signed: false };
  const image = JSON.parse(text) as StoredImage; // written when the deployment was made
  const { artifact_provides: provides, artifact_depends: depends, clears_artifact_provides: clears } = image;
  return {
    image_id: image.id,
    ...(image.description && { image_description: image.description }),
    image_artifact_name: image.name,
    image_device_types: image.device_types_compatible,
    image_signed: image.signed,
    image_artifact_info_format: image.info.format,
    image_artifact_info_version: image.info.version,
    ...(provides && { image_provides: provides }),
    ...(depends && { image_depends: depends }),
    ...(clears && clears.length > 0 && { image_clears_provides: clears }),
    image_size: image.size,
  };
}

const elapsedS = ({ created_ms: from, finished_ms: to }: ReportedDeviceRow): number =>
  to === null ? 0 : Math.max(0, Math.floor((to - from) / 1000));

export function deviceDeployment(row: ReportedDeviceRow): DeviceDeployment {
  const groups = JSON.parse(row.group_names) as string[]; // written when the deployment was made
  return {
    id: entryId(row),
    tenant_id: row.tenant_id,
    device_id: row.device_id,
    deployment_id: row.deployment_id,
    deployment_name: row.name,
    deployment_artifact_name: row.artifact_name,
    deployment_type: row.kind,
    deployment_created: rfc3339(row.created_ms),
    deployment_all_devices: row.scope === "all",
    deployment_force_installation: row.force_installation === 1,
    ...(groups.length > 0 && { deployment_groups: groups }),
    deployment_phased: row.phases !== null,
    deployment_retries: row.retries,
    deployment_max_devices: row.max_devices,
    deployment_autogenerate_deta: false,
    device_created: rfc3339(row.created_ms),
    ...(row.finished_ms !== null && { device_finished: rfc3339(row.finished_ms) }),
    device_elapsed_seconds: elapsedS(row),
    ...(row.deleted_ms !== null && { device_deleted: rfc3339(row.deleted_ms) }),
    device_status: statusOf(row.status),
    device_is_log_available: row.has_log === 1,
    device_retries: row.retries,
    device_attempts: row.attempts,
    ...imagePart(row.image),
  };
}
