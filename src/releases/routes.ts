import type { App } from "../platform/app-env.ts";
import { mountArtifacts } from "./artifact-routes.ts";
import { mountDeviceArtifacts } from "./device-routes.ts";
import { mountDirectUpload } from "./direct-upload-routes.ts";
import { mountGenerate } from "./generate-routes.ts";
import { mountReleaseRoutes } from "./release-routes.ts";
import { mountTrustedKeys } from "./trusted-key-routes.ts";

export function mountReleases(app: App): void {
  // Before the routes of one artifact, whose id would match their paths.
  mountDirectUpload(app);
  mountGenerate(app);
  mountArtifacts(app);
  mountDeviceArtifacts(app);
  mountReleaseRoutes(app);
  mountTrustedKeys(app);
}
