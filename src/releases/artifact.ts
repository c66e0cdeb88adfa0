import { z } from "@hono/zod-openapi";
import { rfc3339 } from "../platform/clock.ts";
import type { ArtifactDescription, ArtifactUpdate as ReadUpdate } from "../artifact/read.ts";

const FileSchema = z.object({
  name: z.string(),
  checksum: z.string().openapi({ description: "SHA-256 of the file" }),
  size: z.number().int(),
  date: z.string(),
});

const UpdateSchema = z.object({
  type_info: z.object({ type: z.string().nullable() }),
  files: z.array(FileSchema).nullable(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  meta_data: z.array(z.object({ Key: z.string(), Value: z.unknown() })).optional(),
});

/** An artifact as the wire shows it (protocol notes, deployments 7.2). */
export const ArtifactSchema = z
  .object({
    id: z.string(),
    description: z.string(),
    name: z.string(),
    device_types_compatible: z.array(z.string()),
    info: z.object({ format: z.string(), version: z.number().int() }),
    signed: z.boolean().openapi({ description: "It carries a signature" }),
    signed_by: z.string().optional().openapi({ description: "The trusted key that made the signature" }),
    updates: z.array(UpdateSchema),
    artifact_provides: z.record(z.string(), z.string()).optional(),
    artifact_depends: z.record(z.string(), z.union([z.string(), z.array(z.string())])).optional(),
    clears_artifact_provides: z.array(z.string()).optional(),
    size: z.number().int(),
    modified: z.string(),
  })
  .openapi("Artifact");

export type ArtifactObject = z.output<typeof ArtifactSchema>;

/** What is stored of it as it stands; description and time of change have columns of their own. */
export type ArtifactImage = Omit<ArtifactObject, "description" | "modified">;

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

/** Legacy clients read the meta-data from an array of pairs and fail on anything else there. */
const toUpdate = ({ type, files, metaData }: ReadUpdate): ArtifactImage["updates"][number] => ({
  type_info: { type },
  files: files && files.map(({ name, checksum, size, date }) => ({ name, checksum, size, date })),
  ...(metaData && {
    metadata: metaData,
    meta_data: Object.entries(metaData).map(([Key, Value]) => ({ Key, Value })),
  }),
});

export const toImage = (id: string, read: ArtifactDescription, signedBy?: string): ArtifactImage => ({
  id,
  name: read.name,
  device_types_compatible: read.deviceTypes,
  info: { format: read.format, version: read.version },
  signed: read.signed,
  ...(signedBy !== undefined && { signed_by: signedBy }),
  updates: read.updates.map(toUpdate),
  ...(read.provides && { artifact_provides: read.provides }),
  artifact_depends: { ...read.depends, device_type: read.deviceTypes },
  ...(read.clearsProvides && { clears_artifact_provides: read.clearsProvides }),
  size: read.size,
});

export const shownArtifact = (
  image: ArtifactImage,
  description: string | null | undefined,
  modifiedMs: number,
): ArtifactObject => ({
  ...image,
  description: description ?? "",
  modified: rfc3339(modifiedMs),
});

export function candidateOf(image: ArtifactObject): ArtifactCandidate {
  const depends = Object.entries(image.artifact_depends ?? {}).map(([key, value]): [string, string[]] => [
    key,
    typeof value === "string" ? [value] : value,
  ]);
  return {
    id: image.id,
    name: image.name,
    deviceTypes: image.device_types_compatible,
    depends: { device_type: image.device_types_compatible, ...Object.fromEntries(depends) },
    provides: image.artifact_provides ?? {},
    size: image.size,
    image,
  };
}
