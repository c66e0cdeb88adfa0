import type { App } from "../../platform/app-env.ts";
import { mountOidc } from "./oidc-routes.ts";
import { mountProviders } from "./provider-routes.ts";
import { mountSsoRules } from "./rule-routes.ts";
import { mountSaml } from "./saml-routes.ts";

export function mountSso(app: App): void {
  mountProviders(app);
  mountOidc(app);
  mountSaml(app);
  mountSsoRules(app);
}
