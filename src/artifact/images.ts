import type { JsonObject } from "./json.ts";
import type { ArtifactSpec, PayloadFile } from "./spec.ts";

export type Software = { filesystem?: string; name?: string; version?: string };

type Provided = Required<Pick<ArtifactSpec, "provides" | "clearsProvides">>;

/** What the tool writes for an update module when nothing else is asked for. */
export function moduleDefaults(
  artifactName: string,
  payloadType: string,
  { filesystem = "rootfs-image", name = payloadType, version = artifactName }: Software = {},
): Provided {
  return {
    provides: { [`${filesystem}.${name}.version`]: version },
    clearsProvides: [`${filesystem}.${name}.*`],
  };
}

/** The same for a root file system. */
export function rootfsDefaults(artifactName: string, imageSha256: string): Provided {
  return {
    provides: { "rootfs-image.checksum": imageSha256, "rootfs-image.version": artifactName },
    clearsProvides: ["artifact_group", "rootfs_image_checksum", "rootfs-image.*"],
  };
}

const CONFIGURE_TYPE = "mender-configure";

/** Sets a device's configuration (protocol notes, artifact-format 10: made by the server). */
export function configurationArtifact(
  name: string,
  deviceType: string,
  configuration: JsonObject,
): ArtifactSpec {
  return {
    name,
    deviceTypes: [deviceType],
    payloadType: CONFIGURE_TYPE,
    ...moduleDefaults(name, CONFIGURE_TYPE, { filesystem: "data-partition" }),
    metaData: configuration,
  };
}

export type SingleFile = {
  name: string;
  deviceTypes: readonly string[];
  /** Absolute directory on the device. */
  destination: string;
  file: PayloadFile;
  software?: Software;
};

const SINGLE_FILE_TYPE = "single-file";

/** Puts one file on a device (protocol notes, generate-artifact 5). */
export function singleFileArtifact(image: SingleFile): ArtifactSpec {
  const line = (text: string) => new TextEncoder().encode(`${text}\n`);
  return {
    name: image.name,
    deviceTypes: image.deviceTypes,
    payloadType: SINGLE_FILE_TYPE,
    ...moduleDefaults(image.name, SINGLE_FILE_TYPE, image.software),
    files: [
      { name: "dest_dir", content: line(image.destination) },
      { name: "filename", content: line(image.file.name) },
      { name: "permissions", content: line("644") },
      image.file,
    ],
  };
}
