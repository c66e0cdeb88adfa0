import type { App } from "../platform/app.ts";
import { mountDeviceRoutes } from "./routes/device.ts";
import { mountDevicesRoutes } from "./routes/devices.ts";
import { mountGroupRoutes } from "./routes/groups.ts";
import { mountSearchRoutes } from "./routes/search.ts";

export function mountInventory(app: App): void {
  mountDeviceRoutes(app);
  mountDevicesRoutes(app);
  mountGroupRoutes(app);
  mountSearchRoutes(app);
}
