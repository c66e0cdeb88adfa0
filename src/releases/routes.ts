import type { App } from "../platform/app.ts";
import { mountArtifacts } from "./artifact-routes.ts";
import { mountReleaseRoutes } from "./release-routes.ts";

export function mountReleases(app: App): void {
  mountArtifacts(app);
  mountReleaseRoutes(app);
}
