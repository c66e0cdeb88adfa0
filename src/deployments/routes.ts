import type { App } from "../platform/app-env.ts";
import { mountArtifactDownload } from "./routes/artifact-download.ts";
import { mountAsking } from "./routes/next-update.ts";
import { mountConfiguration } from "./routes/configuration.ts";
import { mountCreating } from "./routes/create.ts";
import { mountDelta } from "./routes/delta.ts";
import { mountDevices } from "./routes/devices.ts";
import { mountFollowing } from "./routes/following.ts";
import { mountInternal } from "./routes/internal.ts";
import { mountPreview } from "./routes/preview.ts";
import { mountReading } from "./routes/queries.ts";
import { mountReporting } from "./routes/device-status.ts";
import { mountRollouts } from "./routes/rollout.ts";
import { mountRolloutSettings } from "./routes/rollout-settings.ts";
import { mountTemplates } from "./routes/templates.ts";
import { mountSteering } from "./routes/abort.ts";

/** Fixed paths come before those with an id in the same place. */
export function mountDeployments(app: App): void {
  mountArtifactDownload(app);
  mountAsking(app);
  mountConfiguration(app);
  mountReporting(app);
  mountCreating(app);
  mountPreview(app);
  mountDelta(app);
  mountDevices(app);
  mountReading(app);
  mountSteering(app);
  mountRollouts(app);
  mountRolloutSettings(app);
  mountTemplates(app);
  mountFollowing(app);
  mountInternal(app);
}
