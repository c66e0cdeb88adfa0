import type { App } from "../platform/app-env.ts";
import { mountBilling } from "./billing-routes.ts";
import { mountOwnTenant } from "./own-routes.ts";

export function mountTenantadm(app: App): void {
  mountOwnTenant(app);
  mountBilling(app);
}
