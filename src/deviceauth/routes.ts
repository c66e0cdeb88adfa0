import type { App } from "../platform/app-env.ts";
import { mountAuthRequests } from "./auth-request-route.ts";
import { mountBulk } from "./bulk-routes.ts";
import { mountEnterprise } from "./enterprise-routes.ts";
import { mountInternal } from "./internal-routes.ts";
import { mountManagement } from "./management-routes.ts";
import { mountRules } from "./rule-routes.ts";

export function mountDeviceauth(app: App): void {
  mountAuthRequests(app);
  // Before the routes that take any name in its place.
  mountEnterprise(app);
  mountManagement(app);
  mountBulk(app);
  mountRules(app);
  mountInternal(app);
}
