import type { App } from "../platform/app-env.ts";
import { mountAlphaRoutes } from "./routes/alpha.ts";
import { mountDeviceRoutes } from "./routes/device.ts";
import { mountDevicesRoutes } from "./routes/devices.ts";
import { mountExportRoutes } from "./routes/export.ts";
import { mountFilterRoutes } from "./routes/filters.ts";
import { mountGroupRoutes } from "./routes/groups.ts";
import { mountInternalRoutes } from "./routes/internal.ts";
import { mountInternalSearchRoutes } from "./routes/internal-search.ts";
import { mountSearchRoutes } from "./routes/search.ts";

export function mountInventory(app: App): void {
  mountDeviceRoutes(app);
  mountDevicesRoutes(app);
  mountGroupRoutes(app);
  // Before the saved filters, whose ids would take `attributes` and `search` otherwise.
  mountSearchRoutes(app);
  mountExportRoutes(app);
  mountFilterRoutes(app);
  mountAlphaRoutes(app);
  mountInternalSearchRoutes(app);
  mountInternalRoutes(app);
}
