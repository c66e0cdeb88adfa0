import { mountAudit } from "../audit/index.ts";
import { mountPresenceRoutes } from "../checkin/index.ts";
import { mountConsole } from "../console/index.ts";
import { demandSupport, mountConsent } from "../consent/index.ts";
import { mountDeployments } from "../deployments/index.ts";
import { mountDeviceauth } from "../deviceauth/index.ts";
import { mountDevicemonitor } from "../devicemonitor/index.ts";
import { mountDeviceconfig } from "../deviceconfig/index.ts";
import { mountDeviceconnect } from "../deviceconnect/index.ts";
import { mountEvents } from "../events/index.ts";
import { mountInventory } from "../inventory/index.ts";
import { mountIotManager } from "../iotmanager/index.ts";
import { mountOperator } from "../operator/index.ts";
import { mountReporting } from "../reporting/index.ts";
import { mountReleases } from "../releases/index.ts";
import { mountStorage } from "../storage/index.ts";
import { mountTenantadm } from "../tenantadm/index.ts";
import { mountTenantdata } from "../tenantdata/index.ts";
import { mountUseradm } from "../useradm/index.ts";
import { mountUsage } from "../usage/index.ts";
import { mountWebhooks } from "../webhooks/index.ts";
import { mountWorkflows } from "../workflows/index.ts";
import type { App } from "../platform/app-env.ts";

/** Every domain's routes. */
export function mountDomains(app: App): void {
  mountDeviceauth(app);
  mountUseradm(app);
  mountTenantdata(app); // before what has an id where it has a word
  mountOperator(app);
  mountConsole(app);
  mountTenantadm(app);
  mountUsage(app);
  mountAudit(app);
  mountConsent(app);
  mountInventory(app);
  mountPresenceRoutes(app);
  mountReporting(app);
  mountReleases(app);
  mountStorage(app);
  mountDeployments(app);
  mountDeviceconfig(app);
  mountDeviceconnect(app);
  mountEvents(app);
  mountWebhooks(app);
  mountIotManager(app);
  mountDevicemonitor(app);
  mountWorkflows(app, demandSupport);
}
