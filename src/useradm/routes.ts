import type { App } from "../platform/app-env.ts";
import { mountAccountLinks } from "./account-link-routes.ts";
import { mountInternal } from "./internal-routes.ts";
import { mountLogin } from "./login-routes.ts";
import { mountPasskeys } from "./passkeys/routes.ts";
import { mountMemberships } from "./membership-routes.ts";
import { mountPlans } from "./plan-routes.ts";
import { mountRolesAndSets } from "./roles/routes.ts";
import { mountScim } from "./scim/token-routes.ts";
import { mountSecondFactor } from "./second-factor-routes.ts";
import { mountSessions } from "./session-routes.ts";
import { mountSettings } from "./settings-routes.ts";
import { mountSignInRules } from "./sign-in-rules.ts";
import { mountSso } from "./sso/routes.ts";
import { mountUsers } from "./user-routes.ts";

export function mountUseradm(app: App): void {
  mountLogin(app);
  mountAccountLinks(app);
  mountSecondFactor(app);
  mountPasskeys(app);
  mountSignInRules(app);
  mountSessions(app);
  mountSso(app);
  mountUsers(app);
  mountMemberships(app);
  mountRolesAndSets(app);
  mountScim(app);
  mountSettings(app);
  mountPlans(app);
  mountInternal(app);
}
