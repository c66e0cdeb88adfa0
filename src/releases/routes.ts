import type { App } from "../platform/app.ts";
import { mountArtifacts } from "./artifact-routes.ts";

export function mountReleases(app: App): void {
  mountArtifacts(app);
}
