/** An artifact as the wire shows it (protocol notes, deployments 7.2). */
export interface ArtifactObject {
  id: string;
  description?: string;
  name: string;
  device_types_compatible: string[];
  info: { format: string; version: number };
  signed: boolean;
  updates: ArtifactUpdate[];
  artifact_provides?: Record<string, string>;
  artifact_depends?: Record<string, string | string[]>;
  clears_artifact_provides?: string[];
  size: number;
  modified: string;
}

export interface ArtifactUpdate {
  type_info: { type: string | null };
  files: { name: string; checksum: string; size: number; date: string }[] | null;
  metadata?: Record<string, unknown>;
}

/** What choosing an artifact for a device looks at. */
export interface ArtifactCandidate {
  id: string;
  name: string;
  deviceTypes: string[];
  /** Any-of lists; always has `device_type`. */
  depends: Record<string, string[]>;
  provides: Record<string, string>;
  size: number;
  /** The whole wire object, to be kept with the device's own deployment. */
  image: ArtifactObject;
}
