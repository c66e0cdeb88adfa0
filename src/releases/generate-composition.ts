import { z } from "@hono/zod-openapi";
import type { Software } from "../artifact/images.ts";
import type { ArtifactSpec, PayloadFile } from "../artifact/spec.ts";
import { tarOf } from "../artifact/write.ts";

/** What the update module docker-compose (repository mender-container-modules) needs besides the images. */
export const CompositionSchema = z.object({ project: z.string(), manifest: z.string() });
export type Composition = z.output<typeof CompositionSchema>;

/** A packed archive with the images in a folder `images`; the module loads each of them. */
export const IMAGES_FILE = "images.tar.gz";

const PROJECT = /^[\w-]{1,128}$/;
const MAX_MANIFEST_BYTES = 64 * 1024;
const NAMES_AN_IMAGE = /^\s*image:\s*\S/m;

export const compositionOf = (args: {
  project_name?: string | undefined;
  manifest?: string | undefined;
}): Composition => ({ project: args.project_name ?? "", manifest: args.manifest ?? "" });

const bytesOf = (text: string) => new TextEncoder().encode(text);

export function compositionProblem({ project, manifest }: Composition): string | undefined {
  if (!PROJECT.test(project)) return "project_name must be 1 to 128 letters, digits, '_' or '-'";
  if (!NAMES_AN_IMAGE.test(manifest)) return "manifest must be a docker-compose file that names an image";
  if (bytesOf(manifest).length > MAX_MANIFEST_BYTES) return `manifest exceeds ${MAX_MANIFEST_BYTES} bytes`;
  return undefined;
}

/** Of all compositions a device has one, so that each clears what the one before it provided. */
export function composedArtifact(
  { name, deviceTypes }: { name: string; deviceTypes: readonly string[] },
  { project, manifest }: Composition,
  { filesystem = "rootfs-image", version = name }: Software,
  images: PayloadFile,
): ArtifactSpec {
  const manifests = tarOf([{ name: "manifests/docker-compose.yml", content: bytesOf(manifest) }]);
  return {
    name,
    deviceTypes,
    payloadType: "docker-compose",
    provides: { [`${filesystem}.mender-docker-compose.${project}.version`]: version },
    clearsProvides: ["*mender-docker-compose.*"],
    metaData: { version: "1", project_name: project },
    files: [images, { name: "manifests.tar", content: manifests }],
  };
}
