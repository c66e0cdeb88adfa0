import type { App } from "../platform/app-env.ts";
import { mountArtifactDownload } from "./routes/artifact-download.ts";
import { mountAsking } from "./routes/asking.ts";
import { mountConfiguration } from "./routes/configuration.ts";
import { mountCreating } from "./routes/creating.ts";
import { mountDevices } from "./routes/devices.ts";
import { mountInternal } from "./routes/internal.ts";
import { mountReading } from "./routes/reading.ts";
import { mountReporting } from "./routes/reporting.ts";
import { mountSteering } from "./routes/steering.ts";

/** Fixed paths come before those with an id in the same place. */
export function mountDeployments(app: App): void {
  mountArtifactDownload(app);
  mountAsking(app);
  mountConfiguration(app);
  mountReporting(app);
  mountCreating(app);
  mountDevices(app);
  mountReading(app);
  mountSteering(app);
  mountInternal(app);
}
