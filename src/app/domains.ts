import { mountAudit } from "../audit/routes.ts";
import { mountPresenceRoutes } from "../checkin/presence-routes.ts";
import { mountDeployments } from "../deployments/routes.ts";
import { mountDeviceauth } from "../deviceauth/routes.ts";
import { mountDeviceconfig } from "../deviceconfig/routes.ts";
import { mountDeviceconnect } from "../deviceconnect/routes.ts";
import { mountInventory } from "../inventory/routes.ts";
import { mountOperator } from "../operator/routes.ts";
import { mountReporting } from "../reporting/routes.ts";
import { mountReleases } from "../releases/routes.ts";
import { mountStorage } from "../storage/routes.ts";
import { mountUseradm } from "../useradm/routes.ts";
import { mountWorkflows } from "../workflows/routes.ts";
import type { App } from "../platform/app-env.ts";

/** Every domain's routes. */
export function mountDomains(app: App): void {
  mountDeviceauth(app);
  mountUseradm(app);
  mountOperator(app);
  mountAudit(app);
  mountInventory(app);
  mountPresenceRoutes(app);
  mountReporting(app);
  mountReleases(app);
  mountStorage(app);
  mountDeployments(app);
  mountDeviceconfig(app);
  mountDeviceconnect(app);
  mountWorkflows(app);
}
