import type { App } from "../platform/app-env.ts";
import { mountAccounts } from "./account-routes.ts";
import { mountBilling } from "./billing-routes.ts";
import { mountChildTenants } from "./child-routes.ts";
import { mountFeedback } from "./feedback-routes.ts";
import { mountInternalTenants } from "./internal-routes.ts";
import { mountLife } from "./life-routes.ts";
import { mountOwnTenant } from "./own-routes.ts";
import { mountSignUp } from "./sign-up-routes.ts";

export function mountTenantadm(app: App): void {
  mountOwnTenant(app);
  mountSignUp(app);
  mountChildTenants(app);
  mountLife(app);
  mountBilling(app);
  mountFeedback(app);
  mountAccounts(app);
  mountInternalTenants(app);
}
