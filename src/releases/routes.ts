import type { App } from "../platform/app.ts";
import { mountArtifacts } from "./artifact-routes.ts";
import { mountGenerate } from "./generate-routes.ts";
import { mountReleaseRoutes } from "./release-routes.ts";

export function mountReleases(app: App): void {
  mountGenerate(app);
  mountArtifacts(app);
  mountReleaseRoutes(app);
}
